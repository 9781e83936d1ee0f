// SPDX-License-Identifier: Apache-2.0
// Peers of the media plane: where they are placed, their credentials, who owns them.
#pragma once

#include "control/state.h"
#include "negotiation/capabilities.h"

namespace heliograph::control {

// Fresh and unpredictable (RFC 8445 section 5.3).
plan::IceParameters fresh_ice(State& state);
negotiation::SessionVersion fresh_session(State& state);
negotiation::Capabilities capabilities(const State& state, const OpenRoom& room, plan::ShardIndex shard);

uint64_t fresh_number(State& state);
// 128 unpredictable bits, as text that needs no encoding anywhere.
std::string fresh_name(State& state);
// A peer with fresh credentials; not open yet, so nothing is lost when the offer turns out to be unusable.
Transport fresh_transport(State& state, plan::ShardIndex shard);
void open_peer(Turn& turn, const Transport& transport, SessionRef session);
// The same of a viewer's.
void open_peer(Turn& turn, const Transport& transport, SessionRef session, SessionKey target,
               const plan::PublicationId& watched);
// What it is expected to cost its shard, from now on.
void weigh_peer(Turn& turn, const Transport& transport, PacketRate rate);
// ClosePeer, and its deadlines with it. The session that lost it is told when its last living peer went (B-13).
void close_peer(Turn& turn, const Transport& transport, Session& session);

TimerKey peer_timer(TimerKind kind, plan::PeerId peer);

// Events: the transport of a session changed its state. Returns it; nullptr when nobody has that peer any more.
struct FoundPeer {
  OpenRoom* room = nullptr;
  Session* session = nullptr;
  PeerOwner owner;
  Transport* transport = nullptr;

  // Of an uplink that another PeerConnection is about to replace (B-22).
  bool previous() const;
};
std::optional<FoundPeer> find_peer(Turn& turn, uint64_t number);

}  // namespace heliograph::control
