// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "hls/av1_headers.h"

namespace heliograph::hls {

// FrameRepeater of AV1. A frame header OBU that shows a slot again (show_existing_frame): a frame that is shown when it
// is decoded is showable later too, as often as wanted, unless it is a keyframe (showable_frame, AV1 specification
// section 5.9.2). A keyframe that was shown is repeated as it came, whole: it begins everything anew, which is what it
// did the first time.
class Av1Repeater {
 public:
  explicit Av1Repeater(base::ConstBytes record);
  void see(base::ConstBytes sample);
  std::optional<std::vector<uint8_t>> repeat() const;

 private:
  struct Slot {
    uint32_t id = 0;
    bool key = false;
  };

  void take(const Obu& obu, const Av1FrameHeader& header);

  std::optional<Av1SequenceHeader> sequence_;
  std::array<Slot, 8> slots_;
  uint8_t shown_ = 0;                 // a bit for each slot that holds the frame that was shown last, and may be again
  std::optional<uint8_t> extension_;  // of that frame's OBU
  std::vector<uint8_t> keyframe_;     // the sample seen last, where it is nothing but a keyframe that was shown
};

}  // namespace heliograph::hls
