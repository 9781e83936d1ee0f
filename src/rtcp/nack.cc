// SPDX-License-Identifier: Apache-2.0
#include "rtcp/nack.h"

namespace heliograph::rtcp {

std::optional<Nack> Nack::parse(const Block& block) {
  if (!block.is(PacketType::kTransportLayerFeedback, kFormat)) return std::nullopt;
  base::ByteReader in(block.body);
  Nack nack;
  nack.sources = read_feedback_sources(in);
  while (in.left() >= 4) {
    const uint16_t packet_id = in.u16();
    if (!nack.items.push_back({packet_id, in.u16()})) break;
  }
  if (!in.ok() || nack.items.empty()) return std::nullopt;
  return nack;
}

Nack Nack::pack(const FeedbackSources& sources, std::span<const uint16_t> lost) {
  Nack nack;
  nack.sources = sources;
  for (const uint16_t number : lost) {
    const auto distance = nack.items.empty() ? 0 : static_cast<uint16_t>(number - nack.items.back().packet_id);
    if (!nack.items.empty() && distance == 0) continue;
    if (distance >= 1 && distance <= 16) {
      nack.items.back().bitmask |= static_cast<uint16_t>(1 << (distance - 1));
    } else if (!nack.items.push_back({number, 0})) {
      break;
    }
  }
  return nack;
}

void Nack::write(base::ByteWriter& out) const {
  write_feedback_header(out, PacketType::kTransportLayerFeedback, kFormat, sources, 4 * items.size());
  for (const auto& item : items) {
    out.u16(item.packet_id);
    out.u16(item.bitmask);
  }
}

}  // namespace heliograph::rtcp
