// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/ids.h"
#include "rtcp/block.h"
#include "rtcp/report_block.h"

namespace heliograph::rtcp {

// RFC 3550 section 6.4.2.
struct ReceiverReport {
  base::Ssrc sender;
  ReportBlocks reports;

  static std::optional<ReceiverReport> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const ReceiverReport&) const = default;
};

}  // namespace heliograph::rtcp
