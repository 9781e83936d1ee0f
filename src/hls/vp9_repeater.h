// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace heliograph::hls {

// FrameRepeater of VP9: a frame of one or two bytes that shows a slot again (show_existing_frame, VP9 Bitstream &
// Decoding Process Specification section 7.2). It changes nothing but LastShowFrame, which is why there is none behind
// a frame that was not shown.
class Vp9Repeater {
 public:
  void see(base::ConstBytes sample);
  std::optional<std::vector<uint8_t>> repeat() const;

 private:
  void take(base::ConstBytes frame);

  uint8_t profile_ = 0;
  uint8_t shown_ = 0;  // a bit for each slot that holds the frame that was shown last
};

}  // namespace heliograph::hls
