// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_repeater.h"

#include <algorithm>

#include "hls/h264_skip_slice.h"

namespace heliograph::hls {
namespace {

constexpr uint8_t kFirstVcl = 1, kIdrSlice = 5;  // nal_unit_type, table 7-1

// The header of a sample's first slice; nullopt when there is none, when one of them cannot be parsed (data
// partitions), or when one is of a B picture.
std::optional<SliceHeader> picture_of(base::ConstBytes sample, const ParameterSets& sets) {
  std::optional<SliceHeader> first;
  base::ByteReader reader(sample);
  while (reader.left() > 0) {
    const auto nal = reader.bytes(reader.u32());
    if (!reader.ok()) return std::nullopt;
    const uint8_t type = nal.empty() ? 0 : nal[0] & 0x1f;
    if (type < kFirstVcl || type > kIdrSlice) continue;
    if (type != kFirstVcl && type != kIdrSlice) return std::nullopt;
    const auto header = SliceHeader::parse(nal, sets);
    if (!header || header->type == SliceHeader::kB) return std::nullopt;
    if (!first && header->redundant == 0) first = header;
  }
  return first;
}

// delta_pic_order_cnt[0] that gives an order count one above the last picture's (section 8.2.1.2): both are counted
// from that of the last reference's place in the cycle, a picture that nothing refers to with an offset.
int64_t order_delta(const SliceHeader& last, const SequenceParameters& sps) {
  return last.reference ? int64_t{last.order_delta} + 1 - sps.non_reference_offset : int64_t{last.order_delta} + 1;
}

bool is_repeatable(const SequenceParameters& sps, const PictureParameters& pps) {
  constexpr uint8_t kCavlcIntra = 44;  // profile_idc
  return sps.frames_only && sps.reordering.value_or(0) == 0 && !sps.separate_colour_planes &&
         sps.reference_frames > 0 && sps.profile != kCavlcIntra && pps.slice_groups == 1;
}

}  // namespace

// Learns the step; a picture that goes back in order is output before one that was decoded before it.
void H264Repeater::measure(const SliceHeader& header, const SequenceParameters& sps) {
  if (sps.order_count_type != 0 || !last_ || header.idr || header.resets) return;
  const uint32_t range = 1U << sps.order_count_bits, step = (header.order - last_->order) & (range - 1);
  if (step == 0 || step >= range / 2) return last_.reset();
  step_ = std::min(step_, step);
}

void H264Repeater::see(base::ConstBytes sample, bool keyframe) {
  const auto header = picture_of(sample, sets_);
  const bool follows = last_.has_value();
  repeats_ = 0;
  if (!header) return last_.reset();
  const auto& sps = sets_.sequence_of(*sets_.picture(header->picture_parameters));
  measure(*header, sps);
  // What is unknown of pictures lost or not understood is known again when decoding begins anew.
  if (!header->idr && !keyframe && !(follows && last_)) return last_.reset();
  take(*header);
}

void H264Repeater::take(const SliceHeader& header) {
  last_ = header;
  if (header.resets) last_->frame_num = last_->order = 0, last_->order_delta = 0;  // section 8.2.1
  if (!header.reference) return;
  reference_frame_num_ = last_->frame_num;
  long_term_ = header.long_term;
}

std::optional<std::vector<uint8_t>> H264Repeater::repeat() {
  if (!last_) return std::nullopt;
  const auto& pps = *sets_.picture(last_->picture_parameters);
  const auto& sps = sets_.sequence_of(pps);
  const uint32_t frame_num = (reference_frame_num_ + 1) & ((1U << sps.frame_num_bits) - 1);
  // Otherwise there is a gap in which references are made up (section 8.2.5.2).
  const bool whole = last_->reference || last_->frame_num == frame_num;
  const int64_t delta = order_delta(*last_, sps);
  if (!is_repeatable(sps, pps) || !whole || delta != static_cast<int32_t>(delta)) return std::nullopt;
  // There the order cannot be chosen, and would be that of a B picture.
  const bool backwards = sps.order_count_type == 1 && sps.order_delta_is_zero && sps.non_reference_offset < 0;
  if (backwards) return std::nullopt;
  const uint32_t order = (last_->order + (step_ > 1 ? 1 : 0)) & ((1U << sps.order_count_bits) - 1);
  const auto nal = SkipSlice{sps, pps, frame_num, order, static_cast<int32_t>(delta), long_term_}.write();
  std::vector<uint8_t> sample;
  const auto append = [&sample](base::ConstBytes unit) {
    sample.resize(sample.size() + 4);
    base::store_be(&sample[sample.size() - 4], static_cast<uint32_t>(unit.size()));
    sample.insert(sample.end(), unit.begin(), unit.end());
  };
  constexpr uint8_t kDelimiter[] = {0x09, 0x30};  // primary_pic_type 1: I and P slices (table 7-5)
  if (repeats_++ > 0 || !last_->reference) append(kDelimiter);
  append(nal);
  return sample;
}

}  // namespace heliograph::hls
