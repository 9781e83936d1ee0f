// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "load/cost.h"
#include "load/hls/tally.h"

namespace heliograph::load::hls {

// The outcome of a run.
struct Report {
  int players = 0;
  int playing = 0;  // at the end
  Tally tally;      // of the whole run

  // While measuring.
  Cost cost;
  uint64_t playlists = 0;
  uint64_t parts = 0;
  uint64_t bytes = 0;

  bool good() const { return tally.clean() && playing == players; }
  std::optional<double> server_us_a_response() const { return cost.server_us_for_each(playlists + parts); }
};

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace heliograph::load::hls
