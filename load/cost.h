// SPDX-License-Identifier: Apache-2.0
// What a run cost: this program and the server, between two looks at both.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "load/server_probe.h"

namespace heliograph::load {

struct Look {
  base::Timestamp at;
  std::optional<ProcessUsage> own = {};
  std::optional<ServerReading> server = {};
};

struct Cost {
  base::Duration measured;
  base::Duration own_cpu;
  base::Duration own_wait;       // ready, and no CPU was free
  base::Duration longest_stall;  // that this program did not get round to its sockets
  std::optional<base::Duration> server_cpu;
  base::Duration server_wait;
  std::optional<uint64_t> server_memory;  // bytes, at the end

  static Cost between(const Look& begin, const Look& end, base::Duration longest_stall);
  // Microseconds of CPU for each of `count`; nullopt when nothing is known.
  std::optional<double> server_us_for_each(uint64_t count) const;
  std::optional<double> own_us_for_each(uint64_t count) const;
};

// measured_seconds, load_…, server_….
void append_json(const Cost& cost, boost::json::object& to);

}  // namespace heliograph::load
