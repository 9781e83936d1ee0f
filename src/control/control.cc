// SPDX-License-Identifier: Apache-2.0
#include "control/control.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "control/dispatch.h"
#include "control/downlinks.h"
#include "control/hls.h"
#include "control/peers.h"
#include "control/sessions.h"
#include "control/settle.h"
#include "control/state.h"
#include "control/uplinks.h"
#include "control/watches.h"
#include "signal/parse.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

constexpr uint16_t kGoingAway = 1001;  // RFC 6455 section 7.4.1
constexpr std::string_view kStopping = "the server is about to stop";

void keep_alive(Turn& turn, ConnectionId connection) {
  turn.send(connection, signal::keep_alive());
  turn.state.timers.set(connection_timer(TimerKind::kKeepAlive, connection),
                        turn.now + turn.state.config.timeouts.keep_alive);
}

// B-59: a connection that brought no token in time.
void token_due(Turn& turn, ConnectionId connection) {
  if (!turn.state.connections.contains(connection) || !turn.is_stranger(connection)) return;
  close_connection(turn, connection, kPolicyViolation, "no JOIN brought a token in time");
}

// A connection of the media plane that did not come up, or did not come back.
void free_peer(Turn& turn, const FoundPeer& found) {
  const auto& key = found.owner.session.key;
  if (found.owner.target) {
    free_downlink(turn, *found.room, key, *found.owner.target);
  } else {
    uplink_lost(turn, *found.room, key);
  }
}

void peer_due(Turn& turn, const TimerKey& timer) {
  const auto found = find_peer(turn, timer.number);
  if (!found) return;
  if (timer.kind == TimerKind::kOfferUnanswered) {
    offer_lapsed(turn, *found->room, found->owner.session.key, *found->owner.target);
  } else {
    free_peer(turn, *found);
  }
  settle(turn, found->owner.session.rid);
}

void room_due(Turn& turn, const TimerKey& timer) {
  auto* room = turn.room(timer.rid);
  if (room == nullptr) return;
  if (timer.kind == TimerKind::kRoomEmpty)
    return close_room(turn, timer.rid, "nobody was in the room any more");  // B-17
  if (timer.kind == TimerKind::kHlsHeld) return hls_held_too_long(turn, *room, timer.session);
  if (Turn::session(*room, timer.session) == nullptr) return;
  if (timer.kind == TimerKind::kSessionEnd) {
    end_session(turn, *room, timer.session, Ending::kLost);
  } else {
    watch_timed_out(turn, *room, timer.session, timer.number);
  }
  settle(turn, timer.rid);
}

void due(Turn& turn, const TimerKey& timer) {
  switch (timer.kind) {
    case TimerKind::kSessionEnd:
    case TimerKind::kRoomEmpty:
    case TimerKind::kHeldWatch:
    case TimerKind::kHlsHeld:
      return room_due(turn, timer);
    case TimerKind::kKeepAlive:
      return keep_alive(turn, timer.number);
    case TimerKind::kToken:
      return token_due(turn, timer.number);
    case TimerKind::kPeerConnect:
    case TimerKind::kOfferUnanswered:
    case TimerKind::kPeerGone:
      return peer_due(turn, timer);
  }
}

// A PeerConnection and whose it is, on one line.
void log_peer(const char* what, const FoundPeer& found, std::string_view why = "") {
  const auto& [peer, session, target, watched, rate] = found.owner;
  base::log::info(what, {{"rid", session.rid},
                         {"userId", session.key.user_id},
                         {"sessionId", session.key.session_id},
                         {"watches", target ? target->session_id : ""},
                         {"shard", peer.shard},
                         {"peer", peer.number},
                         {"why", why}});
}

void handle(Turn& turn, const FoundPeer& found, const plan::PeerConnected& event) {
  log_peer(found.owner.target ? "downlink connected" : "uplink connected", found);
  if (found.previous()) return;
  found.transport->connected = true;
  if (found.owner.target) {
    turn.state.timers.cancel(peer_timer(TimerKind::kPeerConnect, event.peer));
  } else {
    uplink_connected(turn, found);
  }
}

void handle(Turn& turn, const FoundPeer& found, const plan::PeerGone& event) {
  log_peer("connection gone", found, plan::to_text(event.reason));
  if (found.transport->alive()) found.session->consent_lost = turn.now;
  if (found.previous()) return drop_previous(turn, *found.session);
  found.transport->gone = true;
  found.transport->dtls_over = found.transport->dtls_over || event.reason != plan::GoneReason::kConsentExpired;
  turn.state.timers.set(peer_timer(TimerKind::kPeerGone, event.peer), turn.now + turn.state.config.timeouts.gone_peer);
}

void handle(Turn& turn, const FoundPeer& found, const plan::PeerRevived& event) {
  log_peer("connection revived", found);
  found.transport->gone = false;
  turn.state.timers.cancel(peer_timer(TimerKind::kPeerGone, event.peer));
}

void refuse_malformed(Turn& turn, ConnectionId connection, const signal::Malformed& malformed) {
  ++turn.state.refusals[malformed.refusal.code];
  base::log::debug("signal malformed",
                   {{"s", to_text(malformed.name)}, {"why", malformed.refusal.sentence}, {"connection", connection}});
  turn.send(connection, signal::refusal(malformed.name, malformed.refusal, malformed.data, malformed.tid));
}

// How long the connection must wait before it may say more; zero: not at all.
base::Duration message_wait(Turn& turn, ConnectionId connection) {
  const auto& speaker = turn.state.connections.at(connection);
  if (!speaker.identity.user_id.empty()) return turn.state.rates.of_user(turn.now, speaker.identity.user_id);
  return turn.state.rates.of_address(turn.now, speaker.address);
}

// Answered, not dropped in silence; who goes on all the same is closed.
void refuse_hasty(Turn& turn, ConnectionId connection, const std::expected<signal::Signal, signal::Malformed>& signal,
                  base::Duration wait) {
  const base::Refusal refusal{base::Code::kInternalServerError,
                              "more messages come than may; send it again after b.retryAfter milliseconds"};
  ++turn.state.refusals[refusal.code];
  const auto name = signal ? signal->header.name : signal.error().name;
  turn.send(connection, signal::refusal(name, refusal, signal ? signal->header.data : signal.error().data,
                                        signal ? signal->header.tid : signal.error().tid, wait));
  auto& row = turn.state.connections.at(connection).refusals_in_a_row;
  if (++row >= turn.state.config.limits.refusals_in_a_row)
    close_connection(turn, connection, kPolicyViolation, "too many messages, for too long");
}

void merge(room::Routes& into, const room::Routes& from) { into.insert(from.begin(), from.end()); }

}  // namespace

Control::Control(Config config) : state_(std::make_unique<State>(std::move(config))) {
  CHECK(!state_->config.shards.empty());
  CHECK(state_->config.entropy != nullptr);
}
Control::~Control() = default;

void Control::connected(base::Timestamp now, ConnectionId connection, Identity identity, base::IpAddress address,
                        Out& out) {
  if (state_->draining) {
    out.messages.push_back(Close{connection, kGoingAway, std::string(kStopping)});
    return;
  }
  state_->connections.insert_or_assign(connection, Connection{std::move(identity), address, {}});
  const Turn turn{*state_, now, out};
  state_->timers.set(connection_timer(TimerKind::kKeepAlive, connection), now + state_->config.timeouts.keep_alive);
  if (turn.is_stranger(connection))
    state_->timers.set(connection_timer(TimerKind::kToken, connection), now + state_->config.timeouts.token);
}

void Control::receive(base::Timestamp now, ConnectionId connection, std::string_view text, Out& out) {
  if (!state_->connections.contains(connection)) return;
  Turn turn{*state_, now, out};
  const auto wait = message_wait(turn, connection);
  const auto signal = signal::parse(text);
  if (wait > base::Duration()) return refuse_hasty(turn, connection, signal, wait);
  state_->connections.at(connection).refusals_in_a_row = 0;
  if (!signal) return refuse_malformed(turn, connection, signal.error());
  dispatch(turn, connection, *signal);
  settle(turn, signal->header.rid);
}

void Control::disconnected(base::Timestamp now, ConnectionId connection, Out& out) {
  Turn turn{*state_, now, out};
  detach(turn, connection);
}

void Control::on_event(base::Timestamp now, const plan::Event& event, Out& out) {
  Turn turn{*state_, now, out};
  const auto number = std::visit([](const auto& e) { return e.peer.number; }, event);
  const auto found = find_peer(turn, number);
  if (!found) return;  // closed while the event was on its way
  std::visit([&](const auto& e) { handle(turn, *found, e); }, event);
  const auto& [rid, key] = found->owner.session;
  rearm(turn, rid, key, *found->session);
  settle(turn, rid);
}

void Control::on_hls(base::Timestamp now, const plan::HlsChanged& changed, Out& out) {
  Turn turn{*state_, now, out};
  hls_changed(turn, changed);
}

void Control::on_time(base::Timestamp now, Out& out) {
  Turn turn{*state_, now, out};
  while (const auto timer = state_->timers.take_due(now)) due(turn, *timer);
}

void Control::measured(std::span<const uint64_t> packets_per_second) { state_->placement.measured(packets_per_second); }

base::Timestamp Control::next_time() const { return state_->timers.next(); }

void Control::begin_drain(base::Timestamp now, Out& out) {
  Turn turn{*state_, now, out};
  state_->draining = true;
  while (!state_->rooms.empty()) close_room(turn, std::string(state_->rooms.begin()->first), kStopping);
  while (!state_->connections.empty())
    close_connection(turn, state_->connections.begin()->first, kGoingAway, std::string(kStopping));
}

Numbers Control::numbers() const {
  Numbers numbers{.connections = state_->connections.size(),
                  .rooms = state_->rooms.size(),
                  .sessions = 0,
                  .publications = 0,
                  .downlinks = 0,
                  .hls_streams = state_->hls_streams,
                  .hls_refused = state_->hls_refused,
                  .peers_by_shard = state_->placement.peers(),
                  .load_by_shard = state_->placement.loads(),
                  .refusals = state_->refusals};
  for (const auto& [rid, room] : state_->rooms) {
    numbers.sessions += room.sessions.size();
    for (const auto& [key, session] : room.sessions) {
      numbers.publications += session.uplink ? 1 : 0;
      numbers.downlinks += session.downlinks.size();
    }
  }
  return numbers;
}

room::Routes Control::routes_told() const {
  room::Routes all;
  for (const auto& [rid, room] : state_->rooms) merge(all, room.told);
  return all;
}

room::Routes Control::routes_wanted() const {
  room::Routes all;
  for (const auto& [rid, room] : state_->rooms) merge(all, room::routes(room.room));
  return all;
}

HlsStreams Control::hls_told() const {
  HlsStreams all;
  for (const auto& [rid, room] : state_->rooms)
    for (const auto& [key, stream] : room.hls)
      if (stream.running) all.emplace(stream.told.stream, stream.told).first->second.prefix.clear();
  return all;
}

HlsStreams Control::hls_wanted() const {
  HlsStreams all;
  for (const auto& [rid, room] : state_->rooms)
    for (auto& [key, start] : control::hls_wanted(room)) all.emplace(start.stream, std::move(start));
  return all;
}

}  // namespace heliograph::control
