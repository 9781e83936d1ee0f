// SPDX-License-Identifier: Apache-2.0
#include "rtcp/fir.h"

namespace heliograph::rtcp {
namespace {
constexpr size_t kItemSize = 8;
}  // namespace

std::optional<FullIntraRequest> FullIntraRequest::parse(const Block& block) {
  if (!block.is(PacketType::kPayloadSpecificFeedback, kFormat)) return std::nullopt;
  base::ByteReader in(block.body);
  FullIntraRequest fir;
  fir.sender = read_feedback_sources(in).sender;
  while (in.left() >= kItemSize) {
    const base::Ssrc source(in.u32());
    if (!fir.items.push_back({source, in.u8()})) break;
    in.skip(3);  // reserved
  }
  if (!in.ok() || fir.items.empty()) return std::nullopt;
  return fir;
}

void FullIntraRequest::write(base::ByteWriter& out) const {
  write_feedback_header(out, PacketType::kPayloadSpecificFeedback, kFormat, {sender, base::Ssrc(0)},
                        kItemSize * items.size());
  for (const auto& item : items) {
    out.u32(item.source.value);
    out.u8(item.sequence_number);
    out.u24(0);
  }
}

}  // namespace heliograph::rtcp
