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
// did the first time. A picture that was kept in no slot (of a higher temporal layer) is gone: then the last one that
// was kept comes once more, as for H.264.
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

  // What a sample showed last.
  struct Shown {
    uint8_t slots = 0;  // a bit for each that it was kept in
    bool showable = false;
    bool key = false;
    std::optional<uint8_t> extension;  // of its OBU
  };

  Shown take(const Obu& obu, const Av1FrameHeader& header);
  bool take_all(base::ConstBytes sample, std::optional<Shown>& shown, int& frames);
  void forget();

  std::optional<Av1SequenceHeader> sequence_;
  std::array<Slot, 8> slots_;
  Shown repeatable_;               // its slots: that hold it still
  std::vector<uint8_t> keyframe_;  // a sample with a keyframe alone, which every slot holds still
};

}  // namespace heliograph::hls
