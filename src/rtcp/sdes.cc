// SPDX-License-Identifier: Apache-2.0
#include "rtcp/sdes.h"

#include <algorithm>

namespace heliograph::rtcp {
namespace {

constexpr uint8_t kEnd = 0;
constexpr uint8_t kCname = 1;

std::string_view limited(std::string_view text) { return text.substr(0, 255); }

// SSRC, items, and one to four zero bytes up to the next word (RFC 3550 section 6.5).
constexpr size_t padded_size(size_t items_size) { return (4 + items_size + 1 + 3) / 4 * 4; }

size_t chunk_size(std::string_view cname) { return padded_size(2 + limited(cname).size()); }

SourceDescription::Chunk read_chunk(base::ByteReader& in) {
  const size_t before = in.left();
  SourceDescription::Chunk chunk{base::Ssrc(in.u32()), {}};
  while (const uint8_t item = in.u8()) {
    const auto text = base::as_text(in.bytes(in.u8()));
    if (item == kCname) chunk.cname = text;
  }
  in.skip((4 - (before - in.left()) % 4) % 4);
  return chunk;
}

void write_chunk(base::ByteWriter& out, const SourceDescription::Chunk& chunk) {
  const auto cname = limited(chunk.cname);
  out.u32(chunk.source.value);
  out.u8(kCname);
  out.u8(static_cast<uint8_t>(cname.size()));
  out.bytes(base::as_bytes(cname));
  for (size_t n = 4 + 2 + cname.size(); n < chunk_size(cname); ++n) out.u8(kEnd);
}

}  // namespace

std::optional<SourceDescription> SourceDescription::parse(const Block& block) {
  if (!block.is(PacketType::kSourceDescription)) return std::nullopt;
  base::ByteReader in(block.body);
  SourceDescription s;
  for (uint8_t i = 0; i < block.count; ++i) s.chunks.push_back(read_chunk(in));
  if (!in.ok()) return std::nullopt;
  return s;
}

void SourceDescription::write(base::ByteWriter& out) const {
  size_t body = 0;
  for (const auto& chunk : chunks) body += chunk_size(chunk.cname);
  write_block_header(out, PacketType::kSourceDescription, static_cast<uint8_t>(chunks.size()), body);
  for (const auto& chunk : chunks) write_chunk(out, chunk);
}

}  // namespace heliograph::rtcp
