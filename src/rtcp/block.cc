// SPDX-License-Identifier: Apache-2.0
#include "rtcp/block.h"

namespace heliograph::rtcp {

std::optional<Block> BlockReader::next() {
  if (malformed_ || rest_.empty()) return std::nullopt;
  malformed_ = true;
  base::ByteReader in(rest_);
  const uint8_t first = in.u8();
  const uint8_t type = in.u8();
  auto body = in.bytes(size_t{4} * in.u16());
  if (!in.ok() || first >> 6 != 2) return std::nullopt;
  if ((first & 0x20) != 0) {  // padding; RFC 3550 section 6.4.1
    if (body.empty() || body.back() == 0 || body.back() > body.size()) return std::nullopt;
    body = body.first(body.size() - body.back());
  }
  rest_ = in.rest();
  malformed_ = false;
  return Block{static_cast<PacketType>(type), static_cast<uint8_t>(first & 0x1f), body};
}

void write_block_header(base::ByteWriter& out, PacketType type, uint8_t count, size_t body_size) {
  out.u8(static_cast<uint8_t>(0x80 | (count & 0x1f)));
  out.u8(static_cast<uint8_t>(type));
  out.u16(static_cast<uint16_t>(body_size / 4));
}

FeedbackSources read_feedback_sources(base::ByteReader& in) {
  const base::Ssrc sender(in.u32());
  return {sender, base::Ssrc(in.u32())};
}

void write_feedback_header(base::ByteWriter& out, PacketType type, uint8_t format, const FeedbackSources& sources,
                           size_t fci_size) {
  write_block_header(out, type, format, kFeedbackSourcesSize + fci_size);
  out.u32(sources.sender.value);
  out.u32(sources.media.value);
}

}  // namespace heliograph::rtcp
