// SPDX-License-Identifier: Apache-2.0
// Who may stay and as what: the one place for it, whoever asks: a KICK, a PUBLISH_ACCEPT or an operator.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "control/state.h"

namespace heliograph::control {

// The caller settles the room afterwards (settle.h), as after every change.

// The session ends, told by KICKED; it may JOIN again (B-57). `by` is a userId. False: it is not in the room.
bool kick(Turn& turn, OpenRoom& room, const SessionKey& key, std::string_view by);
// All of the user's sessions. False: the user is not in the room.
bool kick_user(Turn& turn, OpenRoom& room, const std::string& user_id, std::string_view by);
// Kicked, if they are here, and barred for the room's life: JOIN is refused with 4053 (B-57). 500 when the room
// remembers as many bans as it may: then nothing happens.
std::expected<void, base::Refusal> ban(Turn& turn, OpenRoom& room, const std::string& user_id, std::string_view by);
// They may JOIN again. Nothing when they were not banned.
void unban(Turn& turn, OpenRoom& room, const std::string& user_id);
// From now on and for the room's life, also for a user who is not here yet (B-57). A publisher who becomes a viewer
// publishes no more. Refused with 4025 when no publisher's place is free, with 2002 in p2p, where both are publishers
// (B-14), with 500 when the room remembers all the roles that it may.
std::expected<void, base::Refusal> give_role(Turn& turn, OpenRoom& room, const std::string& user_id, room::Role role);

// KICK, PUBLISH_REQUEST, PUBLISH_ACCEPT and PUBLISH_REJECT of a member (B-57).
void receive_kick(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                  const signal::Kick& kick);
void receive_publish_request(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header);
void receive_publish_accept(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                            const signal::PublishAccept& accept);
void receive_publish_reject(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                            const signal::PublishReject& reject);
// Gives the requests that wait to an owner who is there and has a socket.
void deliver_requests(Turn& turn, OpenRoom& room);

}  // namespace heliograph::control
