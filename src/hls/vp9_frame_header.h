// SPDX-License-Identifier: Apache-2.0
// The uncompressed header of a VP9 frame (VP9 Bitstream & Decoding Process Specification v0.7 section 6.2), up to what
// it does to the frame buffers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace heliograph::hls {

struct Vp9FrameHeader {
  uint8_t profile = 0;
  std::optional<uint8_t> shows_existing;  // frame_to_show_map_idx; nothing below is there then
  bool keyframe = false;
  bool shown = false;
  uint8_t refreshed = 0;  // refresh_frame_flags: a bit for each slot
  // Of keyframes, and of others that are coded without a reference.
  uint8_t bit_depth = 8;
  uint8_t colour_space = 0;  // color_space
  bool full_range = false;
  bool subsampling_x = true;
  bool subsampling_y = true;
  // Where the frame has a size of its own; 0 where it takes over that of a reference.
  uint32_t width = 0;
  uint32_t height = 0;

  // frame: at least its first bytes.
  static std::optional<Vp9FrameHeader> parse(base::ConstBytes frame);
};

// The frames of a superframe (annex B of the specification); the frame itself where it is none. Empty: broken.
std::vector<base::ConstBytes> split_superframe(base::ConstBytes sample);

}  // namespace heliograph::hls
