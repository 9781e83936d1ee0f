// SPDX-License-Identifier: Apache-2.0
#include "hls/av1_headers.h"

#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

constexpr uint8_t kAll = 0xff;

uint8_t byte(BitReader& reader, unsigned bits) { return static_cast<uint8_t>(reader.bits(bits)); }

// Section 4.10.3.
void skip_uvlc(BitReader& reader) {
  unsigned zeros = 0;
  while (reader.ok() && !reader.bit()) ++zeros;
  if (zeros < 32) reader.skip(zeros);
}

// Sections 5.5.3 and 5.5.4. How many bits a buffer delay has; 0 where there is no decoder model.
unsigned read_timing(BitReader& reader) {
  reader.skip(64);
  if (reader.bit()) skip_uvlc(reader);  // equal_picture_interval
  if (!reader.bit()) return 0;          // decoder_model_info_present_flag
  const unsigned delay_bits = byte(reader, 5) + 1;
  reader.skip(42);
  return delay_bits;
}

// Section 5.5.1.
void read_operating_points(BitReader& reader, Av1SequenceHeader& header) {
  const unsigned delay_bits = reader.bit() ? read_timing(reader) : 0;
  header.decoder_model = delay_bits > 0;
  const bool display_delay = reader.bit();
  const unsigned points = byte(reader, 5) + 1;
  for (unsigned i = 0; i < points && reader.ok(); ++i) {
    reader.skip(12);  // operating_point_idc
    const uint8_t level = byte(reader, 5);
    const bool high_tier = level > 7 && reader.bit();
    if (i == 0) header.level = level, header.high_tier = high_tier;
    if (delay_bits > 0 && reader.bit()) reader.skip(2 * delay_bits + 1);
    if (display_delay && reader.bit()) reader.skip(4);
  }
}

void read_size(BitReader& reader, Av1SequenceHeader& header) {
  const unsigned width_bits = byte(reader, 4) + 1, height_bits = byte(reader, 4) + 1;
  header.width = static_cast<uint32_t>(reader.bits(width_bits)) + 1;
  header.height = static_cast<uint32_t>(reader.bits(height_bits)) + 1;
}

void read_frame_ids(BitReader& reader, Av1SequenceHeader& header) {
  if (!reader.bit()) return;
  const unsigned delta_bits = byte(reader, 4) + 2;
  header.frame_id_bits = static_cast<uint8_t>(byte(reader, 3) + delta_bits + 1);
}

void read_inter_tools(BitReader& reader, Av1SequenceHeader& header) {
  reader.skip(4);  // interintra, masked, warped, dual filter
  const bool order_hints = reader.bit();
  if (order_hints) reader.skip(2);
  header.screen_content_tools = reader.bit() ? Av1SequenceHeader::kSelect : byte(reader, 1);
  if (header.screen_content_tools > 0 && !reader.bit()) header.integer_mv = byte(reader, 1);
  if (order_hints) header.order_hint_bits = static_cast<uint8_t>(byte(reader, 3) + 1);
}

void read_subsampling(BitReader& reader, Av1SequenceHeader& header) {
  if (header.profile == 0) return;  // 4:2:0
  header.subsampling_x = header.subsampling_y = false;
  if (header.profile == 1) return;  // 4:4:4
  if (header.bit_depth == 12) {
    header.subsampling_x = reader.bit();
    header.subsampling_y = header.subsampling_x && reader.bit();
  } else {
    header.subsampling_x = true;
  }
}

// Section 5.5.2.
void read_colours(BitReader& reader, Av1SequenceHeader& header) {
  constexpr uint8_t kBt709 = 1, kSrgb = 13, kIdentity = 0;
  const bool high_depth = reader.bit();
  const bool twelve = header.profile == 2 && high_depth && reader.bit();
  header.bit_depth = twelve ? 12 : high_depth ? 10 : 8;
  header.monochrome = header.profile != 1 && reader.bit();
  if (reader.bit()) {
    header.primaries = byte(reader, 8);
    header.transfer = byte(reader, 8);
    header.matrix = byte(reader, 8);
  }
  if (header.monochrome) {
    header.full_range = reader.bit();
    return;
  }
  if (header.primaries == kBt709 && header.transfer == kSrgb && header.matrix == kIdentity) {
    header.full_range = true;
    header.subsampling_x = header.subsampling_y = false;
    return;
  }
  header.full_range = reader.bit();
  read_subsampling(reader, header);
  if (header.subsampling_x && header.subsampling_y) header.chroma_position = byte(reader, 2);
}

}  // namespace

std::optional<Obu> take_obu(base::ConstBytes& stream) {
  constexpr uint8_t kForbidden = 0x80, kHasExtension = 0x04, kHasSize = 0x02;
  base::ByteReader reader(stream);
  const uint8_t first = reader.u8();
  if (!reader.ok() || (first & kForbidden) != 0) return std::nullopt;
  Obu obu{.type = static_cast<ObuType>(first >> 3 & 15), .extension = {}, .payload = {}, .whole = {}};
  if ((first & kHasExtension) != 0) obu.extension = reader.u8();
  uint64_t size = 0;
  if ((first & kHasSize) != 0) {  // leb128(), section 4.10.5
    for (unsigned i = 0, more = 1; more != 0; ++i) {
      if (i == 8) return std::nullopt;
      const uint8_t digit = reader.u8();
      size |= uint64_t{digit & 0x7fU} << 7 * i;
      more = digit & 0x80U;
    }
  } else {
    size = reader.left();
  }
  if (!reader.ok() || size > reader.left()) return std::nullopt;
  obu.payload = reader.bytes(size);
  obu.whole = stream.first(stream.size() - reader.left());
  stream = reader.rest();
  return obu;
}

// Section 5.5.1.
std::optional<Av1SequenceHeader> Av1SequenceHeader::parse(base::ConstBytes payload) {
  BitReader reader(payload);
  Av1SequenceHeader header;
  header.profile = byte(reader, 3);
  reader.bit();  // still_picture
  header.reduced_still_picture = reader.bit();
  if (header.reduced_still_picture) {
    header.level = byte(reader, 5);
  } else {
    read_operating_points(reader, header);
  }
  read_size(reader, header);
  if (!header.reduced_still_picture) read_frame_ids(reader, header);
  reader.skip(3);  // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!header.reduced_still_picture) read_inter_tools(reader, header);
  reader.skip(3);  // enable_superres, enable_cdef, enable_restoration
  read_colours(reader, header);
  return reader.ok() && header.profile <= 2 ? std::optional(header) : std::nullopt;
}

// Section 5.9.2.
std::optional<Av1FrameHeader> Av1FrameHeader::parse(base::ConstBytes payload, const Av1SequenceHeader& sequence) {
  constexpr uint8_t kIntraOnly = 2, kSwitch = 3;
  if (sequence.decoder_model) return std::nullopt;
  if (sequence.reduced_still_picture)
    return Av1FrameHeader{
        .shows_existing = {}, .type = kKey, .shown = true, .showable = false, .id = 0, .refreshed = kAll};
  BitReader reader(payload);
  Av1FrameHeader header;
  if (reader.bit()) {
    header.shows_existing = byte(reader, 3);
    return reader.ok() ? std::optional(header) : std::nullopt;
  }
  header.type = byte(reader, 2);
  header.shown = reader.bit();
  header.showable = header.shown ? header.type != kKey : reader.bit();
  const bool everything = header.type == kSwitch || (header.type == kKey && header.shown);
  const bool error_resilient = everything || reader.bit();
  reader.bit();  // disable_cdf_update
  const bool tools =
      sequence.screen_content_tools == Av1SequenceHeader::kSelect ? reader.bit() : sequence.screen_content_tools != 0;
  if (tools && sequence.integer_mv == Av1SequenceHeader::kSelect) reader.bit();  // force_integer_mv
  header.id = static_cast<uint32_t>(reader.bits(sequence.frame_id_bits));
  if (header.type != kSwitch) reader.bit();  // frame_size_override_flag
  reader.skip(sequence.order_hint_bits);
  const bool intra = header.type == kKey || header.type == kIntraOnly;
  if (!intra && !error_resilient) reader.skip(3);  // primary_ref_frame
  header.refreshed = everything ? kAll : byte(reader, 8);
  return reader.ok() ? std::optional(header) : std::nullopt;
}

}  // namespace heliograph::hls
