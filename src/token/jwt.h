// SPDX-License-Identifier: Apache-2.0
// Signed JWTs in the compact form (RFC 7515 section 7.1, RFC 7519 section 7.2).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crypto/signing_key.h"
#include "token/claims.h"
#include "token/keys.h"
#include "token/refused.h"

namespace heliograph::token {

inline constexpr size_t kMaxToken = 8 * 1024;  // bytes; a longer one is refused before anything is decoded

// The claims of a token that one of `keys` signed and that is good at `now` (seconds since 1970). jku, jwk, x5u and x5c
// in its header are never looked at (RFC 8725 section 3.10).
std::expected<Claims, Refused> verify(std::string_view token, const Keys& keys, const Expected& expected, int64_t now);

// The parts of a token, checked for nothing but their encoding.
struct Parts {
  std::string header;   // JSON, as it was signed
  std::string payload;  // the same
  std::vector<uint8_t> signature;
  std::string_view signed_text;  // of the token
};
std::expected<Parts, Refused> split(std::string_view token);

// What signs: a secret (HS256), or a private key, whose type says how. No kid where it is empty.
struct Signer {
  std::variant<std::string, crypto::SigningKey> key;
  std::string kid;
};
std::string mint(const Claims& claims, const Expected& expected, const Signer& signer, int64_t now);

}  // namespace heliograph::token
