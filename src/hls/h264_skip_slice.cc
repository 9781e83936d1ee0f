// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_skip_slice.h"

#include <array>

#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

// The arithmetic encoder (ITU-T H.264 section 9.3.4) for a slice of which every macroblock is skipped. mb_skip_flag is
// 1 each time, in the context of ctxIdx 11, since both neighbours are skipped or outside (section 9.3.3.1.1.1). We are
// free to choose the slice's QP: with the greatest 1 is the more probable symbol from the beginning, so that the path
// of less probable ones is never gone.
class SkipEncoder {
 public:
  static constexpr uint32_t kCabacInit = 0;  // cabac_init_idc
  static constexpr int32_t kQp = 51;         // SliceQPY

  explicit SkipEncoder(BitWriter& out) : out_(out) {}

  void skip() {  // section 9.3.4.2, of a most probable symbol
    range_ -= kLeastRange[state_ - kFirstState][range_ >> 6 & 3];
    if (state_ < kLastState) ++state_;
    renormalise();
  }
  void go_on() {  // section 9.3.4.5: end_of_slice_flag 0
    range_ -= 2;
    renormalise();
  }
  // end_of_slice_flag 1, and the flush, whose last bit is rbsp_stop_one_bit (section 9.3.4.5).
  void end() {
    low_ += range_ - 2;
    range_ = 2;
    renormalise();
    put(low_ >> 9 & 1);
    out_.bits((low_ >> 7 & 3) | 1, 2);
  }

 private:
  // preCtxState = ((m · QP) >> 4) + n with m and n of table 9-13, ctxIdx 11, cabac_init_idc 0; above 63 the most
  // probable symbol is 1 (section 9.3.1.1).
  static constexpr int kFirstState = ((23 * kQp) >> 4) + 33 - 64;
  static constexpr int kLastState = 62;
  // rangeTabLPS (table 9-44) from kFirstState on.
  static constexpr std::array<std::array<uint8_t, 4>, 21> kLeastRange{{
      {16, 20, 23, 27}, {15, 19, 22, 25}, {14, 18, 21, 24}, {14, 17, 20, 23}, {13, 16, 19, 22}, {12, 15, 18, 21},
      {12, 14, 17, 20}, {11, 14, 16, 19}, {11, 13, 15, 18}, {10, 12, 15, 17}, {10, 12, 14, 16}, {9, 11, 13, 15},
      {9, 11, 12, 14},  {8, 10, 12, 14},  {8, 9, 11, 13},   {7, 9, 11, 12},   {7, 9, 10, 12},   {7, 8, 10, 11},
      {6, 8, 9, 11},    {6, 7, 9, 10},    {6, 7, 8, 9},
  }};
  static_assert(kFirstState + kLeastRange.size() == kLastState + 1);

  void renormalise() {  // figure 9-8
    for (; range_ < 256; range_ <<= 1, low_ <<= 1) {
      if (low_ < 256) {
        put(0);
      } else if (low_ >= 512) {
        low_ -= 512;
        put(1);
      } else {
        low_ -= 256;
        ++outstanding_;
      }
    }
  }
  void put(uint32_t bit) {  // figure 9-9: the very first bit is left out
    if (begun_) out_.bit(bit != 0);
    begun_ = true;
    for (; outstanding_ > 0; --outstanding_) out_.bit(bit == 0);
  }

  BitWriter& out_;
  uint32_t low_ = 0;
  uint32_t range_ = 510;
  uint32_t outstanding_ = 0;
  int state_ = kFirstState;
  bool begun_ = false;
};

void write_order_count(BitWriter& out, const SkipSlice& slice) {
  if (slice.sps.order_count_type == 0) {
    out.bits(slice.order, slice.sps.order_count_bits);
    if (slice.pps.bottom_order_in_frame) out.se(0);
  }
  if (slice.sps.order_count_type == 1 && !slice.sps.order_delta_is_zero) {
    out.se(slice.order_delta);
    if (slice.pps.bottom_order_in_frame) out.se(0);
  }
}

// One reference: that which was shown.
void write_references(BitWriter& out, const SkipSlice& slice) {
  out.bit(slice.pps.references != 1);  // num_ref_idx_active_override_flag
  if (slice.pps.references != 1) out.ue(0);
  out.bit(slice.long_term.has_value());  // ref_pic_list_modification_flag_l0
  if (!slice.long_term) return;
  out.ue(2);  // long_term_pic_num, which is LongTermFrameIdx in frames (section 8.2.4.1)
  out.ue(*slice.long_term);
  out.ue(3);
}

// No weight differs from what is implied when it is not there.
void write_weights(BitWriter& out, const SkipSlice& slice) {
  out.ue(0);
  if (slice.sps.chroma_format != 0) out.ue(0);
  out.bit(false);
  if (slice.sps.chroma_format != 0) out.bit(false);
}

// Section 7.3.3.
void write_header(BitWriter& out, const SkipSlice& slice) {
  constexpr uint32_t kAllP = 5;
  const auto& pps = slice.pps;
  out.ue(0);  // first_mb_in_slice
  out.ue(kAllP);
  out.ue(pps.id);
  out.bits(slice.frame_num, slice.sps.frame_num_bits);
  if (!slice.sps.frames_only) out.bit(false);  // field_pic_flag
  write_order_count(out, slice);
  if (pps.redundant_picture_count) out.ue(0);
  write_references(out, slice);
  if (pps.weighted_prediction) write_weights(out, slice);
  if (pps.cabac) out.ue(SkipEncoder::kCabacInit);
  out.se(pps.cabac ? SkipEncoder::kQp - pps.initial_qp : 0);  // slice_qp_delta
  if (pps.deblocking_in_slices) out.ue(1);                    // disable_deblocking_filter_idc
}

// Section 7.3.4.
void write_cabac(BitWriter& out, uint32_t macroblocks) {
  while (out.size() % 8 != 0) out.bit(true);  // cabac_alignment_one_bit
  SkipEncoder encoder(out);
  for (uint32_t i = 0; i < macroblocks; ++i) {
    if (i > 0) encoder.go_on();
    encoder.skip();
  }
  encoder.end();
}

}  // namespace

std::vector<uint8_t> SkipSlice::write() const {
  constexpr uint8_t kSlice = 1;  // nal_unit_type; nal_ref_idc is 0
  const uint32_t macroblocks = sps.macroblocks_wide * sps.macroblocks_high;
  BitWriter out;
  out.bits(kSlice, 8);
  write_header(out, *this);
  if (pps.cabac) {
    write_cabac(out, macroblocks);
  } else {
    out.ue(macroblocks);  // mb_skip_run
    out.trailing();
  }
  return escape(out.take());
}

}  // namespace heliograph::hls
