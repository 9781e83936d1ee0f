// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "hls/h264_slice_header.h"

namespace heliograph::hls {

// FrameRepeater of H.264. What it makes has nal_ref_idc 0, so that it takes no place among the references, and the
// frame_num behind the last reference's, as any picture that follows has (ITU-T H.264 section 7.4.3).
//
// A picture that nothing refers to cannot be shown again, because nothing may refer to it: then it is the last
// reference that comes once more, one frame earlier.
//
// Its place in output order is half a step behind the picture before, and for more of them in a row the same place: no
// more fit in between. With pic_order_cnt_type 2 two pictures in a row that nothing refers to are not allowed at all
// (section 8.2.1.3), since their order counts are equal. Both break the letter of the standard and no decoder:
// libavcodec, and Chromium's H264Decoder for hardware, put out what comes first of equals when pictures are not
// reordered, and a player takes the time from the container. What they do need is to see where one picture ends: by
// section 7.4.1.2.4 two of the same frame_num and order are one. An access unit delimiter in front parts them (section
// 7.4.1.2.3).
class H264Repeater {
 public:
  explicit H264Repeater(base::ConstBytes record) : sets_(ParameterSets::of_record(record)) {}
  void see(base::ConstBytes sample, bool keyframe);
  std::optional<std::vector<uint8_t>> repeat();

 private:
  void take(const SliceHeader& header);
  void measure(const SliceHeader& header, const SequenceParameters& sps);

  ParameterSets sets_;
  std::optional<SliceHeader> last_;    // picture seen; none: nothing can be repeated
  uint32_t reference_frame_num_ = 0;   // PrevRefFrameNum
  std::optional<uint32_t> long_term_;  // LongTermFrameIdx of the last reference
  uint32_t step_ = 2;                  // between two pictures' pic_order_cnt_lsb, the least seen: 2 for whole frames
  uint32_t repeats_ = 0;               // of last_
};

}  // namespace heliograph::hls
