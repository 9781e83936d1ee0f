// SPDX-License-Identifier: Apache-2.0
#include "control/dispatch.h"

#include <optional>
#include <variant>

#include "control/candidates.h"
#include "control/downlinks.h"
#include "control/membership.h"
#include "control/moderation.h"
#include "control/p2p.h"
#include "control/sessions.h"
#include "control/uplinks.h"
#include "control/watches.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;
using signal::Channel;
using signal::Name;

// B-6, B-52: the room, and whether `ch` is its type. HEARTBEAT and ICE_SERVERS know no 2002.
std::optional<Refusal> room_refusal(const OpenRoom* room, const signal::Header& header) {
  if (room == nullptr) return Refusal{Code::kRoomNotFound, "the room does not exist, or no more; JOIN it"};
  if (room->channel == header.channel) return std::nullopt;
  const bool knows = signal::may_answer(header.name, Code::kUnsupportedChannel);
  return Refusal{knows ? Code::kUnsupportedChannel : Code::kRoomNotFound,
                 "data.ch is not the type of this room, which is " + std::string(to_text(room->channel))};
}

// B-15, B-54: what somebody who is not in the room is told.
Refusal stranger_refusal(const signal::Header& header) {
  switch (header.name) {
    case Name::kOffer:
    case Name::kKick:
    case Name::kPublishAccept:
    case Name::kPublishReject:
      return {Code::kPermissionNotFound, "the session is not in the room; JOIN it first"};
    case Name::kWatch:
    case Name::kAnswer:
      return {Code::kUserLeft, "the session is not in the room; JOIN it first"};
    case Name::kIce:
      return {header.channel == Channel::kP2p ? Code::kRecipientNotMember : Code::kInvalidSignal,
              "the session is not in the room; JOIN it first"};
    default:
      return {Code::kRoomNotFound, "the session is not in the room; JOIN it first"};
  }
}

// 4051 (B-15, B-57): what viewers may not do, and what among publishers only the owner and admins may.
std::optional<Refusal> role_refusal(const OpenRoom& room, const signal::Header& header) {
  const auto& user = header.from.user_id;
  const auto role = *room.room.role_of(user);
  switch (header.name) {
    case Name::kOffer:
    case Name::kUpdate:
    case Name::kUnpublish:
    case Name::kKick:
      if (room::may_publish(role)) return std::nullopt;
      return Refusal{Code::kPermissionNotFound,
                     "the user is a viewer in this room; only publishers may do this (PUBLISH_REQUEST asks to be one)"};
    case Name::kPublishAccept:
    case Name::kPublishReject:
      if (role == room::Role::kAdmin || user == room.room.owner()) return std::nullopt;
      return Refusal{Code::kPermissionNotFound, "only the owner of the room and admins may do this"};
    default:
      return std::nullopt;
  }
}

struct ToMember {
  Turn& turn;
  OpenRoom& room;
  ConnectionId connection;
  const signal::Header& header;

  bool peer_to_peer() const { return room.channel == Channel::kP2p; }

  void operator()(const signal::Offer& body) const {
    if (peer_to_peer()) return forward(turn, room, connection, header, body.to);
    receive_offer(turn, room, connection, header, body);
  }
  void operator()(const signal::Answer& body) const {
    if (peer_to_peer()) return forward(turn, room, connection, header, body.to);
    receive_answer(turn, room, connection, header, body);
  }
  void operator()(const signal::Ice& body) const {
    if (peer_to_peer()) return forward(turn, room, connection, header, body.to);
    receive_candidate(turn, room, connection, header, body);
  }
  void operator()(const signal::Watch& body) const { receive_watch(turn, room, connection, header, body); }
  void operator()(const signal::Leave&) const { receive_leave(turn, room, connection, header); }
  void operator()(const signal::Heartbeat& body) const { receive_heartbeat(turn, room, connection, header, body); }
  void operator()(const signal::Update& body) const { receive_update(turn, room, header, body); }
  void operator()(const signal::Unpublish&) const { receive_unpublish(turn, room, connection, header); }
  void operator()(const signal::Unwatch& body) const { receive_unwatch(turn, room, connection, header, body); }
  void operator()(const signal::SimulcastUpdate& body) const {
    receive_simulcast_update(turn, room, connection, header, body);
  }
  void operator()(const signal::Kick& body) const { receive_kick(turn, room, connection, header, body); }
  void operator()(const signal::PublishRequest&) const { receive_publish_request(turn, room, connection, header); }
  void operator()(const signal::PublishAccept& body) const {
    receive_publish_accept(turn, room, connection, header, body);
  }
  void operator()(const signal::PublishReject& body) const {
    receive_publish_reject(turn, room, connection, header, body);
  }
  void operator()(const signal::IceServers&) const {
    turn.send(connection, signal::ice_servers_ack(header, turn.ice_servers(header.from.user_id)));
  }
  void operator()(const signal::Join&) const {}  // dispatched before
};

void to_room(Turn& turn, ConnectionId connection, const signal::Signal& signal) {
  const auto& header = signal.header;
  auto* room = turn.room(header.rid);
  if (const auto refusal = room_refusal(room, header)) return turn.refuse(connection, header, *refusal);
  const auto key = key_of(header.from);
  if (turn.is_stranger(connection) || Turn::session(*room, key) == nullptr) {
    if (header.name == Name::kLeave) return turn.send(connection, signal::leave_ack(header));  // B-54
    return turn.refuse(connection, header, stranger_refusal(header));
  }
  attach(turn, *room, key, connection);
  if (const auto refusal = role_refusal(*room, header)) return turn.refuse(connection, header, *refusal);
  std::visit(ToMember{turn, *room, connection, header}, signal.body);
}

}  // namespace

void dispatch(Turn& turn, ConnectionId connection, const signal::Signal& signal) {
  const auto& header = signal.header;
  const auto& identity = turn.state.connections.at(connection).identity;
  if (!identity.user_id.empty() && identity.user_id != header.from.user_id)  // B-11
    return turn.refuse(connection, header, {Code::kInvalidSignal, "data.ss.userId is not the user of the token"});
  if (const auto* join = std::get_if<signal::Join>(&signal.body)) {
    receive_join(turn, connection, header, *join);
  } else {
    to_room(turn, connection, signal);
  }
}

}  // namespace heliograph::control
