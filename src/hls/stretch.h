// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hls/stereo.h"

namespace heliograph::hls {

// The same sound in `size` samples, a few more or less than it has: how one clock is made to follow another. Cubic
// interpolation, since a straight line would take the brilliance from every sound that it touches.
void stretch(std::span<const Stereo> sound, size_t size, std::vector<Stereo>& out);

}  // namespace heliograph::hls
