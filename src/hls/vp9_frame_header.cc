// SPDX-License-Identifier: Apache-2.0
#include "hls/vp9_frame_header.h"

#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

constexpr uint64_t kSyncCode = 0x498342;  // section 6.2.1
constexpr uint8_t kAll = 0xff;

// Section 6.2.2.
void read_colours(BitReader& reader, Vp9FrameHeader& header) {
  constexpr uint8_t kRgb = 7;
  if (header.profile >= 2) header.bit_depth = reader.bit() ? 12 : 10;
  header.colour_space = static_cast<uint8_t>(reader.bits(3));
  const bool sampled = header.profile == 1 || header.profile == 3;
  if (header.colour_space != kRgb) {
    header.full_range = reader.bit();
    if (!sampled) return;
    header.subsampling_x = reader.bit();
    header.subsampling_y = reader.bit();
    reader.bit();
    return;
  }
  header.full_range = true;
  if (!sampled) return;
  header.subsampling_x = header.subsampling_y = false;
  reader.bit();
}

void read_size(BitReader& reader, Vp9FrameHeader& header) {
  header.width = static_cast<uint32_t>(reader.bits(16)) + 1;
  header.height = static_cast<uint32_t>(reader.bits(16)) + 1;
}

// Section 6.2.5.
void read_size_with_references(BitReader& reader, Vp9FrameHeader& header) {
  reader.skip(3 * 4);  // ref_frame_idx, ref_frame_sign_bias
  for (int i = 0; i < 3; ++i)
    if (reader.bit()) return;  // found_ref
  read_size(reader, header);
}

bool read_keyframe(BitReader& reader, Vp9FrameHeader& header) {
  if (reader.bits(24) != kSyncCode) return false;
  read_colours(reader, header);
  read_size(reader, header);
  header.refreshed = kAll;
  return true;
}

bool read_other_frame(BitReader& reader, bool error_resilient, Vp9FrameHeader& header) {
  const bool intra_only = !header.shown && reader.bit();
  if (!error_resilient) reader.bits(2);  // reset_frame_context
  if (intra_only) {
    if (reader.bits(24) != kSyncCode) return false;
    if (header.profile > 0) read_colours(reader, header);
  }
  header.refreshed = static_cast<uint8_t>(reader.bits(8));
  if (intra_only) {
    read_size(reader, header);
  } else {
    read_size_with_references(reader, header);
  }
  return true;
}

}  // namespace

std::optional<Vp9FrameHeader> Vp9FrameHeader::parse(base::ConstBytes frame) {
  BitReader reader(frame);
  if (reader.bits(2) != 2) return std::nullopt;  // frame_marker
  Vp9FrameHeader header;
  const bool low = reader.bit(), high = reader.bit();
  header.profile = static_cast<uint8_t>((high ? 2 : 0) + (low ? 1 : 0));
  if (header.profile == 3 && reader.bit()) return std::nullopt;
  if (reader.bit()) {
    header.shows_existing = static_cast<uint8_t>(reader.bits(3));
    return reader.ok() ? std::optional(header) : std::nullopt;
  }
  header.keyframe = !reader.bit();
  header.shown = reader.bit();
  const bool error_resilient = reader.bit();
  const bool whole =
      header.keyframe ? read_keyframe(reader, header) : read_other_frame(reader, error_resilient, header);
  return whole && reader.ok() ? std::optional(header) : std::nullopt;
}

std::vector<base::ConstBytes> split_superframe(base::ConstBytes sample) {
  if (sample.empty()) return {};
  const uint8_t marker = sample.back();
  if ((marker & 0xe0) != 0xc0) return {sample};
  const size_t frames = (marker & 7U) + 1, size_bytes = (marker >> 3 & 3U) + 1, index = 2 + frames * size_bytes;
  if (sample.size() < index || sample[sample.size() - index] != marker) return {sample};
  auto sizes = sample.last(index).subspan(1);
  auto rest = sample.first(sample.size() - index);
  std::vector<base::ConstBytes> split;
  for (size_t i = 0; i < frames; ++i, sizes = sizes.subspan(size_bytes)) {
    size_t size = 0;
    for (size_t k = 0; k < size_bytes; ++k) size |= size_t{sizes[k]} << 8 * k;
    if (size > rest.size()) return {};
    if (size > 0) split.push_back(rest.first(size));
    rest = rest.subspan(size);
  }
  return split;
}

}  // namespace heliograph::hls
