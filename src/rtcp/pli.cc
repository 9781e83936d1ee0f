// SPDX-License-Identifier: Apache-2.0
#include "rtcp/pli.h"

namespace heliograph::rtcp {

std::optional<PictureLossIndication> PictureLossIndication::parse(const Block& block) {
  if (!block.is(PacketType::kPayloadSpecificFeedback, kFormat)) return std::nullopt;
  base::ByteReader in(block.body);
  const PictureLossIndication pli{read_feedback_sources(in)};
  if (!in.ok()) return std::nullopt;
  return pli;
}

void PictureLossIndication::write(base::ByteWriter& out) const {
  write_feedback_header(out, PacketType::kPayloadSpecificFeedback, kFormat, sources, 0);
}

}  // namespace heliograph::rtcp
