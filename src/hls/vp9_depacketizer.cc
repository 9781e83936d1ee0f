// SPDX-License-Identifier: Apache-2.0
#include "hls/vp9_depacketizer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include <fmt/format.h>

#include "hls/vp9_frame_header.h"
#include "rtp/vp9.h"

namespace heliograph::hls {
namespace {

constexpr size_t kMaxFrames = 8;  // of a superframe (VP9 bitstream specification, annex B.3)

struct Size {
  uint32_t width = 0;
  uint32_t height = 0;
};

// The frames of one picture, a spatial layer each, one behind the other.
struct Layers {
  std::vector<uint8_t> data;
  std::vector<size_t> sizes;  // of each
  uint8_t highest = 0;        // spatial_id
  bool open = false;          // the last frame goes on
  std::array<Size, 8> structure{};
};

// N_S Y G, then a size for each layer (RFC 9628 section 4.2.1).
void read_sizes(base::ConstBytes structure, std::array<Size, 8>& sizes) {
  base::ByteReader in(structure);
  const uint8_t first = in.u8();
  if ((first & 0x10) == 0) return;
  for (size_t i = 0; i <= first >> 5; ++i) {
    sizes[i].width = in.u16();
    sizes[i].height = in.u16();
  }
}

bool add(base::ConstBytes payload, Layers& layers) {
  const auto d = rtp::Vp9Descriptor::parse(payload);
  if (!d || d->start_of_frame == layers.open) return false;
  if (d->start_of_frame) layers.sizes.push_back(0);
  if (layers.sizes.size() > kMaxFrames) return false;
  const auto frame = payload.subspan(size_t{d->size} + d->structure_size);
  append(layers.data, frame);
  layers.sizes.back() += frame.size();
  layers.highest = std::max(layers.highest, d->spatial_id);
  layers.open = !d->end_of_frame;
  if (d->has_structure) read_sizes(payload.subspan(d->size, d->structure_size), layers.structure);
  return true;
}

// Annex B.2: sizes of the frames, least significant byte first, between two marker bytes.
void append_index(std::vector<uint8_t>& data, const std::vector<size_t>& sizes) {
  const auto widest = static_cast<unsigned>(std::bit_width(std::ranges::max(sizes) | 1));
  const unsigned bytes = (widest + 7) / 8;
  const auto marker = static_cast<uint8_t>(0xc0 | (bytes - 1) << 3 | (sizes.size() - 1));
  data.push_back(marker);
  for (const size_t size : sizes)
    for (unsigned i = 0; i < bytes; ++i) data.push_back(static_cast<uint8_t>(size >> 8 * i));
  data.push_back(marker);
}

// The lowest level that has room for the picture at 30 frames a second (VP9 levels, annex A of the specification).
uint8_t level_of(Size size) {
  struct Level {
    uint8_t number;
    uint64_t rate;  // luma samples a second
    uint32_t area;
    uint32_t side;
  };
  constexpr Level kLevels[] = {{10, 829'440, 36'864, 512},
                               {11, 2'764'800, 73'728, 768},
                               {20, 4'608'000, 122'880, 960},
                               {21, 9'216'000, 245'760, 1'344},
                               {30, 20'736'000, 552'960, 2'048},
                               {31, 36'864'000, 983'040, 2'752},
                               {40, 83'558'400, 2'228'224, 4'160},
                               {41, 160'432'128, 2'228'224, 4'160},
                               {50, 311'951'360, 8'912'896, 8'384},
                               {51, 588'251'136, 8'912'896, 8'384},
                               {52, 1'176'502'272, 8'912'896, 8'384},
                               {60, 1'176'502'272, 35'651'584, 16'832},
                               {61, 2'353'004'544, 35'651'584, 16'832}};
  constexpr uint8_t kHighest = 62;
  const uint64_t area = uint64_t{size.width} * size.height;
  const uint32_t side = std::max(size.width, size.height);
  const auto* fits = std::ranges::find_if(
      kLevels, [&](const Level& l) { return area * 30 <= l.rate && area <= l.area && side <= l.side; });
  return fits == std::end(kLevels) ? kHighest : fits->number;
}

// color_space (VP9 section 7.2.2) as colour_primaries, transfer_characteristics, matrix_coefficients of ISO/IEC
// 23091-2.
std::array<uint8_t, 3> colours(const Vp9FrameHeader& header) {
  constexpr std::array<uint8_t, 3> kColours[] = {{2, 2, 2}, {6, 6, 6}, {1, 1, 1}, {6, 6, 6},
                                                 {7, 7, 7}, {9, 1, 9}, {2, 2, 2}, {1, 13, 0}};
  return kColours[header.colour_space & 7];
}

// 1: 4:2:0 collocated with luma (0,0), 2: 4:2:2, 3: 4:4:4 (VP codec binding, "Semantics"); 4:4:0 has no number.
uint8_t subsampling(const Vp9FrameHeader& header) {
  if (!header.subsampling_x) return 3;
  return header.subsampling_y ? 1 : 2;
}

// VPCodecConfigurationRecord.
VideoConfig config_of(const Vp9FrameHeader& header, Size size) {
  const uint8_t level = level_of(size);
  const auto [primaries, transfer, matrix] = colours(header);
  const auto sampling = static_cast<uint8_t>(header.bit_depth << 4 | subsampling(header) << 1 | header.full_range);
  return {.codec = plan::Codec::kVp9,
          .record = {header.profile, level, sampling, primaries, transfer, matrix, 0, 0},
          .codecs = fmt::format("vp09.{:02}.{:02}.{:02}", header.profile, level, header.bit_depth),
          .width = static_cast<uint16_t>(size.width),
          .height = static_cast<uint16_t>(size.height)};
}

}  // namespace

bool Vp9Depacketizer::starts_keyframe(base::ConstBytes payload) const { return rtp::vp9_starts_keyframe(payload); }

std::optional<CodedPicture> Vp9Depacketizer::assemble(std::span<const base::ConstBytes> payloads) {
  Layers layers;
  for (const auto payload : payloads)
    if (!payload.empty() && !add(payload, layers)) return std::nullopt;
  if (layers.data.empty()) return CodedPicture();
  const auto frames = split_superframe(layers.data);
  const auto header = frames.empty() ? std::nullopt : Vp9FrameHeader::parse(frames.front());
  if (layers.open || !header) return std::nullopt;
  CodedPicture picture;
  if (header->keyframe) {
    // The other layers of a keyframe are predicted from its first, and larger.
    const auto largest = layers.structure[layers.highest];
    const bool told = layers.highest > 0 && largest.width != 0 && largest.height != 0;
    const auto size = told ? largest : Size{header->width, header->height};
    if (std::max(size.width, size.height) > UINT16_MAX) return std::nullopt;
    picture.keyframe = true;
    picture.config = config_ = same_or_new(config_, config_of(*header, size));
  }
  if (layers.sizes.size() > 1) append_index(layers.data, layers.sizes);
  picture.data = std::move(layers.data);
  return picture;
}

}  // namespace heliograph::hls
