// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateway/limits.h"
#include "server/options.h"

namespace heliograph::server {

inline gateway::Limits gateway_limits_of(const Options& o) {
  gateway::Limits l;
  l.max_sockets = static_cast<size_t>(o.max_connections);
  l.ping_interval = o.ping_interval;
  l.silence = o.silence_timeout;
  return l;
}

}  // namespace heliograph::server
