// SPDX-License-Identifier: Apache-2.0
// How long a session lives, which socket speaks for it, and what ends with it.
#pragma once

#include <utility>
#include <vector>

#include "control/state.h"

namespace heliograph::control {

// The session speaks on this connection from now on; the one before is told (B-10).
void attach(Turn& turn, OpenRoom& room, const SessionKey& key, ConnectionId connection);
// The connection is no more; its sessions live on as B-13 says.
void detach(Turn& turn, ConnectionId connection);
// When the session ends unless something happens: never while its socket or one of its peers lives (B-13, B-56).
base::Timestamp ends_at(const Session& session, const Timeouts& timeouts);
// Sets its deadline anew, after anything that ends_at() looks at has changed.
void rearm(Turn& turn, const std::string& rid, const SessionKey& key, const Session& session);
// It has left: its publication, its downlinks, its place in the room, and the WATCHes of others that wait for it (4024,
// B-61).
void end_session(Turn& turn, OpenRoom& room, const SessionKey& key);
// The room is gone, its sessions before it.
void close_room(Turn& turn, const std::string& rid);

}  // namespace heliograph::control
