// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "load/hls/tally.h"

namespace heliograph::load::hls {

// The outcome of a run.
struct Report {
  int players = 0;
  int playing = 0;  // at the end
  Tally tally;      // of the whole run

  // While measuring.
  base::Duration measured;
  uint64_t playlists = 0;
  uint64_t parts = 0;
  uint64_t bytes = 0;
  base::Duration own_cpu;
  base::Duration own_wait;       // ready, and no CPU was free
  base::Duration longest_stall;  // that this program did not get round to its sockets
  std::optional<base::Duration> server_cpu;
  base::Duration server_wait;
  std::optional<uint64_t> server_memory;  // bytes, at the end

  bool good() const { return tally.clean() && playing == players; }
  std::optional<double> server_us_a_response() const;
};

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace heliograph::load::hls
