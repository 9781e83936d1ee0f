// SPDX-License-Identifier: Apache-2.0
// A viewer's connections: offers made, ANSWERs taken, and when they are freed.
#pragma once

#include <string>

#include "control/state.h"

namespace heliograph::control {

// The offer for `viewer` to watch a listed session: a new downlink, the same offer again, or a restart (B-31, B-33).
std::string offer_downlink(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target,
                           bool restarting);
void receive_answer(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                    const signal::Answer& answer);
// UNWATCH: what is watched of the target, or of all its user's sessions, is freed; WATCHes of it that wait are dropped,
// since the client has taken them back. Nothing watched is no error (B-54).
void receive_unwatch(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                     const signal::Unwatch& unwatch);
// SIMULCAST_UPDATE: 4024 when the target is not in the room, 2001 when it is not watched (B-54).
void receive_simulcast_update(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                              const signal::SimulcastUpdate& update);
// Nobody answered within 30 s: freed, or, when it was a restart of a living connection, the connection goes on without
// (B-33).
void offer_lapsed(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target);

void free_downlink(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target);
// All of one viewer; all to one target; those to one target whose lines do not fit what it publishes now.
void free_downlinks(Turn& turn, OpenRoom& room, const SessionKey& viewer);
void free_watchers(Turn& turn, OpenRoom& room, const SessionKey& target);
void free_mismatched(Turn& turn, OpenRoom& room, const SessionKey& target);

}  // namespace heliograph::control
