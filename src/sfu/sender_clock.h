// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/time.h"

namespace heliograph::sfu {

// Where a source's RTP timestamps lie in time: by its latest sender report (RFC 3550 section 6.4.1), by arrival until
// one came. NTP time is the publisher's own clock, shared by its audio and video: what lip-sync is made of.
class SenderClock {
 public:
  struct Report {
    base::NtpTime ntp;
    uint32_t rtp = 0;
  };

  explicit SenderClock(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  void on_report(const Report& report) { report_ = report; }
  bool synchronised() const { return report_.has_value(); }
  const std::optional<Report>& report() const { return report_; }
  // The publisher's time at this timestamp; only when synchronised.
  base::NtpTime time_of(uint32_t rtp) const {
    return report_->ntp + ticks_to_time(static_cast<int32_t>(rtp - report_->rtp));
  }
  base::Duration ticks_to_time(int64_t ticks) const { return base::Duration::micros(ticks * 1'000'000 / clock_rate_); }
  // Of any span: two reports of a hostile publisher may lie a century apart.
  int64_t time_to_ticks(base::Duration d) const {
    return static_cast<int64_t>(static_cast<__int128>(d.us()) * clock_rate_ / 1'000'000);
  }

 private:
  int64_t clock_rate_;
  std::optional<Report> report_;
};

}  // namespace heliograph::sfu
