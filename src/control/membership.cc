// SPDX-License-Identifier: Apache-2.0
#include "control/membership.h"

#include <expected>

#include "base/log.h"
#include "control/sessions.h"
#include "control/settle.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;
using signal::Channel;

room::Rules rules_of(Channel channel, const Limits& limits) {
  room::Rules rules;
  rules.publishing_users = limits.publishing_users;
  rules.sessions = limits.sessions_per_room;
  rules.sessions_per_user = limits.sessions_per_user;
  rules.left_sessions = limits.left_sessions_per_room;
  rules.audio_only = channel == Channel::kA2m;
  if (channel == Channel::kP2p) {
    rules.users = 2;
    rules.everyone_publishes = true;
    rules.lists_sessions = true;
  }
  return rules;
}

std::expected<OpenRoom*, Refusal> create_room(Turn& turn, const signal::Header& header) {
  auto& rooms = turn.state.rooms;
  if (rooms.size() >= turn.state.config.limits.rooms)
    return std::unexpected(Refusal{Code::kInternalServerError, "the server has all the rooms that it may have"});
  room::Room made(rules_of(header.channel, turn.state.config.limits), header.from.user_id);
  OpenRoom room{.rid = header.rid, .channel = header.channel, .room = std::move(made), .sessions = {}, .told = {}};
  base::log::info("room opened", {{"rid", header.rid}, {"ch", to_text(header.channel)}, {"by", header.from.user_id}});
  return &rooms.emplace(header.rid, std::move(room)).first->second;
}

// 4001, then 2002, then 4022 (B-52, B-58).
std::expected<OpenRoom*, Refusal> find_or_create_room(Turn& turn, const signal::Header& header,
                                                      const signal::Join& join) {
  auto* room = turn.room(header.rid);
  if (room == nullptr && !join.room_creating)
    return std::unexpected(Refusal{Code::kRoomNotFound, "the room does not exist; JOIN with op.roomCreating makes it"});
  if (room == nullptr) return create_room(turn, header);
  if (room->channel != header.channel)
    return std::unexpected(Refusal{Code::kUnsupportedChannel, "data.ch is not the type of this room"});
  if (join.room_creating && room->room.creator() != header.from.user_id)
    return std::unexpected(Refusal{Code::kAlreadyExistRoom, "the room exists already and was created by another user"});
  return room;
}

room::Profile profile_of(const Turn& turn, const Identity& identity, const signal::Join& join) {
  const bool open = turn.state.config.open_mode && identity.user_id.empty();
  return {open ? join.name : identity.username, identity.fullname, identity.avatar};
}

std::optional<Refusal> connection_refusal(const Turn& turn, ConnectionId connection, const SessionRef& ref) {
  if (turn.state.draining) return Refusal{Code::kInternalServerError, "the server is about to stop"};
  const auto& sessions = turn.state.connections.at(connection).sessions;
  if (!sessions.contains(ref) && sessions.size() >= turn.state.config.limits.sessions_per_connection)
    return Refusal{Code::kInternalServerError, "the connection carries all the sessions that it may carry"};
  return std::nullopt;
}

std::expected<void, Refusal> enter(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                                   const signal::Join& join) {
  const auto key = key_of(header.from);
  const auto& identity = turn.state.connections.at(connection).identity;
  const auto& config = turn.state.config;
  const room::Claim claim{.claimed = identity.role,
                          .otherwise = config.open_mode ? config.open_mode_role : room::Role::kViewer};
  const bool returns = room.room.session(key) != nullptr;
  const room::Traits traits{header.from.category, header.from.host, header.from.device_id};
  const auto role = room.room.join(key, profile_of(turn, identity, join), traits, claim);
  if (!role) return std::unexpected(role.error());
  if (!returns) {  // a JOIN repeated leaves the state as it is
    room.room.enable(key, join.video, join.audio);
    base::log::info("session joined", {{"rid", room.rid},
                                       {"userId", key.user_id},
                                       {"sessionId", key.session_id},
                                       {"category", traits.category},
                                       {"host", traits.host},
                                       {"role", room::to_text(*role)}});
  }
  room.sessions[key];
  attach(turn, room, key, connection);
  return {};
}

void acknowledge(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header) {
  refresh_list(room);
  const auto& config = turn.state.config;
  const signal::JoinAck ack{.role = room::to_text(*room.room.role_of(header.from.user_id)),
                            .owner = room.room.owner(),
                            .rev = room.rev,
                            .ice_servers = config.ice_servers,
                            .heartbeat_interval = config.timeouts.heartbeat_interval,
                            .heartbeat_timeout = config.timeouts.heartbeat,
                            .pps = room.pps};
  turn.send(connection, signal::join_ack(header, ack));
}

}  // namespace

void receive_join(Turn& turn, ConnectionId connection, const signal::Header& header, const signal::Join& join) {
  const SessionRef ref{header.rid, key_of(header.from)};
  if (const auto refusal = connection_refusal(turn, connection, ref)) return turn.refuse(connection, header, *refusal);
  const auto room = find_or_create_room(turn, header, join);
  if (!room) return turn.refuse(connection, header, room.error());
  if (const auto entered = enter(turn, **room, connection, header, join); !entered)
    return turn.refuse(connection, header, entered.error());
  acknowledge(turn, **room, connection, header);
  auto& session = (*room)->sessions.at(ref.key);
  if (join.members && !session.wants_members) {
    session.wants_members = true;
    send_members(turn, **room, session);
  }
}

void receive_leave(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header) {
  end_session(turn, room, key_of(header.from));
  turn.send(connection, signal::leave_ack(header));
}

void receive_heartbeat(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                       const signal::Heartbeat& heartbeat) {
  room.sessions.at(key_of(header.from)).heartbeat = turn.now;
  if (heartbeat.send_ack) turn.send(connection, signal::heartbeat_ack(header, heartbeat.bid, room.pps));
}

void receive_update(Turn&, OpenRoom& room, const signal::Header& header, const signal::Update& update) {
  room.room.enable(key_of(header.from), update.video, update.audio);
}

}  // namespace heliograph::control
