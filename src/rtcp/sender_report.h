// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "rtcp/block.h"
#include "rtcp/report_block.h"

namespace heliograph::rtcp {

// RFC 3550 section 6.4.1.
struct SenderReport {
  base::Ssrc sender;
  base::NtpTime ntp;
  uint32_t rtp_timestamp = 0;  // the same moment as ntp, on the media's clock
  uint32_t packet_count = 0;
  uint32_t octet_count = 0;
  ReportBlocks reports;

  // Profile-specific extensions after the reports are skipped.
  static std::optional<SenderReport> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const SenderReport&) const = default;
};

}  // namespace heliograph::rtcp
