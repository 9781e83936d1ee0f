// SPDX-License-Identifier: Apache-2.0
// JOIN, LEAVE, HEARTBEAT, UPDATE.
#pragma once

#include <expected>
#include <string>

#include "control/state.h"

namespace heliograph::control {

// A new room; `creator` is the userId of who made it, "" when an operator did. Refused with 4022 when there is one,
// with 500 when the server has no place for it. The caller settles it: an empty room has its deadline (B-17).
std::expected<OpenRoom*, base::Refusal> open_room(Turn& turn, const std::string& rid, signal::Channel channel,
                                                  std::string creator);

void receive_join(Turn& turn, ConnectionId connection, const signal::Header& header, const signal::Join& join);
void receive_leave(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header);
void receive_heartbeat(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                       const signal::Heartbeat& heartbeat);
void receive_update(Turn& turn, OpenRoom& room, const signal::Header& header, const signal::Update& update);

}  // namespace heliograph::control
