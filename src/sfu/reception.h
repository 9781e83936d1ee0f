// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "rtcp/report_block.h"

namespace heliograph::sfu {

// What is known of one received source: loss and jitter as RFC 3550 appendix A.3 and A.8 count them, for receiver
// reports.
class Reception {
 public:
  explicit Reception(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // sequence: unwrapped (base::Unwrapper); retransmissions do not come here.
  void on_packet(base::Timestamp now, int64_t sequence, uint32_t rtp_timestamp);
  // A retransmission brought this one: it is not lost after all, and says nothing about jitter.
  void on_recovered(int64_t sequence) {
    highest_ = std::max(highest_, sequence);
    ++received_;
  }
  void on_sender_report(base::Timestamp now, base::NtpTime ntp);
  // The block for the next report; begins a new interval. nullopt before the first packet.
  std::optional<rtcp::ReportBlock> report(base::Timestamp now, base::Ssrc source);

 private:
  void update_jitter(base::Timestamp now, uint32_t rtp_timestamp);

  uint32_t clock_rate_;
  std::optional<int64_t> first_;
  int64_t highest_ = 0;
  int64_t received_ = 0;
  int64_t expected_before_ = 0;
  int64_t received_before_ = 0;
  std::optional<uint32_t> last_transit_;
  uint32_t jitter_x16_ = 0;  // scaled by 16, as in appendix A.8
  std::optional<base::NtpTime> last_report_;
  base::Timestamp last_report_at_;
};

}  // namespace heliograph::sfu
