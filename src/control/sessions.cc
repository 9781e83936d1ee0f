// SPDX-License-Identifier: Apache-2.0
#include "control/sessions.h"

#include <algorithm>

#include "base/log.h"
#include "control/downlinks.h"
#include "control/hls.h"
#include "control/p2p.h"
#include "control/settle.h"
#include "control/uplinks.h"
#include "control/watches.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

TimerKey end_timer(const std::string& rid, const SessionKey& key) {
  return {.kind = TimerKind::kSessionEnd, .number = 0, .rid = rid, .session = key};
}

bool has_living_peer(const Session& session) {
  if (session.uplink && (session.uplink->transport.alive() || session.uplink->previous)) return true;
  return std::ranges::any_of(session.downlinks, [](const auto& d) { return d.second.transport.alive(); });
}

// Its socket carries it no more.
void forget_connection(Turn& turn, const std::string& rid, const SessionKey& key, const Session& session) {
  if (!session.connection) return;
  const auto it = turn.state.connections.find(*session.connection);
  if (it != turn.state.connections.end()) it->second.sessions.erase({rid, key});
}

}  // namespace

void attach(Turn& turn, OpenRoom& room, const SessionKey& key, ConnectionId connection) {
  auto& session = room.sessions.at(key);
  if (session.connection == connection) return;
  if (session.connection) {
    turn.send(session, signal::session_replaced(room.rid, key.session_id));
    forget_connection(turn, room.rid, key, session);
  }
  session.connection = connection;
  turn.state.connections.at(connection).sessions.insert({room.rid, key});
  rearm(turn, room.rid, key, session);
  deliver_held(turn, session);
}

void detach(Turn& turn, ConnectionId connection) {
  const auto it = turn.state.connections.find(connection);
  if (it == turn.state.connections.end()) return;
  const auto refs = std::move(it->second.sessions);
  turn.state.connections.erase(it);
  for (const auto kind : {TimerKind::kKeepAlive, TimerKind::kToken})
    turn.state.timers.cancel(connection_timer(kind, connection));
  for (const auto& [rid, key] : refs) {
    auto& session = turn.room(rid)->sessions.at(key);
    session.connection.reset();
    session.socket_closed = turn.now;
    rearm(turn, rid, key, session);
  }
}

void close_connection(Turn& turn, ConnectionId connection, uint16_t code, std::string reason) {
  turn.out.messages.push_back(Close{connection, code, std::move(reason)});
  detach(turn, connection);
}

base::Timestamp ends_at(const Session& session, const Timeouts& timeouts) {
  if (session.connection || has_living_peer(session)) return base::Timestamp::never();
  auto last = session.socket_closed;
  if (session.heartbeat) last = std::max(last, *session.heartbeat + timeouts.heartbeat);
  if (session.consent_lost) last = std::max(last, *session.consent_lost);
  return last + timeouts.session_grace;
}

void rearm(Turn& turn, const std::string& rid, const SessionKey& key, const Session& session) {
  const auto when = ends_at(session, turn.state.config.timeouts);
  if (when.is_never()) {
    turn.state.timers.cancel(end_timer(rid, key));
  } else {
    turn.state.timers.set(end_timer(rid, key), when);
  }
}

void end_session(Turn& turn, OpenRoom& room, const SessionKey& key, Ending why) {
  drop_held_watches(turn, room, key);
  end_uplink(turn, room, key, why);
  free_downlinks(turn, room, key);
  forget_connection(turn, room.rid, key, room.sessions.at(key));
  turn.state.timers.cancel(end_timer(room.rid, key));
  if (room.sessions.at(key).wants_members) --room.members_wanted;
  room.sessions.erase(key);
  std::erase_if(room.held_requests, [&](const HeldRequest& held) { return held.from == key; });
  base::log::info("session left", {{"rid", room.rid}, {"userId", key.user_id}, {"sessionId", key.session_id}});
  room.room.leave(turn.now, key);
  refuse_watches_of(turn, room, key);
}

void close_room(Turn& turn, const std::string& rid, std::string_view reason) {
  auto* room = turn.room(rid);
  if (room == nullptr) return;
  std::set<ConnectionId> connections;
  for (auto& [key, session] : room->sessions) {
    forget_connection(turn, rid, key, session);
    if (session.connection) connections.insert(*session.connection);
    session.connection.reset();  // what ends with the room is not told one by one
  }
  for (const auto connection : connections) turn.send(connection, signal::room_closed(rid, reason));
  while (!room->sessions.empty()) end_session(turn, *room, SessionKey(room->sessions.begin()->first), Ending::kMeant);
  end_all_hls(turn, *room);
  turn.state.timers.cancel({.kind = TimerKind::kRoomEmpty, .number = 0, .rid = rid, .session = {}});
  base::log::info("room closed", {{"rid", rid}, {"why", reason}});
  turn.state.rooms.erase(rid);
}

}  // namespace heliograph::control
