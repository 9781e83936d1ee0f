// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/refusal.h"
#include "base/time.h"
#include "plan/command.h"
#include "plan/media.h"

namespace heliograph::room {

// A session within its room (B-10).
struct SessionKey {
  std::string user_id;
  std::string session_id;

  auto operator<=>(const SessionKey&) const = default;
};

enum class Role : uint8_t { kViewer, kPublisher, kAdmin };
std::string_view to_text(Role role);
// Admins publish too (B-14).
constexpr bool may_publish(Role role) { return role != Role::kViewer; }

// How a user is shown; all may be empty (B-12).
struct Profile {
  std::string username;
  std::string fullname;
  std::string avatar;

  bool operator==(const Profile&) const = default;
};

// What a session says of itself; shown in the lists, never judged here.
struct Traits {
  std::string category;
  std::string host;
  std::string device_id;
};

// What the type of a room makes of it (section 3 of behaviour.md).
struct Rules {
  size_t publishing_users = 9;
  size_t users = SIZE_MAX;  // p2p: 2
  size_t sessions = 20'000;
  size_t sessions_per_user = 32;
  size_t left_sessions = 4'096;     // remembered; the oldest is forgotten
  size_t banned_users = 16'384;     // one more is refused
  size_t assigned_roles = 4'096;    // of users, here or not; one more is refused with 500
  bool audio_only = false;          // a2m
  bool everyone_publishes = false;  // p2p (B-14)
  bool lists_sessions = false;      // p2p: the list has every session, publishing or not (B-55)
};

// Which role somebody gets who comes in and was assigned none in this room: `claimed` by a token wins; else
// `otherwise`, or viewer where `otherwise` may publish and no publisher's place is free.
struct Claim {
  std::optional<Role> claimed;
  Role otherwise = Role::kViewer;
};

struct Publication {
  plan::PublicationId id;
  std::vector<plan::UplinkTrack> tracks;
  bool listed = false;     // its transport has come up once (B-26)
  bool forwarded = false;  // as HLS, too (B-25)

  bool has(plan::Kind kind) const;
};

// A viewer's PeerConnection for one watched session.
struct Downlink {
  plan::PeerId peer;
  plan::PublicationId publication;
  std::vector<plan::DownlinkTrack> tracks;  // empty until answered
  plan::Wish wish;
};

struct Session {
  Traits traits;
  bool video = true;  // enabled by its user now
  bool audio = true;
  std::optional<Publication> publication;
  std::map<SessionKey, Downlink> watching;
};

struct User {
  Profile profile;
  Role role = Role::kViewer;
  uint64_t publisher_since = 0;  // order among publishers; 0 for viewers
  std::map<std::string, Session> sessions;
};

// What a publication and a viewer's peer are to each other.
using RouteKey = std::pair<plan::PublicationId, plan::PeerId>;
// On which lines, and how the viewer wants it.
struct Lines {
  std::vector<plan::DownlinkTrack> tracks;
  plan::Wish wish;

  bool operator==(const Lines&) const = default;
};
using Routes = std::map<RouteKey, Lines>;
// Whose downlink a route is.
struct Watching {
  SessionKey viewer;
  SessionKey target;
};

// Who is there, what they may do, who hears whom. Owned by control/. Pure state: what a call needs of time is a
// parameter.
class Room {
 public:
  // `creator` is a userId; "" when nobody in it made the room (an operator did).
  Room(Rules rules, std::string creator) : rules_(rules), creator_(std::move(creator)) {}

  const Rules& rules() const { return rules_; }
  const std::string& creator() const { return creator_; }
  bool empty() const { return users_.empty(); }
  const std::map<std::string, User>& users() const { return users_; }
  size_t session_count() const { return session_count_; }
  const User* user(const std::string& user_id) const;
  const Session* session(const SessionKey& key) const;

  // The role with which join() would let the session in. Refused with 4025 when a limit of the rules is reached.
  std::expected<Role, base::Refusal> admission(const SessionKey& key, const Claim& claim) const;
  // The session is in from now on, with its user's role. Again for the same session: nothing changes (JOIN is
  // idempotent). Refused as admission() says.
  std::expected<Role, base::Refusal> join(const SessionKey& key, const Profile& profile, const Traits& traits,
                                          const Claim& claim);
  // Out, with its publication and what it watches. Others' downlinks to it stay until unwatch().
  void leave(base::Timestamp now, const SessionKey& key);
  // nullopt: not here.
  std::optional<Role> role_of(const std::string& user_id) const;
  // The longest-standing publisher; "" while there is none (B-14, B-57).
  std::string_view owner() const;

  // Whether the session left within `memory` of now (B-16).
  bool has_left(base::Timestamp now, base::Duration memory, const SessionKey& key) const;
  bool user_has_left(base::Timestamp now, base::Duration memory, const std::string& user_id) const;

  // For the room's life. Who is in stays in; who joins is not asked for it here: control/ refuses them before.
  // 500 when the room remembers as many bans as it may.
  std::expected<void, base::Refusal> ban(const std::string& user_id);
  void unban(const std::string& user_id);
  bool is_banned(const std::string& user_id) const;
  const std::set<std::string>& banned() const { return banned_; }
  // For the room's life, also of a user who is not here yet; it wins over what a token says. Refused with 4025 when the
  // user is here and no publisher's place is free.
  std::expected<void, base::Refusal> assign(const std::string& user_id, Role role);
  const std::map<std::string, Role>& assigned() const { return assigned_; }
  // From now on; whoever is in keeps their place.
  void limit_publishing_users(size_t limit) { rules_.publishing_users = limit; }
  void limit_users(size_t limit) { rules_.users = limit; }
  void limit_sessions(size_t limit) { rules_.sessions = limit; }

  // The session must be here for all below.
  void enable(const SessionKey& key, std::optional<bool> video, std::optional<bool> audio);
  // Replaces the tracks of the same publication, or whatever was there before.
  void publish(const SessionKey& key, plan::PublicationId id, std::vector<plan::UplinkTrack> tracks);
  void list(const SessionKey& key);
  void forward(const SessionKey& key, bool forwarded);  // what it publishes, if it does
  void unpublish(const SessionKey& key);
  void watch(const SessionKey& viewer, const SessionKey& target, plan::PeerId peer, plan::PublicationId publication);
  void take(const SessionKey& viewer, const SessionKey& target, std::vector<plan::DownlinkTrack> tracks);
  void unwatch(const SessionKey& viewer, const SessionKey& target);
  // The viewer watches the target.
  void wish(const SessionKey& viewer, const SessionKey& target, plan::Wish wish);

  // Every route that may have come, gone or changed since the last call; all others are as they were. What a viewer
  // does touches their own routes only, so that a room of thousands costs a newcomer no more than a small one.
  std::map<RouteKey, Watching> take_touched() { return std::exchange(touched_, {}); }
  // Grows with every change that the list of publications may show.
  uint64_t list_version() const { return list_version_; }
  // The same of the list of members.
  uint64_t member_version() const { return member_version_; }
  // The same of what is forwarded as HLS, and how: publications, and what of them is enabled.
  uint64_t hls_version() const { return hls_version_; }

 private:
  Session& at(const SessionKey& key);
  std::expected<Role, base::Refusal> admit(const std::string& user_id, const Claim& claim) const;
  std::expected<void, base::Refusal> check_limits(const SessionKey& key) const;
  bool has_publishers_place() const { return publishers_.size() < rules_.publishing_users; }
  void set_role(const std::string& user_id, User& user, Role role);
  void touch(const SessionKey& viewer, const SessionKey& target, const Downlink& downlink);
  void touch_watchers(const SessionKey& target);
  void forget_left();

  Rules rules_;
  std::string creator_;
  std::map<std::string, User> users_;
  std::map<std::string, Role> assigned_;
  std::set<std::string> banned_;
  std::map<SessionKey, base::Timestamp> left_;
  std::set<std::pair<base::Timestamp, SessionKey>> left_by_time_;
  std::map<uint64_t, std::string> publishers_;  // users by publisher_since
  std::map<RouteKey, Watching> touched_;
  size_t session_count_ = 0;
  uint64_t publisher_counter_ = 0;
  uint64_t list_version_ = 1;
  uint64_t member_version_ = 1;
  uint64_t hls_version_ = 1;
};

// Who hears whom, on which lines and how: every answered downlink whose publication lives, with the lines whose codec
// is the one published.
Routes routes(const Room& room);
// The one of these that has this key, if it is there.
std::optional<Lines> route(const Room& room, const RouteKey& key, const Watching& watching);

// A session that others may watch, as the list has it.
struct Listed {
  SessionKey key;
  const User* user = nullptr;
  const Session* session = nullptr;
  bool video = false;  // enabled, negotiated and allowed in this room (B-31)
  bool audio = false;
};
std::vector<Listed> listed(const Room& room);
// The same of one session; nullopt when it is not in the list.
std::optional<Listed> listed(const Room& room, const SessionKey& key);

}  // namespace heliograph::room
