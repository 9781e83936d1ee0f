// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace heliograph::load {

// H264 video of a file in the byte stream format (ITU-T H.264 annex B), to be sent in a loop.
struct Recording {
  static constexpr size_t kMaxBytes = size_t{1} << 30;

  struct Frame {
    bool keyframe = false;                     // an IDR picture
    std::vector<std::vector<uint8_t>> slices;  // NAL units
  };
  std::vector<uint8_t> sps, pps;  // NAL units, the first of each
  std::vector<Frame> frames;      // begins with a keyframe

  // The error is a sentence's end: "has no keyframe".
  static std::expected<Recording, std::string> parse(base::ConstBytes stream);
  static std::expected<Recording, std::string> read(const std::string& path);

  // The first keyframe at or after this frame, round the end.
  size_t next_keyframe(size_t from) const;
};

}  // namespace heliograph::load
