// SPDX-License-Identifier: Apache-2.0
// The header of a coded slice of H.264 (ITU-T H.264 section 7.3.3), as far as it says which picture this is and what
// becomes of it as a reference.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "hls/h264_parameter_sets.h"

namespace heliograph::hls {

// The sets of one configuration, by their ids.
struct ParameterSets {
  std::map<uint8_t, SequenceParameters> sequences;
  std::map<uint8_t, PictureParameters> pictures;

  // Of an avcC record (ISO/IEC 14496-15 section 5.3.3.1); sets that cannot be parsed are left out.
  static ParameterSets of_record(base::ConstBytes record);
  // Null without one that its sequence is known of.
  const PictureParameters* picture(uint32_t id) const;
  const SequenceParameters& sequence_of(const PictureParameters& pps) const { return sequences.at(pps.sequence_id); }
};

struct SliceHeader {
  bool reference = false;  // nal_ref_idc ≠ 0
  bool idr = false;
  uint32_t first_macroblock = 0;
  uint32_t type = 0;  // slice_type modulo 5
  uint8_t picture_parameters = 0;
  uint32_t frame_num = 0;
  uint32_t order = 0;                 // type 0: pic_order_cnt_lsb
  int32_t order_delta = 0;            // type 1: delta_pic_order_cnt[0]
  uint32_t redundant = 0;             // redundant_pic_cnt
  bool resets = false;                // memory_management_control_operation 5: all begins anew behind this picture
  std::optional<uint32_t> long_term;  // LongTermFrameIdx that this picture gets

  static constexpr uint32_t kP = 0, kB = 1, kI = 2;  // table 7-6

  // nal: a coded slice (nal_unit_type 1 or 5) of a frame, whole or at least its first kEnough bytes. Fields of
  // interlaced pictures and slices of an unknown parameter set: nullopt.
  static constexpr size_t kEnough = 1'024;
  static std::optional<SliceHeader> parse(base::ConstBytes nal, const ParameterSets& sets);
};

}  // namespace heliograph::hls
