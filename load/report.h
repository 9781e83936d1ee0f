// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "load/options.h"
#include "load/server_probe.h"
#include "load/totals.h"

namespace heliograph::load {

// The outcome of a run.
struct Report {
  int publishers = 0;
  int viewers = 0;
  int viewers_complete = 0;             // with the media of every publisher
  std::map<std::string, int> troubles;  // sentence → how many clients
  Totals totals;

  // Of every stream of every viewer, from the first packet that it got to the publisher's last.
  uint64_t expected = 0;
  uint64_t lost = 0;
  uint64_t sequence_holes = 0;  // in the RTP numbers that the server gave
  uint64_t late = 0;            // out of order, retransmissions included
  uint64_t duplicates = 0;
  uint64_t foreign = 0;       // packets that no publisher here sent
  uint64_t socket_drops = 0;  // datagrams that this program did not read in time; repaired where NACK could

  // While measuring.
  base::Duration measured;
  uint64_t measured_received = 0;
  base::Duration own_cpu;
  base::Duration own_wait;       // ready, and no CPU was free
  base::Duration longest_stall;  // that this program did not get round to its sockets
  std::optional<base::Duration> server_cpu;
  base::Duration server_wait;

  std::optional<uint64_t> server_memory;         // bytes, at the end
  std::optional<uint64_t> server_memory_before;  // with the publishers only
  std::optional<Counters> server_counters;       // their growth in this run

  bool good() const { return lost == 0 && foreign == 0 && viewers_complete == viewers && troubles.empty(); }
  // Of what was measured; nullopt when nothing was.
  std::optional<double> server_us_a_packet() const;
  std::optional<uint64_t> memory_a_viewer() const;
};

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace heliograph::load
