// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::hls {

// What can be known of an Opus packet without decoding it.
struct OpusPacket {
  uint32_t duration = 0;  // in 1/48000 s: 120 (2.5 ms) to 5,760 (120 ms)
  bool stereo = false;
};

// nullopt: not a packet by the requirements of RFC 6716 section 3.4.
std::optional<OpusPacket> parse_opus_packet(base::ConstBytes payload);

// A stereo packet in which nothing is to be heard, of the longest duration that is no more than `room` (in 1/48000 s):
// 20, 10, 5 or 2.5 ms; empty when there is not even room for that.
base::ConstBytes opus_silence(int64_t room);

}  // namespace heliograph::hls
