// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// Extended report (RFC 3611): of its blocks, those by which one who only receives learns the round-trip time.
struct ExtendedReport {
  // DLRR, section 4.5: our answer to a reference time.
  struct Dlrr {
    base::Ssrc receiver;                // who sent the reference time
    uint32_t last_receiver_report = 0;  // LRR: base::NtpTime::compact() of it
    uint32_t delay_since_last = 0;      // 1/65536 s

    bool operator==(const Dlrr&) const = default;
  };
  base::Ssrc sender;
  std::optional<base::NtpTime> receiver_reference_time;  // RRTR, section 4.4
  BoundedList<Dlrr, 16> dlrr;

  // Other blocks are skipped.
  static std::optional<ExtendedReport> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const ExtendedReport&) const = default;
};

}  // namespace heliograph::rtcp
