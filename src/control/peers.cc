// SPDX-License-Identifier: Apache-2.0
#include "control/peers.h"

#include <array>
#include <utility>

#include "fmt/format.h"

namespace heliograph::control {
namespace {

// ice-char = ALPHA / DIGIT / "+" / "/" (RFC 8839 section 5.4): 6 bits each.
std::string ice_chars(State& state, size_t count) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> bytes(count);
  state.config.entropy(bytes);
  std::string text;
  for (const auto byte : bytes) text += kAlphabet[byte & 63];
  return text;
}

void open(Turn& turn, const Transport& transport, PeerOwner owner) {
  turn.command(plan::OpenPeer{transport.peer, transport.local});
  turn.state.placement.add(transport.peer.shard, owner.watched);
  turn.state.peers.emplace(transport.peer.number, std::move(owner));
}

}  // namespace

plan::IceParameters fresh_ice(State& state) {
  constexpr size_t kUfrag = 8, kPwd = 32;  // 48 and 192 bits; RFC 8445 section 5.3 asks for 24 and 128
  return {.ufrag = ice_chars(state, kUfrag), .pwd = ice_chars(state, kPwd)};
}

negotiation::SessionVersion fresh_session(State& state) { return {.session_id = state.rng() >> 2, .version = 1}; }

negotiation::Capabilities capabilities(const State& state, const OpenRoom& room, plan::ShardIndex shard) {
  return {.candidates = state.config.shards[shard],
          .fingerprint = state.config.fingerprint,
          .audio_only = room.room.rules().audio_only,
          .preferred_video = {}};
}

uint64_t fresh_number(State& state) { return ++state.last_number; }

std::string fresh_name(State& state) {
  std::array<uint8_t, 16> bytes{};
  state.config.entropy(bytes);
  std::string name;
  for (const auto byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

Transport fresh_transport(State& state, plan::ShardIndex shard) {
  Transport transport;
  transport.peer = {.shard = shard, .number = fresh_number(state)};
  transport.local = fresh_ice(state);
  return transport;
}

void open_peer(Turn& turn, const Transport& transport, SessionRef session) {
  open(turn, transport, {transport.peer, std::move(session), std::nullopt, {}});
}

void open_peer(Turn& turn, const Transport& transport, SessionRef session, SessionKey target,
               const plan::PublicationId& watched) {
  open(turn, transport, {transport.peer, std::move(session), std::move(target), watched});
}

void weigh_peer(Turn& turn, const Transport& transport, PacketRate rate) {
  auto& booked = turn.state.peers.at(transport.peer.number).rate;
  turn.state.placement.weigh(transport.peer.shard, std::exchange(booked, rate), rate);
}

void close_peer(Turn& turn, const Transport& transport, Session& session) {
  turn.command(plan::ClosePeer{transport.peer});
  weigh_peer(turn, transport, 0);
  const auto owner = turn.state.peers.extract(transport.peer.number);
  turn.state.placement.remove(transport.peer.shard, owner.mapped().watched);
  for (const auto kind : {TimerKind::kPeerConnect, TimerKind::kOfferUnanswered, TimerKind::kPeerGone})
    turn.state.timers.cancel(peer_timer(kind, transport.peer));
  if (transport.alive()) session.consent_lost = turn.now;
}

TimerKey peer_timer(TimerKind kind, plan::PeerId peer) {
  return {.kind = kind, .number = peer.number, .rid = {}, .session = {}};
}

std::optional<FoundPeer> find_peer(Turn& turn, uint64_t number) {
  const auto it = turn.state.peers.find(number);
  if (it == turn.state.peers.end()) return std::nullopt;
  FoundPeer found{
      .room = turn.room(it->second.session.rid), .session = nullptr, .owner = it->second, .transport = nullptr};
  found.session = Turn::session(*found.room, found.owner.session.key);
  if (found.owner.target) {
    found.transport = &found.session->downlinks.at(*found.owner.target).transport;
  } else {
    auto& uplink = *found.session->uplink;
    found.transport = uplink.transport.peer.number == number ? &uplink.transport : &uplink.previous->transport;
  }
  return found;
}

bool FoundPeer::previous() const { return !owner.target && transport != &session->uplink->transport; }

}  // namespace heliograph::control
