// SPDX-License-Identifier: Apache-2.0
#include "hls/splice.h"

#include <algorithm>

namespace heliograph::hls {
namespace {

float part(size_t at) { return static_cast<float>(at) / static_cast<float>(Splice::kLength); }

}  // namespace

void Splice::cut() {
  std::ranges::reverse_copy(recent_, tail_.begin());
  tail_at_ = 0;
  rise_at_ = 0;
}

void Splice::pass_sound(std::span<Stereo> sound) {
  for (Stereo& s : sound) {
    if (rise_at_ == kLength) break;
    s = s * part(rise_at_++);
  }
  add_tail(sound);
  remember(sound);
}

void Splice::pass_silence(std::span<Stereo> silence) {
  add_tail(silence);
  remember(silence);
}

void Splice::add_tail(std::span<Stereo> sound) {
  for (Stereo& s : sound) {
    if (tail_at_ == kLength) return;
    s = s + tail_[tail_at_] * (1 - part(tail_at_));
    ++tail_at_;
  }
}

void Splice::remember(std::span<const Stereo> sound) {
  const auto newest = sound.last(std::min(sound.size(), kLength));
  std::ranges::copy(std::span(recent_).subspan(newest.size()), recent_.begin());
  std::ranges::copy(newest, recent_.end() - static_cast<std::ptrdiff_t>(newest.size()));
}

}  // namespace heliograph::hls
