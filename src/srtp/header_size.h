// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace heliograph::srtp {

inline constexpr size_t kFixedRtpHeader = 12;
inline constexpr size_t kRtcpHeader = 8;  // what SRTCP leaves in the clear: the first header and the sender's SSRC

// The size of an RTP header with CSRCs and extension block (RFC 3550 sections 5.1 and 5.3.1), all of which SRTP leaves
// in the clear. nullopt when the packet ends before it. Looks no deeper: before the tag was checked there is nothing to
// believe.
constexpr std::optional<size_t> rtp_header_size(base::ConstBytes packet) {
  if (packet.size() < kFixedRtpHeader) return std::nullopt;
  constexpr uint8_t kExtensionBit = 0x10;
  size_t size = kFixedRtpHeader + 4 * size_t{packet[0] & 0x0fu};
  if ((packet[0] & kExtensionBit) != 0) {
    if (packet.size() < size + 4) return std::nullopt;
    size += 4 + 4 * size_t{base::load_be<uint16_t>(&packet[size + 2])};
  }
  if (packet.size() < size) return std::nullopt;
  return size;
}

constexpr bool has_version_2(base::ConstBytes packet) { return !packet.empty() && packet[0] >> 6 == 2; }

}  // namespace heliograph::srtp
