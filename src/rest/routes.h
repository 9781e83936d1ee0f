// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "control/control.h"
#include "gateway/http.h"
#include "gateway/upgrade.h"

namespace heliograph::rest {

// Who asks, once it is known that they may operate at all: a token whose role is admin, or anybody in open mode.
struct Operator {
  std::string sub;                 // who stands in KICKED.by and in logs; "" where nobody is known
  std::vector<std::string> rooms;  // globs of room ids, as control::Identity has them; empty: any
  bool create = false;             // POST /v1/rooms
};

struct Options {
  // Looks at request.authorization, and perhaps at request.address. 401: no token, or a bad one; 403: a good one that
  // is not for this; 429, 503: not now.
  std::function<std::expected<Operator, gateway::Denial>(const gateway::Request&)> authorize;
  std::function<control::Control&()> control;  // asked at each request: the routes may be made before it is there
  std::function<base::Timestamp()> now;
  std::function<void(control::Out&)> speak;  // what came of a request: texts to connections, Commands to shards
};

// The routes of GatewayOptions::routes for section 6 of behaviour.md: everything under /v1/rooms. All run on the thread
// of control.
std::vector<gateway::Route> routes(Options options);

}  // namespace heliograph::rest
