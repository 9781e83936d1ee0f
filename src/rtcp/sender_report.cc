// SPDX-License-Identifier: Apache-2.0
#include "rtcp/sender_report.h"

namespace heliograph::rtcp {
namespace {
constexpr size_t kSenderSize = 24;  // SSRC and sender information
}  // namespace

std::optional<SenderReport> SenderReport::parse(const Block& block) {
  if (!block.is(PacketType::kSenderReport)) return std::nullopt;
  base::ByteReader in(block.body);
  SenderReport r;
  r.sender = base::Ssrc(in.u32());
  r.ntp = {in.u64()};
  r.rtp_timestamp = in.u32();
  r.packet_count = in.u32();
  r.octet_count = in.u32();
  read_reports(in, block.count, r.reports);
  if (!in.ok()) return std::nullopt;
  return r;
}

void SenderReport::write(base::ByteWriter& out) const {
  write_block_header(out, PacketType::kSenderReport, static_cast<uint8_t>(reports.size()),
                     kSenderSize + reports.size() * ReportBlock::kSize);
  out.u32(sender.value);
  out.u64(ntp.value);
  out.u32(rtp_timestamp);
  out.u32(packet_count);
  out.u32(octet_count);
  write_reports(out, reports);
}

}  // namespace heliograph::rtcp
