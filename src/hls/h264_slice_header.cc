// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_slice_header.h"

#include <algorithm>

#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

constexpr uint8_t kIdrSlice = 5;  // nal_unit_type, table 7-1
// Operations and modifications of one slice: twice what 16 frames can have a use for.
constexpr int kMaxCommands = 66;

struct SliceReader {
  BitReader bits;
  const SequenceParameters& sps;
  const PictureParameters& pps;
  SliceHeader& header;
  uint32_t references = 1;

  void read_order_count();
  void read_reference_count();
  bool skip_list_modification();
  void skip_weights();
  void read_idr_marking();
  bool read_marking();
};

void SliceReader::read_order_count() {
  if (sps.order_count_type == 0) {
    header.order = static_cast<uint32_t>(bits.bits(sps.order_count_bits));
    if (pps.bottom_order_in_frame) bits.se();
  }
  if (sps.order_count_type == 1 && !sps.order_delta_is_zero) {
    header.order_delta = bits.se();
    if (pps.bottom_order_in_frame) bits.se();
  }
}

void SliceReader::read_reference_count() {
  references = pps.references;
  if (bits.bit()) references = std::min(bits.ue(), 31U) + 1;
}

// Section 7.3.3.1.
bool SliceReader::skip_list_modification() {
  constexpr uint32_t kEnd = 3;
  if (!bits.bit()) return true;
  for (int i = 0; i < kMaxCommands && bits.ok(); ++i) {
    if (bits.ue() == kEnd) return true;
    bits.ue();
  }
  return false;
}

// Section 7.3.3.2.
void SliceReader::skip_weights() {
  const bool chroma = sps.chroma_format != 0 && !sps.separate_colour_planes;
  bits.ue();
  if (chroma) bits.ue();
  const auto skip = [&](int count) {
    if (!bits.bit()) return;
    for (int i = 0; i < count; ++i) bits.se();
  };
  for (uint32_t i = 0; i < references && bits.ok(); ++i) {
    skip(2);
    if (chroma) skip(4);
  }
}

// Section 7.3.3.3.
void SliceReader::read_idr_marking() {
  bits.bit();                            // no_output_of_prior_pics_flag
  if (bits.bit()) header.long_term = 0;  // long_term_reference_flag
}

bool SliceReader::read_marking() {
  if (!bits.bit()) return true;  // adaptive_ref_pic_marking_mode_flag
  for (int i = 0; i < kMaxCommands && bits.ok(); ++i) {
    switch (bits.ue()) {  // table 7-9
      case 0:
        return true;
      case 1:
      case 2:
      case 4:
        bits.ue();
        break;
      case 3:
        bits.ue(), bits.ue();
        break;
      case 5:
        header.resets = true;
        break;
      case 6:
        header.long_term = bits.ue();
        break;
      default:
        return false;
    }
  }
  return false;
}

}  // namespace

ParameterSets ParameterSets::of_record(base::ConstBytes record) {
  ParameterSets sets;
  base::ByteReader reader(record);
  reader.skip(5);
  for (int left = reader.u8() & 0x1f; left > 0 && reader.ok(); --left)
    if (const auto sps = SequenceParameters::parse(reader.bytes(reader.u16()))) sets.sequences[sps->id] = *sps;
  for (int left = reader.u8(); left > 0 && reader.ok(); --left)
    if (const auto pps = PictureParameters::parse(reader.bytes(reader.u16()))) sets.pictures[pps->id] = *pps;
  return sets;
}

const PictureParameters* ParameterSets::picture(uint32_t id) const {
  if (id > 255) return nullptr;
  const auto found = pictures.find(static_cast<uint8_t>(id));
  return found != pictures.end() && sequences.contains(found->second.sequence_id) ? &found->second : nullptr;
}

std::optional<SliceHeader> SliceHeader::parse(base::ConstBytes nal, const ParameterSets& sets) {
  const auto bytes = unescape(nal.first(std::min(nal.size(), kEnough)));
  BitReader bits(bytes);
  SliceHeader header;
  const auto first = static_cast<uint8_t>(bits.bits(8));
  header.reference = (first & 0x60) != 0;
  header.idr = (first & 0x1f) == kIdrSlice;
  header.first_macroblock = bits.ue();
  header.type = bits.ue() % 5;
  const auto* pps = sets.picture(bits.ue());
  if (!bits.ok() || pps == nullptr) return std::nullopt;
  header.picture_parameters = pps->id;
  const auto& sps = sets.sequence_of(*pps);
  if (header.type > kI || sps.separate_colour_planes) return std::nullopt;  // SP, SI; three pictures in one
  header.frame_num = static_cast<uint32_t>(bits.bits(sps.frame_num_bits));
  if (!sps.frames_only && bits.bit()) return std::nullopt;  // field_pic_flag
  if (header.idr) bits.ue();                                // idr_pic_id
  SliceReader reader{bits, sps, *pps, header};
  reader.read_order_count();
  if (pps->redundant_picture_count) header.redundant = reader.bits.ue();
  // Of a B picture it is enough to know that it is one.
  if (header.type == kB) return reader.bits.ok() ? std::optional(header) : std::nullopt;
  if (header.type == kP) {
    reader.read_reference_count();
    if (!reader.skip_list_modification()) return std::nullopt;
    if (pps->weighted_prediction) reader.skip_weights();
  }
  if (header.reference && header.idr) reader.read_idr_marking();
  if (header.reference && !header.idr && !reader.read_marking()) return std::nullopt;
  return reader.bits.ok() ? std::optional(header) : std::nullopt;
}

}  // namespace heliograph::hls
