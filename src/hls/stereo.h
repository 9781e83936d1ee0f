// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heliograph::hls {

// One moment of sound, full scale at 1.
struct Stereo {
  float left = 0;
  float right = 0;

  constexpr Stereo operator+(Stereo o) const { return {left + o.left, right + o.right}; }
  constexpr Stereo operator-(Stereo o) const { return {left - o.left, right - o.right}; }
  constexpr Stereo operator*(float k) const { return {left * k, right * k}; }
};

}  // namespace heliograph::hls
