// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace heliograph::crypto {

// A hash of a certificate, as a=fingerprint carries it (RFC 8122 section 5).
struct Fingerprint {
  std::string algorithm;       // lower case: "sha-256"
  std::vector<uint8_t> value;  // the digest's bytes

  bool operator==(const Fingerprint&) const = default;
  // "sha-256 AB:CD:…"
  std::string to_string() const;
  // Case-insensitive; nullopt for an unknown algorithm (sha-1, sha-224, sha-256, sha-384 and sha-512 are known) or a
  // digest of the wrong length.
  static std::optional<Fingerprint> parse(std::string_view text);
};

}  // namespace heliograph::crypto
