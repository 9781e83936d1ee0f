// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_descriptor.h"
#include "load/cost.h"
#include "load/hls/line.h"
#include "load/hls/options.h"
#include "load/hls/player.h"
#include "load/hls/report.h"

namespace heliograph::load::hls {

// All players, on one thread: ramp, settle, measure.
class Run {
 public:
  // The error is a sentence.
  static std::expected<std::unique_ptr<Run>, std::string> create(const Options& options);
  // Prints a line a second.
  Report execute();

 private:
  enum class Phase : uint8_t { kRamping, kSettling, kMeasuring, kDone };
  // A player with its connections.
  struct Seat {
    explicit Seat(Stage& stage) : player(stage) {}
    Player player;
    std::vector<std::unique_ptr<Line>> lines;
  };
  struct Counts {
    uint64_t playlists = 0, parts = 0, bytes = 0;
  };

  Run(const Options& options, Endpoint endpoint, io::FileDescriptor epoll);
  void turn();
  void on_ready(uint64_t token, uint32_t events);
  void serve(size_t seat, size_t line, base::Timestamp now);
  void go_on(size_t seat, size_t line, base::Timestamp now);
  void open(size_t seat, size_t line, base::Timestamp now);
  void watch(uint64_t token, const Line& line, bool connecting);
  void look_after(base::Timestamp now);
  void ramp(base::Timestamp now);
  void step(base::Timestamp now);
  void enter(base::Timestamp now, Phase phase);
  Look look(base::Timestamp now) const;
  Counts counts() const;
  int playing(base::Timestamp now) const;
  void print_progress(base::Timestamp now);
  Report report() const;

  const Options options_;
  const Endpoint endpoint_;
  io::FileDescriptor epoll_;
  Stage stage_;
  std::vector<std::unique_ptr<Seat>> seats_;
  Phase phase_ = Phase::kRamping;
  base::Timestamp started_, phase_began_, next_tick_, next_progress_;
  base::Duration longest_stall_;
  Look begin_, end_;
  Counts counts_at_begin_, counts_at_end_, progress_;
  int playing_at_end_ = 0;
};

}  // namespace heliograph::load::hls
