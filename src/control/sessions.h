// SPDX-License-Identifier: Apache-2.0
// How long a session lives, which socket speaks for it, and what ends with it.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "control/state.h"

namespace heliograph::control {

inline constexpr uint16_t kPolicyViolation = 1008;  // RFC 6455 section 7.4.1

// The session speaks on this connection from now on; the one before is told (B-10).
void attach(Turn& turn, OpenRoom& room, const SessionKey& key, ConnectionId connection);
// The connection is no more; its sessions live on as B-13 says.
void detach(Turn& turn, ConnectionId connection);
// When the session ends unless something happens: never while its socket or one of its peers lives (B-13, B-56).
base::Timestamp ends_at(const Session& session, const Timeouts& timeouts);
// Sets its deadline anew, after anything that ends_at() looks at has changed.
void rearm(Turn& turn, const std::string& rid, const SessionKey& key, const Session& session);
// Closes the connection from this side, with a close code of RFC 6455 section 7.4 and why.
void close_connection(Turn& turn, ConnectionId connection, uint16_t code, std::string reason);
// It has left: its publication, its downlinks, its place in the room, and the WATCHes of others that wait for it (4024,
// B-61).
void end_session(Turn& turn, OpenRoom& room, const SessionKey& key, Ending why);
// ROOM_CLOSED to everyone who is there; the room is gone, its sessions before it. Nothing when there is no such room.
void close_room(Turn& turn, const std::string& rid, std::string_view reason);

}  // namespace heliograph::control
