// SPDX-License-Identifier: Apache-2.0
// WATCH: answered at once, or held until its target publishes (B-30…B-33, B-61).
#pragma once

#include "control/state.h"

namespace heliograph::control {

void receive_watch(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                   const signal::Watch& watch);
// The session is in the list from now on.
void answer_watches_of(Turn& turn, OpenRoom& room, const SessionKey& target);
// The session has left the room.
void refuse_watches_of(Turn& turn, OpenRoom& room, const SessionKey& target);
// The viewer has taken its WATCHes of this target back (UNWATCH).
void withdraw_watches(Turn& turn, OpenRoom& room, const SessionKey& viewer, const signal::Target& target);
// Whether the session is meant: by both ids, or by its user alone.
bool is_of(const signal::Target& to, const SessionKey& key);
// The viewer itself has left: nobody is told.
void drop_held_watches(Turn& turn, OpenRoom& room, const SessionKey& viewer);
// The target did not publish in time: 500 with b.retryAfter.
void watch_timed_out(Turn& turn, OpenRoom& room, const SessionKey& viewer, uint64_t number);

}  // namespace heliograph::control
