// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::rtp {

inline constexpr size_t kFixedHeaderSize = 12;  // RFC 3550 section 5.1

// The size of an RTP header with CSRCs and extension block (RFC 3550 sections 5.1 and 5.3.1): all that SRTP leaves in
// the clear. nullopt when the packet ends before it. Looks no deeper: before a tag was checked there is nothing to
// believe.
constexpr std::optional<size_t> header_size(base::ConstBytes packet) {
  if (packet.size() < kFixedHeaderSize) return std::nullopt;
  constexpr uint8_t kExtensionBit = 0x10;
  size_t size = kFixedHeaderSize + 4 * size_t{packet[0] & 0x0fu};
  if ((packet[0] & kExtensionBit) != 0) {
    if (packet.size() < size + 4) return std::nullopt;
    size += 4 + 4 * size_t{base::load_be<uint16_t>(&packet[size + 2])};
  }
  if (packet.size() < size) return std::nullopt;
  return size;
}

}  // namespace heliograph::rtp
