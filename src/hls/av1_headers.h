// SPDX-License-Identifier: Apache-2.0
// Headers of AV1 (AV1 Bitstream & Decoding Process Specification, with errata 1), as far as a configuration record and
// the frame buffers ask for them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::hls {

enum class ObuType : uint8_t {
  kSequenceHeader = 1,
  kTemporalDelimiter = 2,
  kFrameHeader = 3,
  kTileGroup = 4,
  kMetadata = 5,
  kFrame = 6,
  kRedundantFrameHeader = 7,
  kTileList = 8,
  kPadding = 15,
};

// An open bitstream unit (section 5.3).
struct Obu {
  ObuType type = ObuType::kPadding;
  std::optional<uint8_t> extension;  // temporal_id, spatial_id and three reserved bits
  base::ConstBytes payload;
  base::ConstBytes whole;  // with its header and size
};
// Takes the first OBU off `stream`, in the low-overhead format (one without obu_has_size_field reaches to the end);
// nullopt: there is none that is whole.
std::optional<Obu> take_obu(base::ConstBytes& stream);

struct Av1SequenceHeader {
  static constexpr uint8_t kSelect = 2;  // SELECT_SCREEN_CONTENT_TOOLS, SELECT_INTEGER_MV

  uint8_t profile = 0;
  bool reduced_still_picture = false;
  bool decoder_model = false;  // decoder_model_info_present_flag
  uint8_t level = 0;           // seq_level_idx[0]
  bool high_tier = false;      // seq_tier[0]
  uint32_t width = 0;          // max_frame_width_minus_1 + 1
  uint32_t height = 0;
  uint8_t frame_id_bits = 0;  // idLen; 0: frames have no ids
  uint8_t screen_content_tools = kSelect;
  uint8_t integer_mv = kSelect;
  uint8_t order_hint_bits = 0;
  // color_config()
  uint8_t bit_depth = 8;
  bool monochrome = false;
  uint8_t primaries = 2;  // 2: unspecified
  uint8_t transfer = 2;
  uint8_t matrix = 2;
  bool full_range = false;
  bool subsampling_x = true;
  bool subsampling_y = true;
  uint8_t chroma_position = 0;

  static std::optional<Av1SequenceHeader> parse(base::ConstBytes payload);
};

struct Av1FrameHeader {
  static constexpr uint8_t kKey = 0;  // frame_type

  std::optional<uint8_t> shows_existing;  // frame_to_show_map_idx; nothing below is there then
  uint8_t type = kKey;
  bool shown = false;
  bool showable = false;
  uint32_t id = 0;        // current_frame_id
  uint8_t refreshed = 0;  // refresh_frame_flags: a bit for each slot

  // payload: of a frame header or a frame. Streams with a decoder model: nullopt.
  static std::optional<Av1FrameHeader> parse(base::ConstBytes payload, const Av1SequenceHeader& sequence);
};

}  // namespace heliograph::hls
