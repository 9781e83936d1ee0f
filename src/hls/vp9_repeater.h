// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace heliograph::hls {

// FrameRepeater of VP9: a frame of one or two bytes that shows a slot again (show_existing_frame, VP9 Bitstream &
// Decoding Process Specification section 7.2). It changes nothing but LastShowFrame, which is why there is none behind
// a frame that was not shown. A picture that was kept in no slot (of a higher temporal layer) is gone: then the last
// one that was kept comes once more, as for H.264.
class Vp9Repeater {
 public:
  void see(base::ConstBytes sample);
  std::optional<std::vector<uint8_t>> repeat() const;

 private:
  uint8_t profile_ = 0;
  uint8_t slots_ = 0;        // a bit for each that holds the picture to repeat
  bool last_shown_ = false;  // the frame seen last was shown
};

}  // namespace heliograph::hls
