// SPDX-License-Identifier: Apache-2.0
// All that the control plane remembers. One owner tree: State has connections and rooms, a room its sessions, a session
// its connections to the media plane. References across the tree are keys and numbers, looked up when used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "control/config.h"
#include "control/control.h"
#include "control/message_rates.h"
#include "control/placement.h"
#include "control/timers.h"
#include "negotiation/downlink.h"
#include "negotiation/uplink.h"
#include "plan/command.h"
#include "plan/hls.h"
#include "room/room.h"
#include "signal/signal.h"

namespace heliograph::control {

using room::SessionKey;

// Where a session stands in the tree.
struct SessionRef {
  std::string rid;
  SessionKey key;

  auto operator<=>(const SessionRef&) const = default;
};

struct Connection {
  Identity identity;
  base::IpAddress address;
  std::set<SessionRef> sessions;   // that spoke on it last (B-10)
  uint32_t refusals_in_a_row = 0;  // because it speaks too fast
};

// What both kinds of PeerConnection have.
struct Transport {
  plan::PeerId peer;
  plan::IceParameters local;
  bool connected = false;  // PeerConnected came
  bool gone = false;       // PeerGone came, and no PeerRevived
  bool dtls_over = false;  // gone for good: no consent revives it

  bool alive() const { return connected && !gone; }
};

// The OFFER that an uplink answered last, to know it again (B-9, B-61).
struct AnsweredOffer {
  signal::SessionInfo from;
  std::string sdp;
  std::string op;
  base::Timestamp at;
  std::string answer;
};

// One PeerConnection of a publisher.
struct UplinkConnection {
  Transport transport;
  plan::RemoteTransport remote;
  std::vector<plan::UplinkTrack> tracks;
  negotiation::SessionVersion version;
};

// A publication and the PeerConnection that feeds it. `previous` is the one before it, still alive, until this one has
// come up: a client that makes a new PeerConnection may go on sending on the old one meanwhile (B-22).
struct Uplink : UplinkConnection {
  plan::PublicationId publication;
  std::optional<UplinkConnection> previous;
  AnsweredOffer last;
};

struct Downlink {
  Transport transport;
  plan::PublicationId publication;
  negotiation::DownlinkOffer offer;
  std::vector<plan::DownlinkTrack> taken;  // by the last answer; empty before the first
  base::Timestamp offered;
  bool waiting = true;      // for an ANSWER to `offer`
  bool restarting = false;  // `offer` is one of an ICE restart
  size_t last_answer = 0;   // its hash, to know it again (B-9); who makes up an equal one is not heard, and that is all
};

// A WATCH of somebody who does not publish yet (B-32).
struct HeldWatch {
  uint64_t number = 0;
  signal::Header header;
  signal::Watch watch;
};

// A message of p2p for a session whose socket is away (B-42).
struct HeldMessage {
  base::Timestamp at;
  std::string text;
};

struct Session {
  std::optional<ConnectionId> connection;
  base::Timestamp socket_closed;                // while there is no connection
  std::optional<base::Timestamp> heartbeat;     // the last one
  std::optional<base::Timestamp> consent_lost;  // when its last living peer stopped living
  bool wants_members = false;
  std::unique_ptr<Uplink> uplink;            // not inside: most sessions only watch, and an idle one should be small
  std::map<SessionKey, Downlink> downlinks;  // by the session watched
  std::map<SessionKey, base::Timestamp> downlinks_gone;  // that there were (B-41)
  std::vector<HeldWatch> held_watches;
  std::vector<HeldMessage> held_messages;
};

// Why what a session publishes ends: somebody wants it so, or its publisher is gone and may come back.
enum class Ending : uint8_t { kMeant, kLost };

// A stream that the packager was told to make. It outlives the publication while the packager waits for its publisher.
struct HlsStream {
  plan::StartHls told;   // last
  bool running = false;  // else it waits
  bool lost = false;     // if it stops in this turn: because its publisher is gone
  plan::HlsState state = plan::HlsState::kStarting;
};

// A PUBLISH_REQUEST that no owner has heard (B-57).
struct HeldRequest {
  SessionKey from;
  std::string text;
};

// A room and everything that was negotiated in it.
struct OpenRoom {
  std::string rid;
  signal::Channel channel = signal::Channel::kM2m;
  room::Room room;
  bool persistent = false;                 // stays when it is empty (B-17)
  std::map<SessionKey, Session> sessions;  // exactly those of `room`
  std::vector<HeldRequest> held_requests;
  std::map<SessionKey, HlsStream> hls;
  bool hls_tokens = false;  // only who has a token may watch by HLS
  std::string hls_root;     // of its playlists' URLs: "/hls/{rid}/"

  room::Routes told;  // what the shards were told; equals routes(room) whenever a call returns
  uint64_t hls_seen = 0;
  uint64_t lists_seen = 0;
  uint64_t members_seen = 0;
  size_t members_wanted = 0;          // by so many sessions
  std::set<SessionKey> holding = {};  // sessions with held WATCHes
  uint64_t rev = 0;
  std::string pps = "[]";
  std::string members = "[]";
  bool pps_unsent = false;  // changed since the last push
};

// Whose peer it is. `target`: the session that it watches; none for an uplink.
struct PeerOwner {
  plan::PeerId peer;
  SessionRef session;
  std::optional<SessionKey> target;
  plan::PublicationId watched;  // number 0: none
  PacketRate rate = 0;          // as it stands in the books
};

struct State {
  explicit State(Config c)
      : config(std::move(c)), rng(config.seed), rates(config.limits), placement(config.shards.size()) {}

  Config config;
  base::Rng rng;
  Timers timers;
  MessageRates rates;
  std::map<ConnectionId, Connection> connections;
  std::map<std::string, OpenRoom> rooms;
  std::map<uint64_t, PeerOwner> peers;  // by PeerId::number
  Placement placement;
  std::map<base::Code, uint64_t> refusals;
  size_t hls_streams = 0;    // in all rooms
  uint64_t hls_refused = 0;  // since the start
  uint64_t last_number = 0;  // of peers, publications and held WATCHes
  bool draining = false;
};

// One call into the control plane: what is known, when it is, and what comes of it.
struct Turn {
  State& state;
  base::Timestamp now;
  Out& out;

  OpenRoom* room(const std::string& rid) const;
  // nullptr when it is not in the room.
  static Session* session(OpenRoom& room, const SessionKey& key);

  // Nothing when the connection is not open.
  void send(ConnectionId to, std::shared_ptr<const std::string> text) const;
  void send(ConnectionId to, std::string text) const;
  void send(const Session& to, std::string text) const;
  // Whether the connection speaks for nobody: keys are configured and it has brought no token (B-59). Whatever `ss` it
  // claims, it is in no room.
  bool is_stranger(ConnectionId connection) const;
  std::vector<signal::IceServer> ice_servers(const std::string& user_id) const;
  void command(plan::Command command) const { out.commands.push_back(std::move(command)); }
  void refuse(ConnectionId to, const signal::Header& header, const base::Refusal& refusal,
              std::optional<base::Duration> retry_after = std::nullopt) const;
};

inline SessionKey key_of(const signal::SessionInfo& from) { return {from.user_id, from.session_id}; }

}  // namespace heliograph::control
