// SPDX-License-Identifier: Apache-2.0
#include "rtcp/bye.h"

namespace heliograph::rtcp {

std::optional<Bye> Bye::parse(const Block& block) {
  if (!block.is(PacketType::kBye)) return std::nullopt;
  base::ByteReader in(block.body);
  Bye bye;
  for (uint8_t i = 0; i < block.count; ++i) bye.sources.push_back(base::Ssrc(in.u32()));
  if (in.left() > 0) bye.reason = base::as_text(in.bytes(in.u8()));
  if (!in.ok()) return std::nullopt;
  return bye;
}

void Bye::write(base::ByteWriter& out) const {
  const auto text = reason.substr(0, 255);
  const size_t reason_size = text.empty() ? 0 : (1 + text.size() + 3) / 4 * 4;
  write_block_header(out, PacketType::kBye, static_cast<uint8_t>(sources.size()), 4 * sources.size() + reason_size);
  for (const auto source : sources) out.u32(source.value);
  if (text.empty()) return;
  out.u8(static_cast<uint8_t>(text.size()));
  out.bytes(base::as_bytes(text));
  for (size_t n = 1 + text.size(); n < reason_size; ++n) out.u8(0);
}

}  // namespace heliograph::rtcp
