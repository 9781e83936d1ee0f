// SPDX-License-Identifier: Apache-2.0
// Parameter sets of H.264 (ITU-T H.264 section 7.3.2), as far as the size of the picture, the configuration record and
// a slice header ask for them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::hls {

struct SequenceParameters {
  uint8_t id = 0;
  uint8_t profile = 0;
  uint8_t constraints = 0;  // constraint_set0_flag is the highest bit
  uint8_t level = 0;
  uint8_t chroma_format = 1;  // chroma_format_idc: 0 none, 1 4:2:0, 2 4:2:2, 3 4:4:4
  bool separate_colour_planes = false;
  uint8_t luma_depth = 8;  // bits
  uint8_t chroma_depth = 8;
  uint8_t frame_num_bits = 4;  // log2_max_frame_num_minus4 + 4
  uint8_t order_count_type = 0;
  uint8_t order_count_bits = 4;        // type 0: log2_max_pic_order_cnt_lsb_minus4 + 4
  bool order_delta_is_zero = false;    // type 1: delta_pic_order_always_zero_flag
  int32_t non_reference_offset = 0;    // type 1: offset_for_non_ref_pic
  uint32_t reference_frames = 0;       // max_num_ref_frames
  bool frame_num_gaps = false;         // gaps_in_frame_num_value_allowed_flag
  uint32_t macroblocks_wide = 0;       // PicWidthInMbs
  uint32_t macroblocks_high = 0;       // FrameHeightInMbs
  bool frames_only = true;             // frame_mbs_only_flag
  std::optional<uint32_t> reordering;  // max_num_reorder_frames, where the VUI has it
  uint16_t width = 0;                  // as it is shown: cropped
  uint16_t height = 0;

  // nal: a whole NAL unit, with its header byte and its emulation prevention bytes. A picture of more than 16,384 luma
  // samples in a row or a column is none.
  static std::optional<SequenceParameters> parse(base::ConstBytes nal);
};

struct PictureParameters {
  uint8_t id = 0;
  uint8_t sequence_id = 0;
  bool cabac = false;                    // entropy_coding_mode_flag
  bool bottom_order_in_frame = false;    // bottom_field_pic_order_in_frame_present_flag
  uint32_t slice_groups = 1;             // more than one: what follows is not read
  uint32_t references = 1;               // num_ref_idx_l0_default_active_minus1 + 1
  bool weighted_prediction = false;      // of P slices
  int32_t initial_qp = 26;               // 26 + pic_init_qp_minus26
  bool deblocking_in_slices = false;     // deblocking_filter_control_present_flag
  bool redundant_picture_count = false;  // redundant_pic_cnt_present_flag

  static std::optional<PictureParameters> parse(base::ConstBytes nal);
};

}  // namespace heliograph::hls
