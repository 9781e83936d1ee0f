// SPDX-License-Identifier: Apache-2.0
#include "rtcp/receiver_report.h"

namespace heliograph::rtcp {

std::optional<ReceiverReport> ReceiverReport::parse(const Block& block) {
  if (!block.is(PacketType::kReceiverReport)) return std::nullopt;
  base::ByteReader in(block.body);
  ReceiverReport r;
  r.sender = base::Ssrc(in.u32());
  read_reports(in, block.count, r.reports);
  if (!in.ok()) return std::nullopt;
  return r;
}

void ReceiverReport::write(base::ByteWriter& out) const {
  write_block_header(out, PacketType::kReceiverReport, static_cast<uint8_t>(reports.size()),
                     4 + reports.size() * ReportBlock::kSize);
  out.u32(sender.value);
  write_reports(out, reports);
}

}  // namespace heliograph::rtcp
