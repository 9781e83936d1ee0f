// SPDX-License-Identifier: Apache-2.0
// What follows from a changed room: routes for the shards, lists for the people.
#pragma once

#include <vector>

#include "control/state.h"
#include "signal/write.h"

namespace heliograph::control {

// Route and Unroute until the shards were told exactly routes(room). Before a peer is closed or a publication ended,
// and at the end of every turn.
void sync_routes(Turn& turn, OpenRoom& room);
// Brings room.pps and room.rev up to date, without telling anybody yet.
void refresh_list(OpenRoom& room);
// To each socket of the room once.
void push_to_all(Turn& turn, const OpenRoom& room, std::string text);
// The members to one session that asks for them, from now on whenever they change.
void send_members(Turn& turn, OpenRoom& room, Session& to);
// The end of a turn for this room: routes, HLS, list pushes, and the deadline of an empty room (B-17). Nothing when
// there is no such room.
void settle(Turn& turn, const std::string& rid);

signal::Entry to_entry(const OpenRoom& room, const room::Listed& listed);

}  // namespace heliograph::control
