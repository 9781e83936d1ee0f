// SPDX-License-Identifier: Apache-2.0
// Signals that go to other clients as they are, byte for byte and unread: OFFER, ANSWER and ICE between the two users
// of a p2p room (B-1, B-42, B-55); those about publishing to whom they concern (section 5).
#pragma once

#include "control/state.h"

namespace heliograph::control {

// How many messages wait for a session whose socket is away, and for how long.
inline constexpr size_t kMaxHeldMessages = 64;
inline constexpr base::Duration kHeldMessageLife = base::Duration::seconds(10);

void forward(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header, const signal::To& to);
// The sessions of a user, or the one that is meant; none when there is no such member.
std::vector<SessionKey> addressed(const OpenRoom& room, const std::string& user_id,
                                  const std::optional<std::string>& session_id);
// To each of the sessions' sockets once, `except` one; when all sockets are away it waits for the first that comes
// back. False when neither can be.
bool pass_on(Turn& turn, OpenRoom& room, const std::vector<SessionKey>& to, const std::string& text,
             std::optional<ConnectionId> except = std::nullopt);
// The session has a socket again: what waited for it, in order.
void deliver_held(Turn& turn, Session& session);

}  // namespace heliograph::control
