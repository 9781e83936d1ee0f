// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace heliograph::token {

enum class Reason : uint8_t {
  kMalformed,  // not a signed JWT, or more of one than is taken
  kAlgorithm,  // `none`, or one that no key here has
  kUnknownKey,
  kSignature,
  kExpired,
  kNotYet,   // nbf or iat lie ahead
  kClaim,    // missing, or not what it has to be
  kForeign,  // good, but of another issuer or for another audience
};
inline constexpr size_t kReasonCount = 8;
constexpr const char* name_of(Reason reason) {
  constexpr const char* kNames[kReasonCount] = {"malformed", "algorithm", "unknown_key", "signature",
                                                "expired",   "not_yet",   "claim",       "foreign"};
  return kNames[static_cast<size_t>(reason)];
}

// Why a token is not taken: one sentence for the developer who made it, without the token in it.
struct Refused {
  Reason reason = Reason::kMalformed;
  std::string sentence;
};

}  // namespace heliograph::token
