// SPDX-License-Identifier: Apache-2.0
#include "token/jwks.h"

#include <optional>
#include <utility>

#include "crypto/base64.h"
#include "fmt/format.h"
#include "token/json.h"
#include "token/keys.h"

namespace heliograph::token {
namespace {

using simdjson::dom::object;
using Failure = std::unexpected<std::string>;
using Bytes = std::vector<uint8_t>;

// "" where there is no such string.
std::string_view text_of(const object& jwk, std::string_view name) {
  std::string_view text;
  if (jwk[name].get(text) != simdjson::SUCCESS) return {};
  return text;
}

bool has(const object& jwk, std::string_view name) { return jwk[name].error() == simdjson::SUCCESS; }

// Empty where it is missing or no base64url: no key has an empty number.
Bytes number_of(const object& jwk, std::string_view name) {
  return crypto::from_base64url(text_of(jwk, name)).value_or(Bytes());
}

// RFC 7517 sections 4.2, 4.3 and 4.4.
bool may_verify(const object& jwk, Algorithm algorithm) {
  if (has(jwk, "use") && text_of(jwk, "use") != "sig") return false;
  if (has(jwk, "alg") && text_of(jwk, "alg") != to_text(algorithm)) return false;
  simdjson::dom::array operations;
  if (jwk["key_ops"].get(operations) != simdjson::SUCCESS) return true;
  for (const auto operation : operations)
    if (std::string_view name; operation.get(name) == simdjson::SUCCESS && name == "verify") return true;
  return false;
}

std::optional<crypto::KeyType> type_of(const object& jwk) {
  const auto kty = text_of(jwk, "kty"), crv = text_of(jwk, "crv");
  if (kty == "RSA") return crypto::KeyType::kRsa;
  if (kty == "EC" && crv == "P-256") return crypto::KeyType::kP256;
  if (kty == "OKP" && crv == "Ed25519") return crypto::KeyType::kEd25519;
  return std::nullopt;
}

std::expected<crypto::VerifyingKey, std::string> key_of(const object& jwk, crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::kRsa:
      return crypto::VerifyingKey::rsa(number_of(jwk, "n"), number_of(jwk, "e"));
    case crypto::KeyType::kP256:
      return crypto::VerifyingKey::p256(number_of(jwk, "x"), number_of(jwk, "y"));
    case crypto::KeyType::kEd25519:
      break;
  }
  return crypto::VerifyingKey::ed25519(number_of(jwk, "x"));
}

// nullopt: not for us.
std::expected<std::optional<Jwk>, std::string> read_jwk(const object& jwk) {
  if (text_of(jwk, "kty") == "oct")
    return Failure("it holds a shared secret (kty oct): secrets belong into token_secret_files");
  if (has(jwk, "d")) return Failure("it holds a private key (d): the server needs the public keys only");
  const auto type = type_of(jwk);
  if (!type || !may_verify(jwk, algorithm_of(*type))) return std::nullopt;
  const auto kid = text_of(jwk, "kid");
  if (kid.size() > kMaxKid) return Failure(fmt::format("a kid is longer than {} bytes", kMaxKid));
  auto key = key_of(jwk, *type);
  if (!key) return Failure(kid.empty() ? key.error() : fmt::format("key \"{}\": {}", kid, key.error()));
  return Jwk{std::string(kid), *std::move(key)};
}

std::expected<void, std::string> add_jwk(std::vector<Jwk>& keys, const simdjson::dom::element& value) {
  object jwk;
  if (value.get(jwk) != simdjson::SUCCESS) return Failure("one of its keys is no JSON object");
  auto read = read_jwk(jwk);
  if (!read) return Failure(read.error());
  if (*read) keys.push_back(**std::move(read));
  return {};
}

}  // namespace

std::expected<std::vector<Jwk>, std::string> parse_jwks(std::string_view json) {
  const auto root = JsonObject::parse(json);
  if (!root) return Failure("it " + root.error());
  std::vector<Jwk> keys;
  simdjson::dom::array set;
  if (const auto list = root->find("keys"); list && list->get(set) == simdjson::SUCCESS) {
    for (const auto value : set)
      if (auto added = add_jwk(keys, value); !added) return Failure(added.error());
  } else if (auto added = add_jwk(keys, root->whole()); !added) {
    return Failure(added.error());
  }
  if (keys.empty()) return Failure("it has no key for RS256, ES256 or EdDSA");
  return keys;
}

}  // namespace heliograph::token
