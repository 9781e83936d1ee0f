// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "load/fleet.h"
#include "load/options.h"
#include "load/report.h"
#include "load/series.h"
#include "load/server_meter.h"

namespace heliograph::load {

// One run: publishers first, then viewers by the ramp, then a while to settle, then what is measured, in the midst of
// which a burst of viewers may join, then a last second in which what is under way arrives.
class Run {
 public:
  static constexpr base::Duration kTick = base::Duration::millis(5);
  static constexpr base::Duration kPatience = base::Duration::seconds(15);  // for what should come up
  static constexpr base::Duration kEmptying = base::Duration::seconds(1);
  static constexpr base::Duration kAfterBurst = base::Duration::seconds(2);  // at least so long is measured after it

  // The error is a sentence.
  static std::expected<std::unique_ptr<Run>, std::string> create(const Options& options);

  // Prints a line of progress. The error is a sentence: the run could not be made.
  std::expected<Report, std::string> execute();

 private:
  enum class Phase : uint8_t {
    kPublishing,
    kRamping,
    kSettling,
    kBeginning,
    kMeasuring,
    kBurst,
    kAfterwards,
    kEnding,
    kEmptying,
    kDone
  };
  static std::string_view name_of(Phase phase);

  Run(Options options, std::unique_ptr<Fleet> fleet, std::unique_ptr<ServerMeter> meter);
  bool measuring() const { return phase_ >= Phase::kMeasuring && phase_ <= Phase::kEnding; }
  void turn();
  void step(base::Timestamp now);
  void enter(base::Timestamp now, Phase phase);
  void publish(base::Timestamp now);
  void ramp(base::Timestamp now);
  void begin(base::Timestamp now);
  void measure(base::Timestamp now);
  void burst(base::Timestamp now);
  void end(base::Timestamp now);
  // How many have joined by a ramp that began with the phase.
  size_t due(base::Timestamp now, double ramp, size_t all) const;
  size_t watchers_wanted() const;
  // Puts the delays since the last time where they belong.
  void sort_delays();
  void next_second(base::Timestamp now);
  void show(const Second& second);
  Look look(base::Timestamp now) const;
  Report report() const;

  const Options options_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<ServerMeter> meter_;
  std::ofstream csv_;
  bool terminal_;
  std::string failure_;

  Phase phase_ = Phase::kPublishing;
  base::Timestamp started_, phase_began_, next_tick_;
  base::Timestamp last_let_in_;
  base::Duration longest_stall_;  // while measuring: that this thread came too late

  base::Timestamp second_began_;
  uint64_t received_before_ = 0, bytes_before_ = 0;  // at the last line of progress
  std::optional<ServerReading> reading_before_;
  Histogram second_delay_;

  std::optional<Counters> counters_before_, counters_after_;
  std::optional<ServerReading> before_viewers_;
  Look begin_, end_;
  uint64_t received_at_begin_ = 0, received_at_end_ = 0;
  std::optional<base::Duration> burst_time_;
  Histogram delay_, delay_before_, delay_during_, delay_after_;
};

}  // namespace heliograph::load
