// SPDX-License-Identifier: Apache-2.0
#include "control/dispatch.h"

#include <optional>
#include <variant>

#include "control/candidates.h"
#include "control/downlinks.h"
#include "control/membership.h"
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
  if (room == nullptr) return Refusal{Code::kRoomNotFound, "the room does not exist"};
  if (room->channel == header.channel) return std::nullopt;
  const bool knows = signal::may_answer(header.name, Code::kUnsupportedChannel);
  return Refusal{knows ? Code::kUnsupportedChannel : Code::kRoomNotFound, "data.ch is not the type of this room"};
}

// B-15, B-54: what somebody who is not in the room is told.
Refusal stranger_refusal(const signal::Header& header) {
  switch (header.name) {
    case Name::kOffer:
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

// 4051 (B-15): viewers neither OFFER nor have anything to enable.
std::optional<Refusal> role_refusal(const OpenRoom& room, const signal::Header& header) {
  if (header.name != Name::kOffer && header.name != Name::kUpdate) return std::nullopt;
  if (room::may_publish(*room.room.role_of(header.from.user_id))) return std::nullopt;
  return Refusal{Code::kPermissionNotFound, "the user is a viewer in this room; only publishers may do this"};
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
  void operator()(const signal::Join&) const {}      // dispatched before
  void operator()(const signal::Unserved&) const {}  // refused before
};

void to_room(Turn& turn, ConnectionId connection, const signal::Signal& signal) {
  const auto& header = signal.header;
  auto* room = turn.room(header.rid);
  if (const auto refusal = room_refusal(room, header)) return turn.refuse(connection, header, *refusal);
  const auto key = key_of(header.from);
  if (Turn::session(*room, key) == nullptr) {
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
  if (std::holds_alternative<signal::Unserved>(signal.body))
    return turn.refuse(connection, header, {Code::kInternalServerError, "this server does not serve this signal"});
  if (const auto* join = std::get_if<signal::Join>(&signal.body)) {
    receive_join(turn, connection, header, *join);
  } else {
    to_room(turn, connection, signal);
  }
}

}  // namespace heliograph::control
