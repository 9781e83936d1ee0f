// SPDX-License-Identifier: Apache-2.0
// What clients say, typed. Values only; parse.h makes them from text.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <variant>

#include "signal/name.h"

namespace heliograph::signal {

// The longest userId, sessionId and rid, in bytes (B-11).
inline constexpr size_t kMaxIdBytes = 256;
// The longest other free text of a signal that the server keeps: deviceId, names, `bid`, `tid`.
inline constexpr size_t kMaxTextBytes = 1024;

// `ss`: the session that speaks. host and category are of their closed sets (B-11); device_id may be empty.
struct SessionInfo {
  std::string user_id;
  std::string session_id;
  std::string category;
  std::string host;
  std::string device_id;

  bool operator==(const SessionInfo&) const = default;
};

// What all signals have in common.
struct Header {
  Name name = Name::kUnknown;
  Channel channel = Channel::kM2m;
  SessionInfo from;
  std::string rid;
  std::string data;  // `data` byte for byte: b.req, and what p2p forwards (B-1, B-5)
  std::string tid;   // raw JSON of data.tid, empty without one (B-8)
};

// `to` as an object. session_id is absent where the signal allows a user alone.
struct Target {
  std::string user_id;
  std::optional<std::string> session_id;

  bool operator==(const Target&) const = default;
};
// `to` as a String.
struct UserTarget {
  std::string user_id;

  bool operator==(const UserTarget&) const = default;
};
// monostate: no `to`, `to: null` (B-51), or one that this signal ignores (OFFER in m2m, B-20).
using To = std::variant<std::monostate, Target, UserTarget>;

struct Offer {
  To to;  // p2p only
  std::string sdp;
  bool restarting = false;
  std::optional<bool> hls_forwarding;
  std::string op;  // raw JSON of `op`: part of what makes an OFFER identical (B-61)
};
struct Answer {
  To to;  // m2m, a2m: a Target with session_id
  std::string sdp;
};
struct Ice {
  To to;
  std::string sdp;
};
struct Watch {
  Target to;  // never the sender's own session (B-30)
  bool restarting = false;
};
struct Join {
  bool video = true;  // ve (B-51)
  bool audio = true;  // ae
  std::string token;
  bool room_creating = false;
  bool members = false;  // wants MEMBER_LIST_CHANGED
  std::string name;      // additive op.name: believed in open development mode only
};
struct Leave {};
struct Heartbeat {
  std::string bid;  // raw JSON, empty without one
  bool send_ack = true;
};
// At least one of the two.
struct Update {
  std::optional<bool> video;
  std::optional<bool> audio;
};
struct Unpublish {};
struct Unwatch {
  Target to;  // a user alone: whatever of theirs is watched
};
// The whole of what the viewer wishes: without `pause` the video goes on.
struct SimulcastUpdate {
  Target to;  // with session_id
  Layer layer = Layer::kAuto;
  bool pause = false;
};
// `to` of KICK, PUBLISH_ACCEPT and PUBLISH_REJECT comes as a String or an object; without session_id it is the user.
struct Kick {
  Target to;
  bool ban = false;
};
// Its `ve` and `ae` are for the owner to read.
struct PublishRequest {};
struct PublishAccept {
  Target to;
};
struct PublishReject {
  Target to;
};
struct IceServers {};

using Body = std::variant<Offer, Answer, Ice, Watch, Join, Leave, Heartbeat, Update, Unpublish, Unwatch,
                          SimulcastUpdate, Kick, PublishRequest, PublishAccept, PublishReject, IceServers>;

struct Signal {
  Header header;
  Body body;
};

}  // namespace heliograph::signal
