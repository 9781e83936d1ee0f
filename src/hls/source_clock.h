// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/unwrapper.h"
#include "hls/least_delay.h"
#include "plan/media.h"

namespace heliograph::hls {

// The RTP clock of one source against ours. Media time runs from the first packet's timestamp; an offset added to it
// gives our time. Owned by MediaClock, which says to which offset it should go; how fast is decided here.
class SourceClock {
 public:
  static constexpr base::Duration kStep = base::Duration::millis(500);  // further off: another clock
  // Audio that is further off is moved at once: it would be too late for AudioTrack (kPatience), and a gap now is
  // better than a minute of silence.
  static constexpr base::Duration kAudioStep = base::Duration::millis(200);
  // Where nobody has heard much yet, the offset goes at once to where it should be.
  static constexpr base::Duration kSettling = base::Duration::seconds(1);

  SourceClock(plan::Kind kind, uint32_t timestamp, base::Timestamp arrival);

  void on_packet(uint32_t timestamp, base::Timestamp arrival);
  // ntp: of the report, since some moment that is the same for all sources.
  void on_report(base::Duration ntp, uint32_t timestamp);

  plan::Kind kind() const { return kind_; }
  base::Timestamp newest_arrival() const { return newest_arrival_; }
  // The offset by which the fastest packet arrived at its time.
  base::Duration least() const { return delay_.least(); }
  // From media time to the sender's wall clock, by the last report.
  std::optional<base::Duration> report() const { return report_; }
  // From the sender's wall clock to ours, by the fastest packet; after a report.
  base::Duration path() const { return least() - *report_; }
  // What place() used last.
  std::optional<base::Duration> offset() const { return offset_; }

  // Our time of a sample; the offset moves towards the wanted one if the sample is newer than all before.
  base::Timestamp place(uint32_t timestamp, base::Duration wanted);

 private:
  void begin(uint32_t timestamp, base::Timestamp arrival);
  bool is_another_clock(base::Duration off, base::Timestamp arrival);
  void move(base::Duration step, bool settled, base::Duration wanted);
  base::Duration media(int64_t ticks) const;
  base::Timestamp plausible(base::Timestamp time) const;

  plan::Kind kind_;
  base::Unwrapper<uint32_t> timestamps_;  // those of one clock only: what is off by more than kStep is not in
  int64_t origin_ = 0;
  LeastDelay delay_;
  int early_ = 0;                              // packets in a row that are too early for this clock
  std::optional<base::Timestamp> late_since_;  // all packets since then were too late for it
  base::Timestamp newest_arrival_;
  std::optional<base::Duration> report_;
  std::optional<base::Duration> offset_;
  std::optional<int64_t> placed_;  // the newest timestamp so far
  base::Timestamp placed_at_;      // never goes back
};

}  // namespace heliograph::hls
