// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "io/clock.h"
#include "load/figures.h"

namespace heliograph::load {

std::string_view Run::name_of(Phase phase) {
  constexpr std::string_view kNames[] = {"publishing", "ramping",   "settling",  "settling", "measuring",
                                         "burst",      "measuring", "measuring", "emptying", "done"};
  return kNames[static_cast<size_t>(phase)];
}

std::expected<std::unique_ptr<Run>, std::string> Run::create(const Options& options) {
  auto meter = ServerMeter::create(options.server_pid, options.metrics);
  if (!meter) return std::unexpected(meter.error());
  auto fleet = Fleet::create(options);
  if (!fleet) return std::unexpected(fleet.error());
  std::unique_ptr<Run> run(new Run(options, std::move(*fleet), std::move(*meter)));
  if (!options.csv_file.empty()) {
    run->csv_.open(options.csv_file);
    run->csv_ << csv_header();
    if (!run->csv_.flush()) return std::unexpected("--csv: cannot write " + options.csv_file);
  }
  return run;
}

Run::Run(Options options, std::unique_ptr<Fleet> fleet, std::unique_ptr<ServerMeter> meter)
    : options_(std::move(options)),
      fleet_(std::move(fleet)),
      meter_(std::move(meter)),
      terminal_(isatty(STDOUT_FILENO) == 1) {}

std::expected<Report, std::string> Run::execute() {
  const auto metrics = options_.metrics.value_or(options_.url.at("/metrics"));
  counters_before_ = fetch_counters(metrics);
  started_ = phase_began_ = second_began_ = io::now();
  while (phase_ != Phase::kDone && failure_.empty() && fleet_->failure().empty()) turn();
  if (terminal_) fmt::print("\n");
  if (!fleet_->failure().empty()) return std::unexpected(fleet_->failure());
  if (!failure_.empty()) return std::unexpected(failure_);
  counters_after_ = fetch_counters(metrics);
  auto result = report();
  fleet_->say_goodbye();
  return result;
}

void Run::turn() {
  fleet_->serve(next_tick_);
  const auto now = io::now();
  if (now < next_tick_) return;
  if (measuring()) longest_stall_ = std::max(longest_stall_, now - next_tick_);
  next_tick_ = now + kTick;
  fleet_->look_after(now);
  step(now);
  if (now - second_began_ >= base::Duration::seconds(1)) next_second(now);
}

void Run::enter(base::Timestamp now, Phase phase) {
  sort_delays();
  phase_ = phase;
  phase_began_ = now;
}

void Run::step(base::Timestamp now) {
  const auto passed = now - phase_began_;
  switch (phase_) {
    case Phase::kPublishing:
      return publish(now);
    case Phase::kRamping:
      return ramp(now);
    case Phase::kSettling:
      if (passed < options_.settle) return;
      meter_->ask();
      return enter(now, Phase::kBeginning);
    case Phase::kBeginning:
      return begin(now);
    case Phase::kMeasuring:
      return measure(now);
    case Phase::kBurst:
      return burst(now);
    case Phase::kAfterwards:
      if (now - begin_.at < options_.duration || passed < kAfterBurst) return;
      meter_->ask();
      return enter(now, Phase::kEnding);
    case Phase::kEnding:
      return end(now);
    case Phase::kEmptying:
      if (passed >= kEmptying) enter(now, Phase::kDone);
      return;
    case Phase::kDone:
      return;
  }
}

void Run::publish(base::Timestamp now) {
  if (const auto trouble = fleet_->first_trouble(); !trouble.empty())
    failure_ = "a publisher cannot publish: " + trouble;
  const bool up = fleet_->bring_publishers(now);
  if (!up && now - fleet_->last_let_in() > kPatience)
    failure_ = "the publishers did not connect within 15 s; is UDP to the server open?";
  if (!up) return;
  meter_->ask();
  enter(now, Phase::kRamping);
}

size_t Run::watchers_wanted() const {
  const auto each = options_.viewers + (options_.mesh ? options_.publishers : 0);
  return static_cast<size_t>(options_.rooms) * static_cast<size_t>(each);
}

size_t Run::due(base::Timestamp now, double ramp, size_t all) const {
  const double so_far = std::min((now - phase_began_).to_seconds() * ramp, 1e9);  // no NaN from 0 × ∞
  const auto many = std::isinf(ramp) ? all : 1 + static_cast<size_t>(so_far);
  return std::min(many, all);
}

void Run::ramp(base::Timestamp now) {
  if (!meter_->answered()) return;
  if (!before_viewers_) before_viewers_ = meter_->reading();
  const size_t wanted = watchers_wanted();
  fleet_->let_watch(due(now, options_.ramp, wanted), now);
  if (fleet_->watchers() < wanted) return;
  if (fleet_->all_complete() || now - fleet_->last_let_in() > kPatience) enter(now, Phase::kSettling);
}

void Run::begin(base::Timestamp now) {
  if (!meter_->answered()) return;
  begin_ = look(now);
  received_at_begin_ = fleet_->totals().received;
  enter(now, Phase::kMeasuring);
}

void Run::measure(base::Timestamp now) {
  const auto passed = now - phase_began_;
  if (options_.burst > 0 && passed >= options_.burst_after) return enter(now, Phase::kBurst);
  if (options_.burst > 0 || passed < options_.duration) return;
  meter_->ask();
  enter(now, Phase::kEnding);
}

void Run::burst(base::Timestamp now) {
  const auto all = static_cast<size_t>(options_.burst);
  const size_t let_in = due(now, options_.burst_ramp, all);
  fleet_->let_burst(let_in, now);
  if (let_in < all) return;
  if (!fleet_->all_complete() && now - fleet_->last_let_in() < kPatience) return;
  burst_time_ = now - phase_began_;
  enter(now, Phase::kAfterwards);
}

void Run::end(base::Timestamp now) {
  if (!meter_->answered()) return;
  end_ = look(now);
  received_at_end_ = fleet_->totals().received;
  fleet_->stop_publishing();
  enter(now, Phase::kEmptying);
}

Look Run::look(base::Timestamp now) const { return {now, ProcessUsage::of(getpid()), meter_->reading()}; }

void Run::sort_delays() {
  auto& [running, burst] = fleet_->totals().recent_delay;
  for (const auto* recent : {&running, &burst}) {
    second_delay_.add(*recent);
    if (measuring()) delay_.add(*recent);
  }
  if (options_.burst > 0 && phase_ == Phase::kMeasuring) delay_before_.add(running);
  if (phase_ == Phase::kBurst) delay_during_.add(running);
  if (phase_ == Phase::kAfterwards) delay_after_.add(running);
  running = burst = {};
}

void Run::next_second(base::Timestamp now) {
  sort_delays();
  const auto span = (now - second_began_).to_seconds();
  const auto& totals = fleet_->totals();
  Second s;
  s.time = now - started_;
  s.phase = name_of(phase_);
  s.watching = static_cast<int>(fleet_->watchers() + fleet_->burst());
  for (const auto wave : {Wave::kRunning, Wave::kBurst}) {
    const auto presence = fleet_->presence(wave);
    s.joined += presence.joined;
    s.connected += presence.connected;
    s.with_media += presence.complete;
    s.missing += presence.missing;
  }
  s.packets_per_second = static_cast<double>(totals.received - received_before_) / span;
  s.bits_per_second = static_cast<double>(totals.received_bytes - bytes_before_) * 8 / span;
  s.delay_p50 = second_delay_.quantile(0.5);
  s.delay_p99 = second_delay_.quantile(0.99);
  const auto reading = meter_->reading();
  if (reading && reading_before_ && reading->at > reading_before_->at)
    s.server_cpu_percent =
        percent_of_core(reading->usage.cpu - reading_before_->usage.cpu, reading->at - reading_before_->at);
  show(s);
  second_began_ = now;
  received_before_ = totals.received;
  bytes_before_ = totals.received_bytes;
  second_delay_ = {};
  reading_before_ = reading;
  if (phase_ != Phase::kBeginning && phase_ != Phase::kEnding) meter_->ask();
}

void Run::show(const Second& second) {
  constexpr std::string_view kBack = "\r\x1b[K";  // to the line's beginning, and clear it (ECMA-48 section 8.3.41)
  if (terminal_) {
    fmt::print("{}{}", kBack, progress_line(second));
  } else {
    fmt::print("{}\n", progress_line(second));
  }
  std::fflush(stdout);
  if (csv_.is_open()) csv_ << csv_line(second) << std::flush;
}

Report Run::report() const {
  Report r;
  r.rooms = options_.rooms;
  fleet_->count_into(r);
  r.cost = Cost::between(begin_, end_, longest_stall_);
  r.measured_received = received_at_end_ - received_at_begin_;
  r.delay = delay_;
  r.delay_before = delay_before_;
  r.delay_during = delay_during_;
  r.delay_after = delay_after_;
  r.burst_time = burst_time_;
  if (before_viewers_) r.server_memory_before = before_viewers_->usage.resident_bytes;
  if (counters_before_ && counters_after_) r.server_counters = growth(*counters_before_, *counters_after_);
  return r;
}

}  // namespace heliograph::load
