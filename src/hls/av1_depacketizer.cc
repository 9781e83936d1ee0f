// SPDX-License-Identifier: Apache-2.0
#include "hls/av1_depacketizer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "hls/av1_headers.h"
#include "hls/bit_reader.h"
#include "rtp/av1.h"

namespace heliograph::hls {
namespace {

using Element = std::vector<uint8_t>;

// The OBU elements of a temporal unit, joined over its packets (section 4.4: Z and Y); nullopt where one is cut.
std::optional<std::vector<Element>> elements(std::span<const base::ConstBytes> payloads) {
  std::vector<Element> joined;
  bool open = false;
  for (const auto payload : payloads) {
    const auto header = rtp::Av1AggregationHeader::parse(payload);
    if (!header) continue;  // padding
    if (header->continues_obu != open) return std::nullopt;
    rtp::each_av1_element(payload, [&](base::ConstBytes element) {
      if (!open) joined.emplace_back();
      open = false;
      append(joined.back(), element);
      return true;
    });
    open = header->obu_continues && !joined.empty();
  }
  if (open) return std::nullopt;
  return joined;
}

void append_leb128(std::vector<uint8_t>& out, size_t value) {
  for (; value > 0x7f; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

// The low-overhead format: every OBU has its size (AV1 specification section 5.2).
void append_obu(std::vector<uint8_t>& out, const Obu& obu) {
  constexpr uint8_t kExtension = 0x04, kHasSize = 0x02;
  const auto type = static_cast<uint8_t>(static_cast<uint8_t>(obu.type) << 3);
  out.push_back(static_cast<uint8_t>(type | kHasSize | (obu.extension ? kExtension : 0)));
  if (obu.extension) out.push_back(*obu.extension);
  append_leb128(out, obu.payload.size());
  append(out, obu.payload);
}

// AV1 ISOBMFF section 2.5: a sample has no temporal delimiters, tile lists and padding.
bool belongs_in_sample(ObuType type) {
  return type != ObuType::kTemporalDelimiter && type != ObuType::kTileList && type != ObuType::kPadding;
}

bool has_frame_header(ObuType type) { return type == ObuType::kFrame || type == ObuType::kFrameHeader; }

// A frame that is shown and refers to none (AV1 specification section 5.9.2: the first fields of a frame header). What
// shows a keyframe of before is no place to begin, nor is one that is to be shown later.
bool is_shown_keyframe(base::ConstBytes frame_header, const Av1SequenceHeader& sequence) {
  if (sequence.reduced_still_picture) return true;
  BitReader in(frame_header);
  const bool shows_existing = in.bit();
  const auto type = in.bits(2);
  const bool shown = in.bit();
  return in.ok() && !shows_existing && type == Av1FrameHeader::kKey && shown;
}

// AV1CodecConfigurationRecord (AV1 ISOBMFF section 2.3.3), and section 5 for the string.
VideoConfig config_of(const Obu& header, const Av1SequenceHeader& sequence) {
  const bool high_depth = sequence.bit_depth > 8, twelve = sequence.bit_depth == 12;
  VideoConfig config{.codec = plan::Codec::kAv1,
                     .record = {0x81, static_cast<uint8_t>(sequence.profile << 5 | sequence.level),
                                static_cast<uint8_t>(sequence.high_tier << 7 | high_depth << 6 | twelve << 5 |
                                                     sequence.monochrome << 4 | sequence.subsampling_x << 3 |
                                                     sequence.subsampling_y << 2 | sequence.chroma_position),
                                0},
                     .codecs = fmt::format("av01.{}.{:02}{}.{:02}", sequence.profile, sequence.level,
                                           sequence.high_tier ? 'H' : 'M', sequence.bit_depth),
                     .width = static_cast<uint16_t>(sequence.width),
                     .height = static_cast<uint16_t>(sequence.height)};
  append_obu(config.record, header);
  return config;
}

std::vector<Obu> obus_of(base::ConstBytes element) {
  std::vector<Obu> obus;
  while (const auto obu = take_obu(element)) obus.push_back(*obu);
  return obus;
}

}  // namespace

bool Av1Depacketizer::starts_keyframe(base::ConstBytes payload) const {
  const auto header = rtp::Av1AggregationHeader::parse(payload);
  return header && !header->continues_obu && rtp::av1_starts_keyframe(payload);
}

std::optional<CodedPicture> Av1Depacketizer::assemble(std::span<const base::ConstBytes> payloads) {
  const auto joined = elements(payloads);
  if (!joined) return std::nullopt;
  CodedPicture picture;
  std::optional<Av1SequenceHeader> sequence;
  std::optional<Obu> sequence_obu;
  bool frame = false;
  for (const auto& element : *joined) {
    for (const auto& obu : obus_of(element)) {
      if (obu.type == ObuType::kSequenceHeader && !sequence) {
        sequence = Av1SequenceHeader::parse(obu.payload);
        sequence_obu = obu;
      }
      if (has_frame_header(obu.type) && !std::exchange(frame, true))
        picture.keyframe = sequence && is_shown_keyframe(obu.payload, *sequence);
      if (belongs_in_sample(obu.type)) append_obu(picture.data, obu);
    }
  }
  if (!frame) return CodedPicture();
  picture.keyframe = picture.keyframe && std::max(sequence->width, sequence->height) <= UINT16_MAX;
  if (picture.keyframe) picture.config = config_ = same_or_new(config_, config_of(*sequence_obu, *sequence));
  return picture;
}

}  // namespace heliograph::hls
