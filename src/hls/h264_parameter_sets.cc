// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_parameter_sets.h"

#include <algorithm>
#include <array>
#include <vector>

#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

constexpr uint8_t kSequenceParameterSet = 7;  // nal_unit_type, table 7-1
constexpr uint8_t kPictureParameterSet = 8;
constexpr uint32_t kMaxMacroblocks = 16'384 / 16;  // in a row or a column

bool has_chroma_fields(uint8_t profile) {
  constexpr std::array<uint8_t, 13> kProfiles{100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  return std::ranges::find(kProfiles, profile) != kProfiles.end();
}

// Section 7.3.2.1.1.1; the values mean nothing to us.
void skip_scaling_list(BitReader& reader, size_t size) {
  int32_t last = 8, next = 8;
  for (size_t i = 0; i < size && reader.ok(); ++i) {
    if (next != 0) next = static_cast<int32_t>((int64_t{last} + reader.se() + 256) & 255);
    if (next != 0) last = next;
  }
}

void read_chroma(BitReader& reader, SequenceParameters& sps) {
  sps.chroma_format = static_cast<uint8_t>(std::min(reader.ue(), 255U));
  if (sps.chroma_format == 3) sps.separate_colour_planes = reader.bit();
  sps.luma_depth = static_cast<uint8_t>(std::min(reader.ue(), 100U) + 8);
  sps.chroma_depth = static_cast<uint8_t>(std::min(reader.ue(), 100U) + 8);
  reader.bit();               // qpprime_y_zero_transform_bypass_flag
  if (!reader.bit()) return;  // seq_scaling_matrix_present_flag
  const int lists = sps.chroma_format == 3 ? 12 : 8;
  for (int i = 0; i < lists; ++i)
    if (reader.bit()) skip_scaling_list(reader, i < 6 ? 16 : 64);
}

void read_order_count(BitReader& reader, SequenceParameters& sps) {
  sps.order_count_type = static_cast<uint8_t>(std::min(reader.ue(), 255U));
  if (sps.order_count_type == 0) sps.order_count_bits = static_cast<uint8_t>(std::min(reader.ue(), 100U) + 4);
  if (sps.order_count_type != 1) return;
  sps.order_delta_is_zero = reader.bit();
  sps.non_reference_offset = reader.se();
  reader.se();  // offset_for_top_to_bottom_field
  const uint32_t cycle = std::min(reader.ue(), 255U);
  for (uint32_t i = 0; i < cycle && reader.ok(); ++i) reader.se();
}

// Table 6-1: how many luma samples a chroma sample spans.
uint32_t chroma_width(const SequenceParameters& sps) {
  return sps.chroma_format == 1 || sps.chroma_format == 2 ? 2 : 1;
}
uint32_t chroma_height(const SequenceParameters& sps) { return sps.chroma_format == 1 ? 2 : 1; }

// False: there is nothing left of the picture.
bool read_size(BitReader& reader, SequenceParameters& sps) {
  const uint32_t wide = reader.ue(), high = reader.ue();
  if (wide >= kMaxMacroblocks || high >= kMaxMacroblocks) return false;
  sps.frames_only = reader.bit();
  if (!sps.frames_only) reader.bit();  // mb_adaptive_frame_field_flag
  sps.macroblocks_wide = wide + 1;
  sps.macroblocks_high = (high + 1) * (sps.frames_only ? 1 : 2);
  reader.bit();  // direct_8x8_inference_flag
  uint64_t cut_wide = 0, cut_high = 0;
  if (reader.bit()) {  // frame_cropping_flag
    cut_wide = uint64_t{reader.ue()} + reader.ue();
    cut_high = uint64_t{reader.ue()} + reader.ue();
    cut_wide *= chroma_width(sps);
    cut_high *= chroma_height(sps) * (sps.frames_only ? 1 : 2);
  }
  const uint32_t width = sps.macroblocks_wide * 16, height = sps.macroblocks_high * 16;
  if (cut_wide >= width || cut_high >= height || height > 16'384) return false;
  sps.width = static_cast<uint16_t>(width - cut_wide);
  sps.height = static_cast<uint16_t>(height - cut_high);
  return true;
}

// Section E.1.2.
void skip_hrd(BitReader& reader) {
  const uint32_t count = std::min(reader.ue(), 31U) + 1;
  reader.skip(8);  // bit_rate_scale, cpb_size_scale
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    reader.ue();
    reader.ue();
    reader.bit();
  }
  reader.skip(20);
}

// Section E.1.1, as far as max_num_reorder_frames.
std::optional<uint32_t> read_reordering(BitReader& reader) {
  constexpr uint64_t kExtendedSar = 255;
  if (reader.bit() && reader.bits(8) == kExtendedSar) reader.skip(32);
  if (reader.bit()) reader.bit();  // overscan
  if (reader.bit()) {              // video_signal_type_present_flag
    reader.skip(4);
    if (reader.bit()) reader.skip(24);
  }
  if (reader.bit()) {  // chroma_loc_info_present_flag
    reader.ue();
    reader.ue();
  }
  if (reader.bit()) reader.skip(65);  // timing
  const bool nal_hrd = reader.bit();
  if (nal_hrd) skip_hrd(reader);
  const bool vcl_hrd = reader.bit();
  if (vcl_hrd) skip_hrd(reader);
  if (nal_hrd || vcl_hrd) reader.bit();    // low_delay_hrd_flag
  reader.bit();                            // pic_struct_present_flag
  if (!reader.bit()) return std::nullopt;  // bitstream_restriction_flag
  reader.bit();
  for (int i = 0; i < 4; ++i) reader.ue();
  const uint32_t reordering = reader.ue();
  return reader.ok() ? std::optional(reordering) : std::nullopt;
}

bool in_range(const SequenceParameters& sps) {
  return sps.id < 32 && sps.chroma_format <= 3 && sps.luma_depth <= 14 && sps.chroma_depth <= 14 &&
         sps.frame_num_bits <= 16 && sps.order_count_type <= 2 && sps.order_count_bits <= 16 &&
         sps.reference_frames <= 16;
}

}  // namespace

// Section 7.3.2.1.1.
std::optional<SequenceParameters> SequenceParameters::parse(base::ConstBytes nal) {
  const auto bytes = unescape(nal);
  BitReader reader(bytes);
  if ((reader.bits(8) & 0x1f) != kSequenceParameterSet) return std::nullopt;
  SequenceParameters sps;
  sps.profile = static_cast<uint8_t>(reader.bits(8));
  sps.constraints = static_cast<uint8_t>(reader.bits(8));
  sps.level = static_cast<uint8_t>(reader.bits(8));
  sps.id = static_cast<uint8_t>(std::min(reader.ue(), 255U));
  if (has_chroma_fields(sps.profile)) read_chroma(reader, sps);
  sps.frame_num_bits = static_cast<uint8_t>(std::min(reader.ue(), 100U) + 4);
  read_order_count(reader, sps);
  sps.reference_frames = reader.ue();
  sps.frame_num_gaps = reader.bit();
  if (!reader.ok() || !in_range(sps) || !read_size(reader, sps)) return std::nullopt;
  const bool vui = reader.bit();
  if (!reader.ok()) return std::nullopt;
  if (vui) sps.reordering = read_reordering(reader);
  return sps;
}

// Section 7.3.2.2.
std::optional<PictureParameters> PictureParameters::parse(base::ConstBytes nal) {
  const auto bytes = unescape(nal);
  BitReader reader(bytes);
  if ((reader.bits(8) & 0x1f) != kPictureParameterSet) return std::nullopt;
  PictureParameters pps;
  const uint32_t id = reader.ue(), sequence_id = reader.ue();
  pps.cabac = reader.bit();
  pps.bottom_order_in_frame = reader.bit();
  const uint32_t groups = reader.ue();
  if (!reader.ok() || id > 255 || sequence_id > 31 || groups > 7) return std::nullopt;
  pps.id = static_cast<uint8_t>(id);
  pps.sequence_id = static_cast<uint8_t>(sequence_id);
  pps.slice_groups = groups + 1;
  if (groups > 0) return pps;
  const uint32_t references = reader.ue();
  reader.ue();  // num_ref_idx_l1_default_active_minus1
  pps.weighted_prediction = reader.bit();
  reader.skip(2);  // weighted_bipred_idc
  const int32_t qp = reader.se();
  reader.se();  // pic_init_qs_minus26
  reader.se();  // chroma_qp_index_offset
  pps.deblocking_in_slices = reader.bit();
  reader.bit();  // constrained_intra_pred_flag
  pps.redundant_picture_count = reader.bit();
  // Down to −(26 + QpBdOffset), which is 36 more for 14 bits.
  if (!reader.ok() || references > 31 || qp < -62 || qp > 25) return std::nullopt;
  pps.references = references + 1;
  pps.initial_qp = 26 + qp;
  return pps;
}

}  // namespace heliograph::hls
