// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "load/cost.h"
#include "load/server_probe.h"
#include "load/totals.h"

namespace heliograph::load {

// The outcome of a run.
struct Report {
  int rooms = 1;
  int publishers = 0;                   // of all rooms
  int viewers = 0;                      // who watch: the publishers of a mesh and the burst's viewers too
  int viewers_complete = 0;             // with the media of every publisher whom they watch
  uint64_t connections = 0;             // PeerConnections that watch
  std::map<std::string, int> troubles;  // sentence → how many clients
  Totals totals;

  // Of every stream of every viewer, from the first packet that it got to the publisher's last.
  uint64_t expected = 0;
  uint64_t lost = 0;
  uint64_t sequence_holes = 0;  // in the RTP numbers that the server gave
  uint64_t late = 0;            // out of order, retransmissions included
  uint64_t duplicates = 0;
  uint64_t switches = 0;      // of viewers from one layer of simulcast to another
  uint64_t foreign = 0;       // packets that no publisher here sent
  uint64_t socket_drops = 0;  // datagrams that this program did not read in time; repaired where NACK could

  // While measuring.
  Cost cost;
  uint64_t measured_received = 0;
  Histogram delay;

  // With a burst: its viewers, and the delay of those who were there before it.
  int burst_viewers = 0;
  int burst_complete = 0;
  std::optional<base::Duration> burst_time;  // from the first one's connect() until all had media, or patience ended
  Histogram delay_before, delay_during, delay_after;

  std::optional<uint64_t> server_memory_before;  // with the publishers only
  std::optional<Counters> server_counters;       // their growth in this run

  bool good() const { return lost == 0 && foreign == 0 && viewers_complete == viewers && troubles.empty(); }
  // nullopt when nothing was measured.
  std::optional<double> server_us_a_packet() const { return cost.server_us_for_each(measured_received); }
  std::optional<uint64_t> memory_a_viewer() const;
};

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace heliograph::load
