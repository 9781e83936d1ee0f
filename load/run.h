// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate.h"
#include "io/file_descriptor.h"
#include "load/client.h"
#include "load/options.h"
#include "load/report.h"

namespace heliograph::load {

// One run: publishers first, then viewers by the ramp, then a while to settle, then what is measured, then a last
// second in which what is under way arrives. All media is on the calling thread.
class Run {
 public:
  static constexpr base::Duration kTick = base::Duration::millis(5);
  static constexpr base::Duration kPatience = base::Duration::seconds(15);  // for what should come up
  static constexpr base::Duration kEmptying = base::Duration::seconds(1);

  // The error is a sentence.
  static std::expected<std::unique_ptr<Run>, std::string> create(const Options& options);

  // Prints a line a second. The error is a sentence: the run could not be made.
  std::expected<Report, std::string> execute();

 private:
  enum class Phase : uint8_t { kPublishing, kRamping, kSettling, kMeasuring, kEmptying, kDone };
  static std::string_view name_of(Phase phase);
  struct Look {  // at the beginning and the end of what is measured
    base::Timestamp at;
    uint64_t received = 0;
    std::optional<ProcessUsage> own;
    std::optional<ProcessUsage> server;
  };

  Run(Options options, crypto::Certificate certificate, std::unique_ptr<Websockets> websockets,
      io::FileDescriptor epoll);
  void add_client(Client::Role role);
  void turn();
  void wait();
  void take_signalling(base::Timestamp now);
  void watch_new_links(size_t client);
  void look_after_clients(base::Timestamp now);
  void step(base::Timestamp now);
  void enter(base::Timestamp now, Phase phase);
  void ramp(base::Timestamp now);
  Look look(base::Timestamp now) const;
  std::optional<ProcessUsage> server_usage() const;
  void print_progress(base::Timestamp now);
  void say_goodbye();
  Report report() const;
  void count_streams(Report& report) const;
  void count_stream(const Session& publisher, const Inbound& stream, Report& report) const;
  int viewers_that(bool (Client::*is)() const) const;

  Options options_;
  crypto::Certificate certificate_;
  std::unique_ptr<Websockets> websockets_;
  io::FileDescriptor epoll_;
  Network network_;
  Totals totals_;
  Stage stage_;
  base::Rng rng_;
  std::vector<std::unique_ptr<Client>> clients_;  // publishers first
  std::string failure_;

  Phase phase_ = Phase::kPublishing;
  base::Timestamp phase_began_;
  base::Timestamp started_;
  base::Timestamp last_joined_;
  base::Timestamp next_tick_;
  base::Duration longest_stall_;  // while measuring: that this thread came too late
  base::Timestamp next_progress_;
  uint64_t received_before_ = 0;  // at the last line of progress
  std::optional<Counters> counters_before_;
  std::optional<Counters> counters_after_;
  std::optional<ProcessUsage> usage_before_viewers_;
  Look begin_;
  Look end_;
};

}  // namespace heliograph::load
