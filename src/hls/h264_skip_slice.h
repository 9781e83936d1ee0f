// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hls/h264_parameter_sets.h"

namespace heliograph::hls {

// Which picture a slice of nothing but skipped macroblocks is to be.
struct SkipSlice {
  const SequenceParameters& sps;
  const PictureParameters& pps;
  uint32_t frame_num = 0;
  uint32_t order = 0;                 // type 0: pic_order_cnt_lsb
  int32_t order_delta = 0;            // type 1: delta_pic_order_cnt[0]
  std::optional<uint32_t> long_term;  // the picture to show is this long-term reference, not the newest short-term one

  // The NAL unit of a whole P picture that nothing refers to (nal_ref_idc 0): every macroblock is P_Skip, hence, all
  // vectors being zero (ITU-T H.264 section 8.4.1.1), what the first reference has at its place. Nothing else changes
  // it: the weights are the implied ones, no edge has a strength that the deblocking filter would touch (section
  // 8.7.2.1), no residual is there. For frames in one slice group only. About 16 bytes with CAVLC, up to 60 with CABAC.
  std::vector<uint8_t> write() const;
};

}  // namespace heliograph::hls
