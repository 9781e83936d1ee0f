// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/signing_key.h"

namespace heliograph::token {

struct Jwk {
  std::string kid;  // may be empty
  crypto::VerifyingKey key;
};

// The public keys of a JWK Set (RFC 7517 section 5) or of a single JWK that can check RS256, ES256 or EdDSA. What is
// for other algorithms or uses is passed over, as that section asks. An error: not a JWK Set; none of its keys is for
// us; one is broken, of a forbidden size, private or a shared secret.
std::expected<std::vector<Jwk>, std::string> parse_jwks(std::string_view json);

}  // namespace heliograph::token
