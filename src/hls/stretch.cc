// SPDX-License-Identifier: Apache-2.0
#include "hls/stretch.h"

#include <algorithm>

namespace heliograph::hls {
namespace {

// Between b and c; t from 0 to 1 (Catmull–Rom).
Stereo between(Stereo a, Stereo b, Stereo c, Stereo d, float t) {
  const Stereo linear = c - a;
  const Stereo square = a * 2 - b * 5 + c * 4 - d;
  const Stereo cube = (b - c) * 3 + d - a;
  return b + (linear + (square + cube * t) * t) * (t * 0.5F);
}

}  // namespace

void stretch(std::span<const Stereo> sound, size_t size, std::vector<Stereo>& out) {
  out.resize(size);
  if (sound.empty()) return out.assign(size, Stereo());
  const size_t last = sound.size() - 1;
  for (size_t i = 0; i < size; ++i) {
    const size_t scaled = i * sound.size();
    const size_t at = scaled / size;
    const float t = static_cast<float>(scaled % size) / static_cast<float>(size);
    out[i] = between(sound[at == 0 ? 0 : at - 1], sound[at], sound[std::min(at + 1, last)],
                     sound[std::min(at + 2, last)], t);
  }
}

}  // namespace heliograph::hls
