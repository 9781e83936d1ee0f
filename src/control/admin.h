// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/refusal.h"
#include "base/time.h"
#include "control/control.h"
#include "plan/hls.h"
#include "room/room.h"
#include "signal/signal.h"

namespace heliograph::control {

struct OpenRoom;

// What an operator sets of a room; what is absent keeps its default, or stays as it is.
struct RoomSettings {
  std::optional<bool> persistent = {};    // B-17
  std::optional<size_t> publishers = {};  // users who may publish at once (section 3); not in p2p
  std::optional<size_t> users = {};       // who may be there at once; not in p2p, which has two
  std::optional<size_t> sessions = {};    // the same of sessions; at most Limits::sessions_per_room

  std::optional<bool> hls_tokens = {};  // only who has a token may watch by HLS; not in p2p, which has none

  bool empty() const { return !persistent && !publishers && !users && !sessions && !hls_tokens; }
};

// A room as an operator sees it.
struct RoomSummary {
  std::string rid;
  signal::Channel channel = signal::Channel::kM2m;
  bool persistent = false;
  bool hls_tokens = false;
  size_t max_publishers = 0;  // SIZE_MAX, here and below: no limit, or in p2p that of the type
  size_t max_users = 0;
  size_t max_sessions = 0;
  std::string creator;  // "": made by an operator
  std::string owner;    // "" while there is none (B-57)
  size_t users = 0;
  size_t sessions = 0;
  size_t publications = 0;  // that are in the list (B-26)
  uint64_t rev = 0;
};

// The HLS stream of a session (B-25). It may go on for a while after what the session publishes.
struct HlsStatus {
  std::string url;
  plan::HlsState state = plan::HlsState::kStarting;
};

struct ParticipantSession {
  std::string session_id;
  room::Traits traits;
  bool connected = false;  // its socket is there
  bool publishing = false;
  bool video = false;  // enabled by its user
  bool audio = false;
  size_t watching = 0;  // downlinks that it has
  std::optional<HlsStatus> hls = {};
};

// A user of a room, or one of whom the room remembers something: a role given, a ban.
struct Participant {
  std::string user_id;
  room::Profile profile;
  room::Role role = room::Role::kViewer;
  bool owner = false;
  bool banned = false;
  std::vector<ParticipantSession> sessions;  // none: is not here
};

struct PublishedTrack {
  std::string_view kind;   // "audio", "video"
  std::string_view codec;  // the encoding name of a=rtpmap
  std::vector<std::string> rids;
  bool enabled = true;  // by its user
};
struct PublicationStats {
  std::string user_id;
  std::string session_id;
  bool listed = false;     // its transport has come up once (B-26)
  bool connected = false;  // and is up now
  base::Duration age;      // since its last OFFER was answered
  size_t watchers = 0;
  std::vector<PublishedTrack> tracks;
};
struct RoomStats {
  std::string rid;
  uint64_t rev = 0;
  size_t users = 0;
  size_t sessions = 0;
  size_t connected = 0;  // sessions whose socket is there
  size_t publishing_users = 0;
  size_t downlinks = 0;
  size_t routes = 0;        // downlinks that media flows on
  size_t publications = 0;  // all of them; the list below ends after kMaxPublications
  std::vector<PublicationStats> list;
};

// A part of a list in order of its key.
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next;  // what to ask `after` for the part that follows; nullopt: there is none
};

// "viewer", "publisher", "admin".
std::optional<room::Role> role_of_text(std::string_view text);

// What an operator may do (section 6 of behaviour.md). Made for one request, on control's thread; what follows from a
// change is in `out`, as with signals. Refusals: 4001 no such room, 4002 no such user or session in it, 4022 there is
// one but another, 4025 no room left for it, 2001 a value that cannot be, 2002 not in a room of this type, 500 the
// server is full or about to stop.
class Admin {
 public:
  static constexpr size_t kMaxPage = 1'000;
  static constexpr size_t kMaxScan = 10'000;  // rooms looked at for one page
  static constexpr size_t kMaxPublications = 1'000;

  // `by` stands in KICKED.
  Admin(Control& control, base::Timestamp now, std::string by, Out& out);

  // The limits of a room of this type that is hardly limited. nullopt: nothing that anybody sets.
  RoomSettings no_limits(signal::Channel channel) const;

  // No rid: one that nobody guesses. A room that is there already is given back when it is of that type and has those
  // settings; `created` says which it was.
  struct Made {
    RoomSummary room;
    bool created = false;
  };
  std::expected<Made, base::Refusal> create(std::optional<std::string> rid, signal::Channel channel,
                                            const RoomSettings& settings);
  // In order of rid, those that `wanted` lets through; at most `limit`. A page may be short, even empty, and still have
  // a `next`.
  Page<RoomSummary> rooms(const std::string& after, size_t limit,
                          const std::function<bool(const std::string& rid)>& wanted) const;
  std::expected<RoomSummary, base::Refusal> room(const std::string& rid) const;
  std::expected<RoomSummary, base::Refusal> change(const std::string& rid, const RoomSettings& settings);
  // ROOM_CLOSED to everyone who is there, then every session ends.
  std::expected<void, base::Refusal> close(const std::string& rid, std::string_view reason);
  std::expected<RoomStats, base::Refusal> stats(const std::string& rid) const;

  // In order of userId.
  std::expected<Page<Participant>, base::Refusal> participants(const std::string& rid, const std::string& after,
                                                               size_t limit) const;
  // Both are remembered for the room's life, also of a user who is not there. A ban ends the user's sessions.
  std::expected<Participant, base::Refusal> put_participant(const std::string& rid, const std::string& user_id,
                                                            std::optional<room::Role> role, std::optional<bool> banned);
  std::expected<void, base::Refusal> kick(const std::string& rid, const std::string& user_id);
  std::expected<void, base::Refusal> kick(const std::string& rid, const room::SessionKey& session);

  // Whether the server makes HLS at all; without it the three below know no stream.
  bool makes_hls() const;
  // nullopt: the session has no stream.
  std::expected<std::optional<HlsStatus>, base::Refusal> hls(const std::string& rid,
                                                             const room::SessionKey& session) const;
  // What the session publishes is forwarded from now on, as if its OFFER had said so. nullopt: it publishes nothing.
  struct Forwarded {
    HlsStatus hls;
    bool started = false;  // by this call
  };
  std::expected<std::optional<Forwarded>, base::Refusal> start_hls(const std::string& rid,
                                                                   const room::SessionKey& session);
  // The stream is over, if there is one.
  std::expected<void, base::Refusal> stop_hls(const std::string& rid, const room::SessionKey& session);

 private:
  // A room that is not p2p and a session that is in it.
  std::expected<OpenRoom*, base::Refusal> find_forwarding(const std::string& rid,
                                                          const room::SessionKey& session) const;
  std::expected<OpenRoom*, base::Refusal> find(const std::string& rid) const;

  State& state_;
  base::Timestamp now_;
  std::string by_;
  Out& out_;
};

}  // namespace heliograph::control
