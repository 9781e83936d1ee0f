// SPDX-License-Identifier: Apache-2.0
// OFFER, ANSWER and ICE between the two users of a p2p room: forwarded byte for byte, unread (B-1, B-42, B-55).
#pragma once

#include "control/state.h"

namespace heliograph::control {

// How many messages wait for a session whose socket is away, and for how long.
inline constexpr size_t kMaxHeldMessages = 64;
inline constexpr base::Duration kHeldMessageLife = base::Duration::seconds(10);

void forward(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header, const signal::To& to);
// The session has a socket again: what waited for it, in order.
void deliver_held(Turn& turn, Session& session);

}  // namespace heliograph::control
