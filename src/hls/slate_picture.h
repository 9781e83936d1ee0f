// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hls/libav.h"

namespace heliograph::hls {

// What a Slate shows, as an I420 picture of BT.709 in limited range: the outline of a camera, crossed out, on dark
// grey. width, height: even. Null when there is no memory.
libav::Picture draw_slate(int width, int height);

}  // namespace heliograph::hls
