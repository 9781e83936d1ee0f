// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "hls/stereo.h"

namespace heliograph::hls {

// Joins sounds that do not follow from each other without a click: what ended dies away as its own mirror image, what
// begins rises, both within 5 ms.
class Splice {
 public:
  static constexpr size_t kLength = 240;

  // What comes next does not continue what came before.
  void cut();
  // All that is heard passes through here, in order; changed in place.
  void pass_sound(std::span<Stereo> sound);
  void pass_silence(std::span<Stereo> silence);

 private:
  void add_tail(std::span<Stereo> sound);
  void remember(std::span<const Stereo> sound);

  std::array<Stereo, kLength> recent_{};  // the last that was heard
  std::array<Stereo, kLength> tail_{};
  size_t tail_at_ = kLength;
  size_t rise_at_ = 0;
};

}  // namespace heliograph::hls
