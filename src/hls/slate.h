// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hls/frame.h"
#include "plan/media.h"

namespace heliograph::hls {

// A still picture in place of a camera that is off, by libavcodec's encoders (libx264, libvpx-vp9, libaom-av1 or
// libsvtav1): one keyframe, to be repeated as often as wanted, since each stands for itself.
struct Slate {
  std::shared_ptr<const VideoConfig> config;
  std::vector<uint8_t> data;  // as Frame::data
};

// width, height: even, at least 16; rounded down to that. Dark grey with the outline of a camera crossed out.
// 7 ms of CPU for H.264 at 640 × 360, up to 0.2 s for AV1 at 1080p: kept for each size by the caller. nullptr when
// libavcodec has no such encoder.
std::shared_ptr<const Slate> make_slate(plan::Codec codec, uint16_t width, uint16_t height);

}  // namespace heliograph::hls
