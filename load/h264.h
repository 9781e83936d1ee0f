// SPDX-License-Identifier: Apache-2.0
// Video that is H264 on the outside: frames of the sizes that an encoder makes, NAL units and their packets as RFC 6184
// has them, and noise where the picture would be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/data_rate.h"
#include "base/rng.h"
#include "base/time.h"
#include "load/recording.h"
#include "load/stamp.h"

namespace heliograph::load {

// How large an encoder under rate control makes its frames: keyframes several times the mean, paid back by the frames
// after them, and the others around the mean.
class FrameSizes {
 public:
  static constexpr size_t kKeyframeFactor = 5;
  static constexpr size_t kMinBytes = 200;

  FrameSizes(base::DataRate rate, double fps, uint64_t seed);

  // Bytes of the next frame.
  size_t next(bool keyframe);

 private:
  double mean_;
  double debt_ = 0;  // bytes sent above the rate
  base::Rng rng_;
};

// What an RTP payload may hold here. A packet is then at most 1,200 bytes with header, extensions and SRTP's tag.
inline constexpr size_t kMaxPayload = 1160;

// Cuts `size` bytes into the fewest parts of at most `most`, which differ by one byte at most, the larger ones last: as
// libwebrtc's packetizers do.
std::vector<size_t> split_about_equally(size_t size, size_t most);

using Payload = std::vector<uint8_t>;

// The payloads of one frame, in order, each ending in a Stamp that counts on from first_number. A keyframe is SPS, PPS
// (with an SEI that holds the stamp) as one STAP-A, then an IDR slice; any other frame one slice. Slices that do not
// fit are FU-A (RFC 6184 section 5.8).
std::vector<Payload> packetize_frame(bool keyframe, size_t size, uint32_t first_number, base::Timestamp now,
                                     base::Rng& rng);

// The same of a recording's frame. Each packet of a slice is longer by the stamp at its end, which decoders see as
// damage: what is sent has the sizes of real video, and is not to be looked at.
std::vector<Payload> packetize_recorded(const Recording& recording, const Recording::Frame& frame,
                                        uint32_t first_number, base::Timestamp now, base::Rng& rng);

}  // namespace heliograph::load
