// SPDX-License-Identifier: Apache-2.0
// The two bytes in front of a retransmission's payload: the original sequence number (RFC 4588 section 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::rtp {

inline constexpr size_t kRtxHeaderSize = 2;

struct RtxPayload {
  uint16_t original_sequence_number = 0;
  base::ConstBytes payload;  // the original's

  // nullopt for what is too short: padding that probes for bandwidth is sent on the RTX stream with an empty payload.
  static constexpr std::optional<RtxPayload> parse(base::ConstBytes rtx_payload) {
    if (rtx_payload.size() < kRtxHeaderSize) return std::nullopt;
    return RtxPayload{base::load_be<uint16_t>(rtx_payload.data()), rtx_payload.subspan(kRtxHeaderSize)};
  }
};

constexpr void write_rtx_header(base::ByteWriter& out, uint16_t original_sequence_number) {
  out.u16(original_sequence_number);
}

}  // namespace heliograph::rtp
