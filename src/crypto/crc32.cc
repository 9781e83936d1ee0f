// SPDX-License-Identifier: Apache-2.0
#include "crypto/crc32.h"

#include <array>

namespace heliograph::crypto {
namespace {

// The reflected polynomial 0x04C11DB7, a byte at a time: STUN messages are short and rare.
constexpr auto kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}();

}  // namespace

uint32_t crc32(base::ConstBytes bytes) {
  uint32_t value = ~0u;
  for (const uint8_t byte : bytes) value = (value >> 8) ^ kTable[(value ^ byte) & 0xff];
  return ~value;
}

}  // namespace heliograph::crypto
