// SPDX-License-Identifier: Apache-2.0
#include "hls/opus_packet.h"

#include <array>

namespace heliograph::hls {
namespace {

constexpr size_t kMaxFrame = 1275;        // bytes (RFC 6716 section 3.4, R2)
constexpr uint32_t kMaxDuration = 5'760;  // 120 ms (R5)
constexpr uint32_t kShortest = 120;       // 2.5 ms

// Of one frame, by the configuration number (RFC 6716 section 3.1, table 2).
constexpr uint32_t frame_duration(uint8_t toc) {
  const uint8_t config = toc >> 3;
  if (config >= 16) return kShortest << (config & 3);         // CELT: 2.5, 5, 10, 20 ms
  if (config >= 12) return 480u << (config & 1);              // hybrid: 10, 20 ms
  return std::array{480u, 960u, 1'920u, 2'880u}[config & 3];  // SILK: 10, 20, 40, 60 ms
}

// RFC 6716 section 3.2.1.
size_t read_length(base::ByteReader& reader) {
  const size_t first = reader.u8();
  return first < 252 ? first : first + 4 * size_t{reader.u8()};
}

bool are_equal_frames(size_t bytes, size_t frames) { return bytes % frames == 0 && bytes / frames <= kMaxFrame; }

bool is_two_frames(base::ByteReader& reader) {  // code 2 (RFC 6716 section 3.2.4)
  const size_t length = read_length(reader);
  return reader.ok() && length <= kMaxFrame && length <= reader.left() && reader.left() - length <= kMaxFrame;
}

// All but the last of the frames have their length in front (RFC 6716 section 3.2.5).
bool are_sized_frames(base::ByteReader& reader, size_t frames, size_t padding) {
  size_t sum = 0;
  for (size_t i = 1; i < frames; ++i) {
    const size_t length = read_length(reader);
    if (length > kMaxFrame) return false;
    sum += length;
  }
  return reader.ok() && sum + padding <= reader.left() && reader.left() - sum - padding <= kMaxFrame;
}

bool are_many_frames(base::ByteReader& reader, uint8_t count_byte) {  // code 3
  const size_t frames = count_byte & 0x3f;
  size_t padding = 0;
  if (count_byte & 0x40) {
    uint8_t more = 0;
    do {
      more = reader.u8();
      padding += more == 255 ? 254 : more;
    } while (more == 255);
  }
  if (count_byte & 0x80) return are_sized_frames(reader, frames, padding);
  return reader.ok() && padding <= reader.left() && are_equal_frames(reader.left() - padding, frames);
}

}  // namespace

std::optional<OpusPacket> parse_opus_packet(base::ConstBytes payload) {
  if (payload.empty()) return std::nullopt;  // R1
  base::ByteReader reader(payload);
  const uint8_t toc = reader.u8();
  OpusPacket packet{.duration = frame_duration(toc), .stereo = (toc & 4) != 0};
  bool whole = false;
  switch (toc & 3) {
    case 0:
      whole = reader.left() <= kMaxFrame;
      break;
    case 1:
      packet.duration *= 2;
      whole = are_equal_frames(reader.left(), 2);  // R3
      break;
    case 2:
      packet.duration *= 2;
      whole = is_two_frames(reader);  // R4
      break;
    default:
      const uint8_t count_byte = reader.u8();
      packet.duration *= count_byte & 0x3f;
      whole = packet.duration > 0 && packet.duration <= kMaxDuration && are_many_frames(reader, count_byte);  // R5–R7
  }
  return whole ? std::optional(packet) : std::nullopt;
}

// One frame of CELT over the full band whose first symbol, the silence flag, is set (RFC 6716 section 4.3, table 56).
base::ConstBytes opus_silence(int64_t room) {
  static constexpr std::array<std::array<uint8_t, 3>, 4> kPackets = {
      {{31 << 3 | 4, 0xff, 0xfe}, {30 << 3 | 4, 0xff, 0xfe}, {29 << 3 | 4, 0xff, 0xfe}, {28 << 3 | 4, 0xff, 0xfe}}};
  int64_t duration = 8 * kShortest;
  for (const auto& packet : kPackets) {
    if (duration <= room) return packet;
    duration /= 2;
  }
  return {};
}

}  // namespace heliograph::hls
