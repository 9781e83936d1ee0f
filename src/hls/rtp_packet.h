// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"
#include "plan/media.h"

namespace heliograph::hls {

// At most this many encodings of a video track at a time (simulcast).
inline constexpr size_t kMaxLayers = 3;

// One packet of a publication as the packager gets it: doubles are gone and RTX is unwrapped, but what was lost and
// asked for again comes late, behind newer ones.
struct RtpPacket {
  plan::Kind kind = plan::Kind::kVideo;
  uint8_t layer = 0;       // of the video track; stays with its encoding while the publication lives
  uint64_t source = 0;     // another one when another SSRC takes the layer over: sequence and timestamp begin anew
  int64_t sequence = 0;    // unwrapped, of its source
  uint32_t timestamp = 0;  // RTP timestamp
  bool marker = false;
  base::Timestamp arrival;
  base::ConstBytes payload;  // without padding; good during the call only
};

}  // namespace heliograph::hls
