// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/signing_key.h"
#include "token/refused.h"

namespace heliograph::token {

// RFC 7518 section 3.1, RFC 8037 section 3.1. There is no `none`.
enum class Algorithm : uint8_t { kHs256, kRs256, kEs256, kEdDsa };
std::string_view to_text(Algorithm algorithm);
std::optional<Algorithm> algorithm_of(std::string_view text);
// A key's type fixes its algorithm.
Algorithm algorithm_of(crypto::KeyType type);

inline constexpr size_t kMaxKeys = 64;            // of both kinds together; one more is refused
inline constexpr size_t kMaxKid = 256;            // bytes
inline constexpr size_t kMinSecret = 16;          // bytes; a shorter one is refused
inline constexpr size_t kRecommendedSecret = 32;  // RFC 7518 section 3.2

// Whose signatures count. The errors are sentences without a key in them. Never changes while it is in use.
class Keys {
 public:
  // `kid` names the API key. Anything that looks like PEM is refused: whoever has a public key could sign with it
  // (RFC 8725 section 2.1).
  std::expected<void, std::string> add_secret(std::string kid, std::string secret);
  // A public key or a certificate. It has no kid: it is tried whatever kid a token of its algorithm has.
  std::expected<void, std::string> add_pem(std::string_view text);
  // A JWK Set (RFC 7517 section 5). Keys of other types, curves and uses are passed over; secrets and private keys are
  // refused, since such a file is meant to be handed about. A set with no key for us is refused.
  std::expected<void, std::string> add_jwks(std::string_view json);

  bool empty() const { return secrets_.empty() && public_keys_.empty(); }
  bool has_public_keys() const { return !public_keys_.empty(); }
  // The kids of secrets that are shorter than recommended.
  std::vector<std::string> weak_secrets() const;

  // Which key made this signature over `message`? Without a kid: the only secret, or any public key of the algorithm.
  std::expected<void, Refused> check(Algorithm algorithm, const std::optional<std::string>& kid,
                                     std::string_view message, base::ConstBytes signature) const;

 private:
  struct Secret {
    std::string kid;
    std::string bytes;
  };
  struct PublicKey {
    std::string kid;  // empty: it has none
    crypto::VerifyingKey key;
  };

  std::expected<void, std::string> add_public(std::string kid, std::expected<crypto::VerifyingKey, std::string> key);
  std::expected<void, std::string> room_for_one() const;
  std::expected<const Secret*, Refused> secret_for(const std::optional<std::string>& kid) const;
  std::expected<std::vector<const PublicKey*>, Refused> candidates(Algorithm algorithm,
                                                                   const std::optional<std::string>& kid) const;

  std::vector<Secret> secrets_;
  std::vector<PublicKey> public_keys_;
};

}  // namespace heliograph::token
