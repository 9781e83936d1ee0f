// SPDX-License-Identifier: Apache-2.0
#include "rtcp/extended_report.h"

namespace heliograph::rtcp {
namespace {

// Block types (RFC 3611 sections 4.4 and 4.5).
constexpr uint8_t kReceiverReferenceTime = 4;
constexpr uint8_t kDlrr = 5;
constexpr size_t kReferenceTimeSize = 8;
constexpr size_t kDlrrItemSize = 12;

void read_dlrr(base::ByteReader in, ExtendedReport& report) {
  while (in.left() >= kDlrrItemSize) {
    const base::Ssrc receiver(in.u32());
    const uint32_t last = in.u32();
    if (!report.dlrr.push_back({receiver, last, in.u32()})) return;
  }
}

void write_report_header(base::ByteWriter& out, uint8_t type, size_t size) {
  out.u8(type);
  out.u8(0);
  out.u16(static_cast<uint16_t>(size / 4));
}

}  // namespace

std::optional<ExtendedReport> ExtendedReport::parse(const Block& block) {
  if (!block.is(PacketType::kExtendedReport)) return std::nullopt;
  base::ByteReader in(block.body);
  ExtendedReport report;
  report.sender = base::Ssrc(in.u32());
  while (in.left() > 0) {
    const uint8_t type = in.u8();
    in.skip(1);
    base::ByteReader content(in.bytes(size_t{4} * in.u16()));
    if (type == kReceiverReferenceTime && content.left() == kReferenceTimeSize)
      report.receiver_reference_time = base::NtpTime{content.u64()};
    if (type == kDlrr) read_dlrr(content, report);
  }
  if (!in.ok()) return std::nullopt;
  return report;
}

void ExtendedReport::write(base::ByteWriter& out) const {
  const size_t rrtr = receiver_reference_time ? 4 + kReferenceTimeSize : 0;
  const size_t items = kDlrrItemSize * dlrr.size();
  write_block_header(out, PacketType::kExtendedReport, 0, 4 + rrtr + (items == 0 ? 0 : 4 + items));
  out.u32(sender.value);
  if (receiver_reference_time) {
    write_report_header(out, kReceiverReferenceTime, kReferenceTimeSize);
    out.u64(receiver_reference_time->value);
  }
  if (items == 0) return;
  write_report_header(out, kDlrr, items);
  for (const auto& item : dlrr) {
    out.u32(item.receiver.value);
    out.u32(item.last_receiver_report);
    out.u32(item.delay_since_last);
  }
}

}  // namespace heliograph::rtcp
