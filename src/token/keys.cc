// SPDX-License-Identifier: Apache-2.0
#include "token/keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/hmac.h"
#include "fmt/format.h"
#include "token/jwks.h"

namespace heliograph::token {
namespace {

using Failure = std::unexpected<std::string>;

constexpr auto kAlgorithms = std::to_array<std::pair<std::string_view, Algorithm>>({{"HS256", Algorithm::kHs256},
                                                                                    {"RS256", Algorithm::kRs256},
                                                                                    {"ES256", Algorithm::kEs256},
                                                                                    {"EdDSA", Algorithm::kEdDsa}});

std::unexpected<Refused> wrong(Reason reason, std::string sentence) {
  return std::unexpected(Refused{reason, std::move(sentence)});
}

std::unexpected<Refused> wrong_signature() {
  return wrong(Reason::kSignature, "the token's signature was made by no key that this server knows under that name");
}

}  // namespace

std::string_view to_text(Algorithm algorithm) {
  return std::ranges::find(kAlgorithms, algorithm, [](const auto& pair) { return pair.second; })->first;
}

std::optional<Algorithm> algorithm_of(std::string_view text) {
  for (const auto& [name, algorithm] : kAlgorithms)
    if (name == text) return algorithm;
  return std::nullopt;
}

Algorithm algorithm_of(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::kRsa:
      return Algorithm::kRs256;
    case crypto::KeyType::kP256:
      return Algorithm::kEs256;
    case crypto::KeyType::kEd25519:
      break;
  }
  return Algorithm::kEdDsa;
}

std::expected<void, std::string> Keys::room_for_one() const {
  if (secrets_.size() + public_keys_.size() >= kMaxKeys)
    return Failure(fmt::format("there are more than {} keys", kMaxKeys));
  return {};
}

std::expected<void, std::string> Keys::add_secret(std::string kid, std::string secret) {
  if (kid.empty() || kid.size() > kMaxKid) return Failure("a secret needs a key id of 1 to 256 bytes before its colon");
  if (std::ranges::find(secrets_, kid, &Secret::kid) != secrets_.end())
    return Failure(fmt::format("there are two secrets with the key id \"{}\"", kid));
  if (secret.find("-----BEGIN") != secret.npos)
    return Failure(fmt::format("the secret \"{}\" is a PEM file: a public key belongs into token_public_keys", kid));
  if (secret.size() < kMinSecret)
    return Failure(fmt::format("the secret \"{}\" is shorter than {} bytes: it could be guessed", kid, kMinSecret));
  if (auto room = room_for_one(); !room) return room;
  secrets_.push_back({std::move(kid), std::move(secret)});
  return {};
}

std::expected<void, std::string> Keys::add_public(std::string kid,
                                                  std::expected<crypto::VerifyingKey, std::string> key) {
  if (!key) return Failure(key.error());
  if (auto room = room_for_one(); !room) return room;
  public_keys_.push_back({std::move(kid), *std::move(key)});
  return {};
}

std::expected<void, std::string> Keys::add_pem(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != text.npos)
    return Failure("it holds a private key: the server needs the public key only");
  return add_public({}, crypto::VerifyingKey::from_pem(text));
}

std::expected<void, std::string> Keys::add_jwks(std::string_view json) {
  auto set = parse_jwks(json);
  if (!set) return Failure(set.error());
  for (auto& jwk : *set)
    if (auto added = add_public(std::move(jwk.kid), std::move(jwk.key)); !added) return added;
  return {};
}

std::vector<std::string> Keys::weak_secrets() const {
  std::vector<std::string> weak;
  for (const auto& secret : secrets_)
    if (secret.bytes.size() < kRecommendedSecret) weak.push_back(secret.kid);
  return weak;
}

std::expected<const Keys::Secret*, Refused> Keys::secret_for(const std::optional<std::string>& kid) const {
  if (secrets_.empty()) return wrong(Reason::kAlgorithm, "the token's alg is HS256, but the server has no secret");
  if (!kid) {
    if (secrets_.size() == 1) return &secrets_.front();
    return wrong(Reason::kUnknownKey, "the token's header has no kid, and the server has more than one secret");
  }
  const auto found = std::ranges::find(secrets_, *kid, &Secret::kid);
  if (found == secrets_.end()) return wrong(Reason::kUnknownKey, "the token's kid names no secret of this server");
  return &*found;
}

std::expected<std::vector<const Keys::PublicKey*>, Refused> Keys::candidates(
    Algorithm algorithm, const std::optional<std::string>& kid) const {
  std::vector<const PublicKey*> of_algorithm, named, nameless;
  for (const auto& key : public_keys_) {
    if (algorithm_of(key.key.type()) != algorithm) continue;
    of_algorithm.push_back(&key);
    if (key.kid.empty()) nameless.push_back(&key);
    if (kid && !key.kid.empty() && key.kid == *kid) named.push_back(&key);
  }
  if (of_algorithm.empty())
    return wrong(Reason::kAlgorithm,
                 fmt::format("the token's alg is {}, but the server has no key for it", to_text(algorithm)));
  if (!kid) return of_algorithm;
  if (!named.empty()) return named;
  if (nameless.empty())
    return wrong(Reason::kUnknownKey,
                 fmt::format("the token's kid names no key of this server for {}", to_text(algorithm)));
  return nameless;
}

std::expected<void, Refused> Keys::check(Algorithm algorithm, const std::optional<std::string>& kid,
                                         std::string_view message, base::ConstBytes signature) const {
  if (algorithm == Algorithm::kHs256) {
    const auto secret = secret_for(kid);
    if (!secret) return std::unexpected(secret.error());
    const auto digest = crypto::hmac_sha256(base::as_bytes((*secret)->bytes), base::as_bytes(message));
    if (!crypto::equal_in_constant_time(digest, signature)) return wrong_signature();
    return {};
  }
  const auto keys = candidates(algorithm, kid);
  if (!keys) return std::unexpected(keys.error());
  const auto made_it = [&](const PublicKey* key) { return key->key.verify(base::as_bytes(message), signature); };
  if (std::ranges::none_of(*keys, made_it)) return wrong_signature();
  return {};
}

}  // namespace heliograph::token
