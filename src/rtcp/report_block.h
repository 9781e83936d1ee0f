// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// What a receiver says of one source (RFC 3550 section 6.4.1).
struct ReportBlock {
  base::Ssrc source;
  uint8_t fraction_lost = 0;             // of 256
  int32_t cumulative_lost = 0;           // 24 bits, signed; write() clamps
  uint32_t highest_sequence_number = 0;  // extended: laps in the upper half
  uint32_t jitter = 0;                   // RTP timestamp units
  uint32_t last_sender_report = 0;       // LSR: base::NtpTime::compact(), 0 when none came
  uint32_t delay_since_last = 0;         // DLSR: 1/65536 s

  static constexpr size_t kSize = 24;
  static ReportBlock read(base::ByteReader& in);
  void write(base::ByteWriter& out) const;

  bool operator==(const ReportBlock&) const = default;
};

using ReportBlocks = BoundedList<ReportBlock, 31>;  // RC has five bits

void read_reports(base::ByteReader& in, uint8_t count, ReportBlocks& reports);
void write_reports(base::ByteWriter& out, const ReportBlocks& reports);

}  // namespace heliograph::rtcp
