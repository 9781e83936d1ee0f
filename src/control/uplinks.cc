// SPDX-License-Identifier: Apache-2.0
#include "control/uplinks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "control/downlinks.h"
#include "control/hls.h"
#include "control/sessions.h"
#include "control/settle.h"
#include "control/watches.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using Answered = std::expected<negotiation::Uplink, base::Refusal>;

// One OFFER on its way.
struct Request {
  Turn& turn;
  OpenRoom& room;
  ConnectionId connection;
  const signal::Header& header;
  const signal::Offer& offer;
  SessionKey key;

  Session& session() const { return room.sessions.at(key); }
  SessionRef ref() const { return {room.rid, key}; }
  // B-25: as the OFFER says. Where it says nothing, a publication that goes on is forwarded as before, and so is a
  // restart of one that is gone, while its stream waits for it.
  bool wants_hls(bool goes_on) const {
    const bool before = (goes_on || offer.restarting) && room.hls.contains(key);
    return turn.state.config.hls && offer.hls_forwarding.value_or(before);
  }
};

bool is_identical(const Request& request, const AnsweredOffer& last) {
  const auto age = request.turn.now - last.at;
  return age < request.turn.state.config.timeouts.identical_offer && request.header.from == last.from &&
         request.offer.sdp == last.sdp && request.offer.op == last.op;  // B-61
}

// What mp4 may hold, as many as possible can play it first (B-25). VP8 is none of them.
constexpr std::array kHlsVideo = {plan::Codec::kH264, plan::Codec::kVp9, plan::Codec::kAv1};

negotiation::Capabilities capabilities_at(const Request& request, plan::ShardIndex shard, bool forwarded) {
  auto result = capabilities(request.turn.state, request.room, shard);
  if (forwarded) result.preferred_video.assign(kHlsVideo.begin(), kHlsVideo.end());
  return result;
}

// The same on a living uplink: on a restart its viewers should not have to change codec.
negotiation::Capabilities capabilities_like(const Request& request, const Uplink& uplink) {
  auto result = capabilities_at(request, uplink.transport.peer.shard, request.wants_hls(/*goes_on=*/true));
  const auto video = std::ranges::find(uplink.tracks, plan::Kind::kVideo, &plan::UplinkTrack::kind);
  if (video != uplink.tracks.end()) result.preferred_video.insert(result.preferred_video.begin(), video->codec.codec);
  return result;
}

void acknowledge(const Request& request, const std::string& answer) {
  auto& uplink = *request.session().uplink;
  uplink.last = {request.header.from, request.offer.sdp, request.offer.op, request.turn.now, answer};
  request.turn.send(request.connection, signal::offer_ack(request.header, answer, hls_of(request.room, request.key)));
}

void await_connection(Turn& turn, const Transport& transport) {
  turn.state.timers.set(peer_timer(TimerKind::kPeerConnect, transport.peer),
                        turn.now + turn.state.config.timeouts.uplink_connect);
}

// What the session publishes now is an HLS stream, or is none.
void forward(const Request& request, bool wanted) {
  const bool forwarded = wanted && may_forward(request.turn, request.room, request.key);
  request.room.room.forward(request.key, forwarded);
  if (!forwarded) end_hls(request.turn, request.room, request.key, Ending::kMeant);
}

// What was agreed becomes the uplink's: on this transport, for its publication.
void carry(const Request& request, Uplink& uplink, negotiation::Uplink agreed, bool hls) {
  if (uplink.remote != agreed.remote) request.turn.command(plan::SetRemote{uplink.transport.peer, agreed.remote});
  uplink.remote = std::move(agreed.remote);
  uplink.tracks = agreed.tracks;
  weigh_peer(request.turn, uplink.transport, rate_of(uplink.tracks));
  request.turn.command(plan::Publish{uplink.transport.peer, uplink.publication, uplink.tracks});
  request.room.room.publish(request.key, uplink.publication, std::move(agreed.tracks));
  forward(request, hls);
}

std::expected<std::string, base::Refusal> start(const Request& request) {
  auto& state = request.turn.state;
  const bool hls = request.wants_hls(/*goes_on=*/false);
  auto made = std::make_unique<Uplink>();
  auto& uplink = *made;
  uplink.transport = fresh_transport(state, state.placement.of_publisher());
  uplink.version = fresh_session(state);
  uplink.publication = {.home = uplink.transport.peer.shard, .number = fresh_number(state)};
  auto agreed = negotiation::answer(request.offer.sdp, uplink.transport.local, uplink.version,
                                    capabilities_at(request, uplink.transport.peer.shard, hls));
  if (!agreed) return std::unexpected(agreed.error());  // B-24: what was there lives on
  end_uplink(request.turn, request.room, request.key, Ending::kLost);
  open_peer(request.turn, uplink.transport, request.ref());
  auto answer = agreed->answer_sdp;
  request.session().uplink = std::move(made);
  carry(request, uplink, std::move(*agreed), hls);
  await_connection(request.turn, uplink.transport);
  return answer;
}

// Same PeerConnection, same credentials: tracks came or went (B-23).
std::string renegotiate(const Request& request, Uplink& uplink, negotiation::Uplink agreed) {
  ++uplink.version.version;
  auto answer = agreed.answer_sdp;
  carry(request, uplink, std::move(agreed), request.wants_hls(/*goes_on=*/true));
  return answer;
}

// Same PeerConnection, new credentials on both sides (B-22; RFC 8445 section 9).
std::expected<std::string, base::Refusal> restart_ice(const Request& request, Uplink& uplink) {
  auto local = fresh_ice(request.turn.state);
  auto version = uplink.version;
  ++version.version;
  auto agreed = negotiation::answer(request.offer.sdp, local, version, capabilities_like(request, uplink));
  if (!agreed) return std::unexpected(agreed.error());
  uplink.version = version;
  uplink.transport.local = local;
  request.turn.command(plan::RestartIce{uplink.transport.peer, std::move(local)});
  if (uplink.transport.gone)  // as long as a new connection may take
    request.turn.state.timers.set(peer_timer(TimerKind::kPeerGone, uplink.transport.peer),
                                  request.turn.now + request.turn.state.config.timeouts.uplink_connect);
  auto answer = agreed->answer_sdp;
  carry(request, uplink, std::move(*agreed), request.wants_hls(/*goes_on=*/true));
  return answer;
}

// The publication is fed by the PeerConnection before the last one again. Whose OFFER was the last is forgotten: its
// answer is of no use any more.
void go_back(Turn& turn, OpenRoom& room, const SessionKey& key) {
  auto& session = room.sessions.at(key);
  auto& uplink = *session.uplink;
  const auto failed = std::exchange(uplink.transport, uplink.previous->transport);
  uplink.remote = std::move(uplink.previous->remote);
  uplink.tracks = std::move(uplink.previous->tracks);
  uplink.version = uplink.previous->version;
  uplink.previous.reset();
  uplink.last.from = {};
  turn.command(plan::Publish{uplink.transport.peer, uplink.publication, uplink.tracks});
  room.room.publish(key, uplink.publication, uplink.tracks);
  close_peer(turn, failed, session);
  free_mismatched(turn, room, key);
  sync_routes(turn, room);
}

// What was there before another PeerConnection takes over: it stays until that one is up, when it still carries media.
// In a swap over a swap it is the first one, and the one that never came up goes.
void retire(const Request& request, Uplink& uplink, UplinkConnection old) {
  const bool carries = old.transport.alive() && !uplink.previous;
  if (!carries) return close_peer(request.turn, old.transport, request.session());
  for (const auto kind : {TimerKind::kPeerConnect, TimerKind::kPeerGone})
    request.turn.state.timers.cancel(peer_timer(kind, old.transport.peer));
  uplink.previous = std::move(old);
}

// Another PeerConnection takes the publication over, on the same shard: with its first packet, so that viewers see what
// the old one sends until then, and notice a keyframe (B-22).
std::expected<std::string, base::Refusal> swap_transport(const Request& request, Uplink& uplink) {
  auto& state = request.turn.state;
  auto transport = fresh_transport(state, uplink.transport.peer.shard);
  const auto version = fresh_session(state);
  auto agreed = negotiation::answer(request.offer.sdp, transport.local, version, capabilities_like(request, uplink));
  if (!agreed) return std::unexpected(agreed.error());
  UplinkConnection old = std::exchange(static_cast<UplinkConnection&>(uplink), {});
  uplink.transport = std::move(transport);
  uplink.version = version;
  open_peer(request.turn, uplink.transport, request.ref());
  auto answer = agreed->answer_sdp;
  carry(request, uplink, std::move(*agreed), request.wants_hls(/*goes_on=*/true));
  retire(request, uplink, std::move(old));
  await_connection(request.turn, uplink.transport);
  return answer;
}

// The client has given its new PeerConnection up and speaks of the one before it.
bool is_of_previous(const Uplink& uplink, const plan::RemoteTransport& remote) {
  using negotiation::UplinkChange;
  return uplink.previous &&
         negotiation::classify(uplink.previous->remote, remote) != UplinkChange::kNewPeerConnection &&
         negotiation::classify(uplink.remote, remote) == UplinkChange::kNewPeerConnection;
}

std::expected<std::string, base::Refusal> change(const Request& request, Uplink& uplink) {
  auto version = uplink.version;
  ++version.version;
  auto agreed =
      negotiation::answer(request.offer.sdp, uplink.transport.local, version, capabilities_like(request, uplink));
  if (!agreed) return std::unexpected(agreed.error());
  if (is_of_previous(uplink, agreed->remote)) {
    go_back(request.turn, request.room, request.key);
    return change(request, uplink);
  }
  const auto what = uplink.transport.dtls_over ? negotiation::UplinkChange::kNewPeerConnection
                                               : negotiation::classify(uplink.remote, agreed->remote);
  if (what == negotiation::UplinkChange::kRenegotiation) return renegotiate(request, uplink, std::move(*agreed));
  if (!request.offer.restarting) return start(request);  // B-23: the old publication ends
  if (what == negotiation::UplinkChange::kIceRestart) return restart_ice(request, uplink);
  return swap_transport(request, uplink);
}

}  // namespace

void receive_offer(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                   const signal::Offer& offer) {
  const Request request{turn, room, connection, header, offer, key_of(header.from)};
  auto& uplink = request.session().uplink;
  if (uplink && is_identical(request, uplink->last))  // B-9
    return turn.send(connection, signal::offer_ack(header, uplink->last.answer, hls_of(room, request.key)));
  auto answer = uplink ? change(request, *uplink) : start(request);
  if (!answer) return turn.refuse(connection, header, answer.error());
  free_mismatched(turn, room, request.key);
  sync_routes(turn, room);
  acknowledge(request, *answer);
}

void uplink_connected(Turn& turn, const FoundPeer& found) {
  turn.state.timers.cancel(peer_timer(TimerKind::kPeerConnect, found.owner.peer));
  drop_previous(turn, *found.session);
  found.room->room.list(found.owner.session.key);
  answer_watches_of(turn, *found.room, found.owner.session.key);
}

void uplink_lost(Turn& turn, OpenRoom& room, const SessionKey& key) {
  room.sessions.at(key).uplink->previous ? go_back(turn, room, key) : end_uplink(turn, room, key, Ending::kLost);
}

void drop_previous(Turn& turn, Session& session) {
  if (!session.uplink->previous) return;
  close_peer(turn, session.uplink->previous->transport, session);
  session.uplink->previous.reset();
}

void receive_unpublish(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header) {
  end_uplink(turn, room, key_of(header.from), Ending::kMeant);
  turn.send(connection, signal::unpublish_ack(header));
}

void end_uplink(Turn& turn, OpenRoom& room, const SessionKey& key, Ending why) {
  end_hls(turn, room, key, why);
  auto& session = room.sessions.at(key);
  if (!session.uplink) return;
  const auto uplink = std::exchange(session.uplink, nullptr);
  room.room.unpublish(key);
  free_watchers(turn, room, key);
  sync_routes(turn, room);
  turn.command(plan::Unpublish{uplink->publication});
  close_peer(turn, uplink->transport, session);
  if (uplink->previous) close_peer(turn, uplink->previous->transport, session);
  rearm(turn, room.rid, key, session);
}

}  // namespace heliograph::control
