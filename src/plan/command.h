// SPDX-License-Identifier: Apache-2.0
// The two sides of the wall between words and packets: control/ writes Commands, a shard/ answers with Events. Both are
// values that cross between threads in a ring, in order.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "plan/media.h"
#include "plan/transport.h"

namespace heliograph::plan {

// A shard of the data plane; its number is its place in the list of UDP ports.
using ShardIndex = uint16_t;

// One PeerConnection as the data plane knows it. `number` is never used twice.
struct PeerId {
  ShardIndex shard = 0;
  uint64_t number = 0;

  auto operator<=>(const PeerId&) const = default;
};

// What one session publishes: at most one audio and one video track. It outlives the peer that feeds it (B-22). `home`
// is the shard of that peer; a viewer's shard asks it for the packets.
struct PublicationId {
  ShardIndex home = 0;
  uint64_t number = 0;

  auto operator<=>(const PublicationId&) const = default;
};

// A peer comes to be: from now on STUN for this ufrag is answered. DTLS waits for SetRemote.
struct OpenPeer {
  PeerId peer;
  IceParameters local;
};
// The other side's description arrived (again, after an ICE restart).
struct SetRemote {
  PeerId peer;
  RemoteTransport remote;
};
// New local ICE credentials on a living peer; the old ones stay good until the new ones are used (RFC 8445 section 9).
struct RestartIce {
  PeerId peer;
  IceParameters local;
};
struct ClosePeer {
  PeerId peer;
};
// What this peer sends is the publication. Again with the same peer: tracks were added or dropped. With another peer:
// it takes the publication over, and viewers notice nothing but a keyframe. peer.shard == publication.home.
struct Publish {
  PeerId peer;
  PublicationId publication;
  std::vector<UplinkTrack> tracks;
};
struct Unpublish {
  PublicationId publication;
};
// Which encoding of a publication's video a viewer asks for: the highest, the lowest or the one between of those that
// are there; kAuto leaves it to the shard.
enum class Layer : uint8_t { kAuto, kHigh, kMedium, kLow };
// What a viewer asks for (SIMULCAST_UPDATE). `paused`: no video until it is taken back; audio goes on.
struct Wish {
  Layer layer = Layer::kAuto;
  bool paused = false;

  bool operator==(const Wish&) const = default;
};
// The publication goes to this peer, on these lines, as the viewer wishes. Sent to the peer's shard; a later Route for
// the same pair replaces lines and wish, and lines that stay the same go on without a break.
struct Route {
  PublicationId publication;
  PeerId peer;
  std::vector<DownlinkTrack> tracks;
  Wish wish = {};
};
struct Unroute {
  PublicationId publication;
  PeerId peer;
};

using Command = std::variant<OpenPeer, SetRemote, RestartIce, ClosePeer, Publish, Unpublish, Route, Unroute>;

// The shard that a command is for.
ShardIndex shard_of(const Command& command);

// ICE and DTLS are up; the first time only.
struct PeerConnected {
  PeerId peer;
};
enum class GoneReason { kConsentExpired, kDtlsFailed, kDtlsClosed };
// The peer no longer carries anything. It stays until ClosePeer, and comes back to life if consent does (B-13):
// PeerRevived.
struct PeerGone {
  PeerId peer;
  GoneReason reason = GoneReason::kConsentExpired;
};
struct PeerRevived {
  PeerId peer;
};

using Event = std::variant<PeerConnected, PeerGone, PeerRevived>;

std::string_view to_text(GoneReason reason);

}  // namespace heliograph::plan
