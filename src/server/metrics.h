// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>

#include "control/control.h"
#include "gateway/counters.h"
#include "server/door.h"
#include "server/hls.h"
#include "server/process_numbers.h"
#include "server/shard_thread.h"
#include "token/refused.h"

namespace heliograph::server {

// What happened before control heard of anybody, since the start but for the last.
struct DoorNumbers {
  std::array<uint64_t, token::kReasonCount> tokens_refused{};
  std::array<uint64_t, kTurnedAwayCount> turned_away{};
  size_t addresses_full = 0;  // now
};

// The body of GET /metrics, in Prometheus' text format.
std::string metrics_text(const control::Numbers& control, const gateway::Counters& gateway, const DoorNumbers& door,
                         std::span<const ShardSnapshot> shards, const HlsNumbers& hls, const ProcessNumbers& process);

}  // namespace heliograph::server
