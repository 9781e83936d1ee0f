// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "hls/frame.h"

namespace heliograph::hls {

// What the payloads of all packets of a picture are together: data, keyframe and config as Frame has them. Without data
// there was nothing to show in them.
struct CodedPicture {
  bool keyframe = false;
  std::vector<uint8_t> data;
  std::shared_ptr<const VideoConfig> config;
};

// The same pointer as long as the bytes are the same, so that who compares pointers sees what a decoder would.
inline std::shared_ptr<const VideoConfig> same_or_new(const std::shared_ptr<const VideoConfig>& before,
                                                      VideoConfig config) {
  if (before && *before == config) return before;
  return std::make_shared<const VideoConfig>(std::move(config));
}

inline void append(std::vector<uint8_t>& to, base::ConstBytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace heliograph::hls
