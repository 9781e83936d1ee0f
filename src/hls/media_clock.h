// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "hls/source_clock.h"
#include "plan/media.h"

namespace heliograph::hls {

// When a publication's audio and video samples are to be shown, on one timeline: that of our own monotonic clock, at
// the moment at which they would arrive over a path without jitter. Never needs a sender report; with one for both
// kinds audio and video are as far apart as they were at the publisher (RFC 3550 section 6.4.1). Whatever it learns
// later moves a source's times slowly, never at once, but for a step of more than kStep, which is another clock.
//
// Sources are those of RtpPacket; timestamps wrap. Memory: kMaxSources, the one heard longest ago is forgotten.
class MediaClock {
 public:
  static constexpr size_t kMaxSources = 16;
  static constexpr base::Duration kStep = SourceClock::kStep;  // 500 ms

  // A packet of the source came, in any order. Feeds the estimate of the path's least delay.
  void on_packet(plan::Kind kind, uint64_t source, uint32_t timestamp, base::Timestamp arrival);
  void on_sender_report(plan::Kind kind, uint64_t source, base::NtpTime ntp, uint32_t timestamp,
                        base::Timestamp arrival);
  // Of a sample in decoding order, once for each: moves on with the slew. A source that was never heard of: nullopt.
  std::optional<base::Timestamp> time_of(plan::Kind kind, uint64_t source, uint32_t timestamp);

 private:
  struct Source {
    SourceClock clock;
    bool joined = false;  // to the others by its reports
  };
  void forget_oldest();
  const SourceClock* lead() const;
  static bool joins(Source& source, const SourceClock& lead);
  base::Duration common_path(const SourceClock& lead);
  base::Duration wanted_offset(Source& source);

  std::map<uint64_t, Source> sources_;
  base::Timestamp newest_arrival_;
  std::optional<base::NtpTime> ntp_zero_;  // the first report's: differences are right across an NTP era
};

}  // namespace heliograph::hls
