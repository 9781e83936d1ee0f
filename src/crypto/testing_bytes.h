// SPDX-License-Identifier: Apache-2.0
// For tests: bytes as RFCs print them, and bytes from a seed.
#pragma once

#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/rng.h"

namespace heliograph::crypto::testing {

// Hexadecimal digits; everything else between them is skipped.
inline std::vector<uint8_t> from_hex(std::string_view text) {
  std::vector<uint8_t> bytes;
  int high = -1;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high >= 0) bytes.push_back(static_cast<uint8_t>(high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
  return bytes;
}

inline std::vector<uint8_t> random_vector(base::Rng& rng, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(rng());
  return bytes;
}

}  // namespace heliograph::crypto::testing
