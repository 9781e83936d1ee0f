// SPDX-License-Identifier: Apache-2.0
// JOIN, LEAVE, HEARTBEAT, UPDATE.
#pragma once

#include "control/state.h"

namespace heliograph::control {

void receive_join(Turn& turn, ConnectionId connection, const signal::Header& header, const signal::Join& join);
void receive_leave(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header);
void receive_heartbeat(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                       const signal::Heartbeat& heartbeat);
void receive_update(Turn& turn, OpenRoom& room, const signal::Header& header, const signal::Update& update);

}  // namespace heliograph::control
