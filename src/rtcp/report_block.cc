// SPDX-License-Identifier: Apache-2.0
#include "rtcp/report_block.h"

#include <algorithm>

namespace heliograph::rtcp {

ReportBlock ReportBlock::read(base::ByteReader& in) {
  ReportBlock r;
  r.source = base::Ssrc(in.u32());
  r.fraction_lost = in.u8();
  r.cumulative_lost = static_cast<int32_t>(in.u24() << 8) >> 8;
  r.highest_sequence_number = in.u32();
  r.jitter = in.u32();
  r.last_sender_report = in.u32();
  r.delay_since_last = in.u32();
  return r;
}

void ReportBlock::write(base::ByteWriter& out) const {
  out.u32(source.value);
  out.u8(fraction_lost);
  out.u24(static_cast<uint32_t>(std::clamp(cumulative_lost, -0x80'0000, 0x7f'ffff)) & 0xff'ffff);
  out.u32(highest_sequence_number);
  out.u32(jitter);
  out.u32(last_sender_report);
  out.u32(delay_since_last);
}

void read_reports(base::ByteReader& in, uint8_t count, ReportBlocks& reports) {
  for (uint8_t i = 0; i < count; ++i) reports.push_back(ReportBlock::read(in));
}

void write_reports(base::ByteWriter& out, const ReportBlocks& reports) {
  for (const auto& report : reports) report.write(out);
}

}  // namespace heliograph::rtcp
