// SPDX-License-Identifier: Apache-2.0
// What each resource answers to each method.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "control/admin.h"
#include "rest/problem.h"
#include "rest/routes.h"

namespace heliograph::rest {

// A request that found its resource, from somebody who may operate.
struct Call {
  const gateway::Request& request;
  const Operator& who;
  control::Admin& admin;
  std::string rid = {};         // "" for /v1/rooms
  std::string user_id = {};     // of …/participants/{userId}
  std::string session_id = {};  // of …/participants/{userId}/{sessionId}, and below it
};
using Answer = std::expected<gateway::Response, Problem>;

// Whether this operator's token is for that room.
bool may_touch(const Operator& who, const std::string& rid);

// /v1/rooms
Answer list_rooms(const Call& call);
Answer create_room(const Call& call);
// /v1/rooms/{rid}
Answer get_room(const Call& call);
Answer patch_room(const Call& call);
Answer close_room(const Call& call);
// /v1/rooms/{rid}/stats
Answer get_stats(const Call& call);
// /v1/rooms/{rid}/participants
Answer list_participants(const Call& call);
// /v1/rooms/{rid}/participants/{userId}
Answer put_participant(const Call& call);
Answer kick_participant(const Call& call);
// /v1/rooms/{rid}/participants/{userId}/{sessionId}
Answer kick_session(const Call& call);
// /v1/rooms/{rid}/participants/{userId}/{sessionId}/hls
Answer get_hls(const Call& call);
Answer start_hls(const Call& call);
Answer stop_hls(const Call& call);

}  // namespace heliograph::rest
