// SPDX-License-Identifier: Apache-2.0
#include "control/downlinks.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "control/peers.h"
#include "control/sessions.h"
#include "control/settle.h"
#include "control/watches.h"
#include "sdp/description.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;

plan::Layer layer_of(signal::Layer layer) {
  switch (layer) {
    case signal::Layer::kHigh:
      return plan::Layer::kHigh;
    case signal::Layer::kMedium:
      return plan::Layer::kMedium;
    case signal::Layer::kLow:
      return plan::Layer::kLow;
    case signal::Layer::kAuto:
      break;
  }
  return plan::Layer::kAuto;
}

struct Watching {
  SessionKey viewer;
  SessionKey target;
};

void remember_gone(Turn& turn, Session& viewer, const SessionKey& target) {
  auto& gone = viewer.downlinks_gone;
  gone[target] = turn.now;
  if (gone.size() <= turn.state.config.limits.gone_downlinks_per_session) return;
  gone.erase(std::ranges::min_element(gone, {}, [](const auto& entry) { return entry.second; }));
}

// All at once: the shards hear every Unroute before the first ClosePeer.
void free(Turn& turn, OpenRoom& room, const std::vector<Watching>& list) {
  std::vector<std::pair<SessionKey, Transport>> closing;
  for (const auto& [viewer, target] : list) {
    auto& session = room.sessions.at(viewer);
    auto node = session.downlinks.extract(target);
    if (node.empty()) continue;
    room.room.unwatch(viewer, target);
    remember_gone(turn, session, target);
    closing.emplace_back(viewer, std::move(node.mapped().transport));
  }
  if (closing.empty()) return;
  sync_routes(turn, room);
  for (const auto& [viewer, transport] : closing) {
    auto& session = room.sessions.at(viewer);
    close_peer(turn, transport, session);
    rearm(turn, room.rid, viewer, session);
  }
}

bool fits(const std::vector<plan::DownlinkTrack>& lines, const std::vector<plan::UplinkTrack>& published) {
  return std::ranges::all_of(lines, [&](const plan::DownlinkTrack& line) {
    const auto track = std::ranges::find(published, line.kind, &plan::UplinkTrack::kind);
    return track == published.end() || track->codec.codec == line.codec.codec;
  });
}

void await_answer(Turn& turn, Downlink& downlink, bool restarting) {
  downlink.offered = turn.now;
  downlink.waiting = true;
  downlink.restarting = restarting;
  turn.state.timers.set(peer_timer(TimerKind::kOfferUnanswered, downlink.transport.peer),
                        turn.now + turn.state.config.timeouts.unanswered_offer);
}

std::string open_downlink(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target) {
  auto& session = room.sessions.at(viewer);
  const auto& publication = *room.room.session(target)->publication;
  Downlink downlink;
  downlink.transport = fresh_transport(turn.state, turn.state.placement.of_viewer(publication.id));
  downlink.publication = publication.id;
  const auto& transport = downlink.transport;
  downlink.offer = negotiation::offer(
      {.tracks = publication.tracks, .stream_id = target.session_id, .cname = target.user_id}, transport.local,
      fresh_session(turn.state), capabilities(turn.state, room, transport.peer.shard), turn.state.rng);
  open_peer(turn, transport, {room.rid, viewer}, target, publication.id);
  weigh_peer(turn, transport, rate_of(downlink.offer.tracks));
  room.room.watch(viewer, target, transport.peer, publication.id);
  auto& placed = session.downlinks.emplace(target, std::move(downlink)).first->second;
  session.downlinks_gone.erase(target);
  await_answer(turn, placed, /*restarting=*/false);
  return placed.offer.sdp;
}

std::string restart_downlink(Turn& turn, OpenRoom& room, Downlink& downlink) {
  auto& transport = downlink.transport;
  transport.local = fresh_ice(turn.state);
  turn.command(plan::RestartIce{transport.peer, transport.local});
  if (transport.gone)  // as long as an answer may take
    turn.state.timers.set(peer_timer(TimerKind::kPeerGone, transport.peer),
                          turn.now + turn.state.config.timeouts.unanswered_offer);
  const auto& lines = downlink.taken.empty() ? downlink.offer.tracks : downlink.taken;
  downlink.offer = negotiation::reoffer(downlink.offer, lines, transport.local,
                                        capabilities(turn.state, room, transport.peer.shard));
  await_answer(turn, downlink, /*restarting=*/true);
  return downlink.offer.sdp;
}

// B-34: an answer that can be read and takes nothing that we can send ends the connection; a text that is no SDP leaves
// the offer waiting.
void answer_refused(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target,
                    const signal::Answer& answer) {
  if (sdp::parse(answer.sdp)) free_downlink(turn, room, viewer, target);
}

void take_answer(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target, Downlink& downlink,
                 negotiation::DownlinkAnswer accepted) {
  const auto peer = downlink.transport.peer;
  downlink.waiting = false;
  std::string().swap(downlink.offer.sdp);  // nobody asks for it again; it is as large as all else that is kept here
  downlink.taken = accepted.tracks;
  weigh_peer(turn, downlink.transport, rate_of(accepted.tracks));
  turn.state.timers.cancel(peer_timer(TimerKind::kOfferUnanswered, peer));
  turn.command(plan::SetRemote{peer, std::move(accepted.remote)});
  room.room.take(viewer, target, std::move(accepted.tracks));
  sync_routes(turn, room);
  if (!downlink.transport.connected)
    turn.state.timers.set(peer_timer(TimerKind::kPeerConnect, peer),
                          turn.now + turn.state.config.timeouts.downlink_connect);
}

// B-40, B-53: in the order in which they are told.
std::expected<Downlink*, Refusal> find_answered(OpenRoom& room, const SessionKey& viewer, const SessionKey& target) {
  if (room.room.session(target) == nullptr)
    return std::unexpected(Refusal{Code::kUserLeft, "the session that the answer is for is not in the room"});
  auto& downlinks = room.sessions.at(viewer).downlinks;
  const auto it = downlinks.find(target);
  if (it == downlinks.end())
    return std::unexpected(
        Refusal{Code::kInvalidSignal, "no offer for that session is waiting for an answer; WATCH it first"});
  return &it->second;
}

}  // namespace

std::string offer_downlink(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target,
                           bool restarting) {
  auto& downlinks = room.sessions.at(viewer).downlinks;
  const auto it = downlinks.find(target);
  if (it == downlinks.end()) return open_downlink(turn, room, viewer, target);
  auto& downlink = it->second;
  const bool young = turn.now - downlink.offered < turn.state.config.timeouts.same_offer;
  if (downlink.waiting && young && (!restarting || downlink.restarting)) return downlink.offer.sdp;  // B-33
  if (restarting && !downlink.transport.dtls_over) return restart_downlink(turn, room, downlink);
  free_downlink(turn, room, viewer, target);
  return open_downlink(turn, room, viewer, target);
}

void receive_answer(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                    const signal::Answer& answer) {
  const auto viewer = key_of(header.from);
  const auto& to = std::get<signal::Target>(answer.to);
  const SessionKey target{to.user_id, *to.session_id};
  const auto found = find_answered(room, viewer, target);
  if (!found) return turn.refuse(connection, header, found.error());
  auto& downlink = **found;
  const size_t print = std::hash<std::string_view>()(answer.sdp);
  if (!downlink.waiting && print == downlink.last_answer) return;  // B-9: the same one twice
  if (!downlink.waiting)
    return turn.refuse(connection, header, {Code::kInvalidSignal, "the offer for that session is answered already"});
  auto accepted = negotiation::accept(answer.sdp, downlink.offer);
  if (!accepted) {
    answer_refused(turn, room, viewer, target, answer);
    return turn.refuse(connection, header, accepted.error());
  }
  downlink.last_answer = print;
  take_answer(turn, room, viewer, target, downlink, std::move(*accepted));
}

void receive_unwatch(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                     const signal::Unwatch& unwatch) {
  const auto viewer = key_of(header.from);
  std::vector<Watching> list;
  for (const auto& [target, downlink] : room.sessions.at(viewer).downlinks)
    if (is_of(unwatch.to, target)) list.push_back({viewer, target});
  free(turn, room, list);
  withdraw_watches(turn, room, viewer, unwatch.to);
  turn.send(connection, signal::unwatch_ack(header, unwatch.to));
}

void receive_simulcast_update(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                              const signal::SimulcastUpdate& update) {
  const auto viewer = key_of(header.from);
  const SessionKey target{update.to.user_id, *update.to.session_id};
  if (room.room.session(target) == nullptr)
    return turn.refuse(connection, header, {Code::kUserLeft, "the session watched is not in the room"});
  if (!room.sessions.at(viewer).downlinks.contains(target))
    return turn.refuse(connection, header, {Code::kInvalidSignal, "that session is not watched; WATCH it first"});
  room.room.wish(viewer, target, {.layer = layer_of(update.layer), .paused = update.pause});
  turn.send(connection, signal::simulcast_ack(header, update.to, update.layer));
}

void offer_lapsed(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target) {
  auto& downlink = room.sessions.at(viewer).downlinks.at(target);
  if (!downlink.transport.alive()) return free_downlink(turn, room, viewer, target);
  downlink.waiting = false;  // RFC 8445 section 9: the old credentials are still good
}

void free_downlink(Turn& turn, OpenRoom& room, const SessionKey& viewer, const SessionKey& target) {
  free(turn, room, {{viewer, target}});
}

void free_downlinks(Turn& turn, OpenRoom& room, const SessionKey& viewer) {
  std::vector<Watching> list;
  for (const auto& [target, downlink] : room.sessions.at(viewer).downlinks) list.push_back({viewer, target});
  free(turn, room, list);
}

void free_watchers(Turn& turn, OpenRoom& room, const SessionKey& target) {
  std::vector<Watching> list;
  for (const auto& [viewer, session] : room.sessions)
    if (session.downlinks.contains(target)) list.push_back({viewer, target});
  free(turn, room, list);
}

void free_mismatched(Turn& turn, OpenRoom& room, const SessionKey& target) {
  const auto& published = room.room.session(target)->publication->tracks;
  std::vector<Watching> list;
  for (const auto& [viewer, session] : room.sessions) {
    const auto it = session.downlinks.find(target);
    if (it == session.downlinks.end()) continue;
    const auto& downlink = it->second;
    if (!fits(downlink.taken.empty() ? downlink.offer.tracks : downlink.taken, published))
      list.push_back({viewer, target});
  }
  free(turn, room, list);
}

}  // namespace heliograph::control
