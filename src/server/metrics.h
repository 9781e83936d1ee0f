// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "control/control.h"
#include "gateway/counters.h"
#include "server/shard_thread.h"

namespace heliograph::server {

// The body of GET /metrics, in Prometheus' text format.
std::string metrics_text(const control::Numbers& control, const gateway::Counters& gateway,
                         std::span<const ShardSnapshot> shards);

}  // namespace heliograph::server
