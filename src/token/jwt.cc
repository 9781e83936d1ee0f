// SPDX-License-Identifier: Apache-2.0
#include "token/jwt.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "crypto/base64.h"
#include "crypto/hmac.h"
#include "fmt/format.h"
#include "token/json.h"

namespace heliograph::token {
namespace {

std::unexpected<Refused> wrong(Reason reason, std::string sentence) {
  return std::unexpected(Refused{reason, std::move(sentence)});
}
std::unexpected<Refused> malformed(std::string sentence) { return wrong(Reason::kMalformed, std::move(sentence)); }

// What stands between the dots: three parts (RFC 7515 section 7.1). Five would be an encrypted token.
std::expected<std::array<std::string_view, 3>, Refused> parts_of(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return malformed("a token has three parts with dots between them: header.payload.signature");
  return std::array{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

struct Header {
  Algorithm algorithm = Algorithm::kHs256;
  std::optional<std::string> kid;
};

std::expected<Algorithm, Refused> read_algorithm(const JsonObject& header) {
  const auto text = header.text("alg");
  if (!text || !*text) return malformed("the token's header has no alg, or alg is not a string");
  const auto algorithm = algorithm_of(**text);
  if (!algorithm) return wrong(Reason::kAlgorithm, "the token's alg is none of HS256, RS256, ES256 and EdDSA");
  return *algorithm;
}

std::expected<Header, Refused> read_header(std::string_view json) {
  const auto header = JsonObject::parse(json);
  if (!header) return malformed("the token's header " + header.error());
  // RFC 7515 section 4.1.11: what we do not know and must understand. We understand no extension.
  if (header->find("crit")) return malformed("the token's header has crit, and the server knows no extension");
  const auto algorithm = read_algorithm(*header);
  if (!algorithm) return std::unexpected(algorithm.error());
  const auto kid = header->text("kid");
  if (!kid) return malformed("the token's header has a kid that is not a string");
  if (*kid && (*kid)->size() > kMaxKid)
    return malformed(fmt::format("the token's kid is longer than {} bytes", kMaxKid));
  return Header{*algorithm, *kid};
}

}  // namespace

std::expected<Parts, Refused> split(std::string_view token) {
  if (token.size() > kMaxToken) return malformed(fmt::format("the token is longer than {} bytes", kMaxToken));
  const auto parts = parts_of(token);
  if (!parts) return std::unexpected(parts.error());
  const auto header = crypto::from_base64url((*parts)[0]), payload = crypto::from_base64url((*parts)[1]);
  auto signature = crypto::from_base64url((*parts)[2]);
  if (!header || !payload || !signature) return malformed("a part of the token is not base64url without padding");
  return Parts{std::string(base::as_text(*header)), std::string(base::as_text(*payload)), *std::move(signature),
               token.substr(0, (*parts)[0].size() + 1 + (*parts)[1].size())};
}

std::expected<Claims, Refused> verify(std::string_view token, const Keys& keys, const Expected& expected, int64_t now) {
  const auto parts = split(token);
  if (!parts) return std::unexpected(parts.error());
  const auto header = read_header(parts->header);
  if (!header) return std::unexpected(header.error());
  const auto signature = keys.check(header->algorithm, header->kid, parts->signed_text, parts->signature);
  if (!signature) return std::unexpected(signature.error());
  return read_claims(parts->payload, expected, now);
}

std::string mint(const Claims& claims, const Expected& expected, const Signer& signer, int64_t now) {
  const auto* secret = std::get_if<std::string>(&signer.key);
  const auto* key = std::get_if<crypto::SigningKey>(&signer.key);
  boost::json::object header{{"alg", to_text(secret != nullptr ? Algorithm::kHs256 : algorithm_of(key->type()))},
                             {"typ", "JWT"}};
  if (!signer.kid.empty()) header.emplace("kid", signer.kid);
  auto token = crypto::base64url(base::as_bytes(boost::json::serialize(header))) + "." +
               crypto::base64url(base::as_bytes(write_claims(claims, expected, now)));
  const auto signature = [&]() -> std::vector<uint8_t> {
    if (key != nullptr) return key->sign(base::as_bytes(token));
    const auto digest = crypto::hmac_sha256(base::as_bytes(*secret), base::as_bytes(token));
    return {digest.begin(), digest.end()};
  }();
  return token + "." + crypto::base64url(signature);
}

}  // namespace heliograph::token
