// SPDX-License-Identifier: Apache-2.0
#include "room/room.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace heliograph::room {

using base::Code;
using base::Refusal;

std::string_view to_text(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kPublisher:
      return "publisher";
    case Role::kAdmin:
      return "admin";
  }
  return "";
}

bool Publication::has(plan::Kind kind) const {
  return std::ranges::find(tracks, kind, &plan::UplinkTrack::kind) != tracks.end();
}

const User* Room::user(const std::string& user_id) const {
  const auto it = users_.find(user_id);
  return it == users_.end() ? nullptr : &it->second;
}

const Session* Room::session(const SessionKey& key) const {
  const auto* owner = user(key.user_id);
  if (owner == nullptr) return nullptr;
  const auto it = owner->sessions.find(key.session_id);
  return it == owner->sessions.end() ? nullptr : &it->second;
}

Session& Room::at(const SessionKey& key) {
  const auto* found = session(key);
  CHECK(found != nullptr);
  return const_cast<Session&>(*found);
}

std::expected<void, Refusal> Room::check_limits(const SessionKey& key) const {
  const auto* known = user(key.user_id);
  if (known == nullptr && users_.size() >= rules_.users)
    return std::unexpected(Refusal{Code::kRoomFull, "the room has all the users that it may have"});
  if (known != nullptr && known->sessions.size() >= rules_.sessions_per_user)
    return std::unexpected(Refusal{Code::kRoomFull, "the user has all the sessions that they may have in this room"});
  if (session_count_ >= rules_.sessions)
    return std::unexpected(Refusal{Code::kRoomFull, "the room has all the sessions that it may have"});
  return {};
}

namespace {

Refusal publishers_full() { return {Code::kRoomFull, "the room has all the publishers that it may have"}; }

}  // namespace

// B-14, B-57, B-59: a role assigned in this room wins, then a token's; who created the room publishes; the others are
// what `otherwise` says.
std::expected<Role, Refusal> Room::admit(const std::string& user_id, const Claim& claim) const {
  if (const auto* known = user(user_id)) return known->role;
  if (rules_.everyone_publishes) return Role::kPublisher;
  const auto assigned = assigned_.find(user_id);
  const auto said = assigned != assigned_.end() ? std::optional(assigned->second) : claim.claimed;
  const bool creates = user_id == creator_;
  const Role role = said.value_or(creates ? Role::kPublisher : claim.otherwise);
  if (!may_publish(role) || has_publishers_place()) return role;
  if (!said && !creates) return Role::kViewer;
  return std::unexpected(publishers_full());
}

// Who was a publisher already keeps their standing (B-57).
void Room::set_role(const std::string& user_id, User& who, Role role) {
  who.role = role;
  if (may_publish(role) == (who.publisher_since != 0)) return;
  if (may_publish(role)) {
    who.publisher_since = ++publisher_counter_;
    publishers_.emplace(who.publisher_since, user_id);
  } else {
    publishers_.erase(std::exchange(who.publisher_since, 0));
  }
}

std::expected<void, Refusal> Room::assign(const std::string& user_id, Role role) {
  const auto it = users_.find(user_id);
  const bool rises = it != users_.end() && may_publish(role) && !may_publish(it->second.role);
  if (rises && !has_publishers_place()) return std::unexpected(publishers_full());
  if (!assigned_.contains(user_id) && assigned_.size() >= rules_.assigned_roles)
    return std::unexpected(
        Refusal{Code::kInternalServerError, "the room remembers all the roles that it may; no further one is given"});
  assigned_[user_id] = role;
  if (it != users_.end()) set_role(user_id, it->second, role);
  ++member_version_;
  return {};
}

std::expected<void, Refusal> Room::ban(const std::string& user_id) {
  if (!is_banned(user_id) && banned_.size() >= rules_.banned_users)
    return std::unexpected(
        Refusal{Code::kInternalServerError, "the room remembers all the bans that it may; lift some, or kick"});
  banned_.insert(user_id);
  return {};
}

void Room::unban(const std::string& user_id) { banned_.erase(user_id); }

bool Room::is_banned(const std::string& user_id) const { return banned_.contains(user_id); }

std::expected<Role, Refusal> Room::admission(const SessionKey& key, const Claim& claim) const {
  if (session(key) != nullptr) return users_.at(key.user_id).role;
  if (const auto fits = check_limits(key); !fits) return std::unexpected(fits.error());
  return admit(key.user_id, claim);
}

std::expected<Role, Refusal> Room::join(const SessionKey& key, const Profile& profile, const Traits& traits,
                                        const Claim& claim) {
  const auto role = admission(key, claim);
  if (!role || session(key) != nullptr) return role;
  const bool newcomer = !users_.contains(key.user_id);
  auto& who = users_[key.user_id];
  set_role(key.user_id, who, *role);
  const bool renamed = !newcomer && profile != Profile{} && profile != who.profile;
  if (newcomer || renamed) who.profile = profile;  // a second device may not know the name
  who.sessions[key.session_id].traits = traits;
  ++session_count_;
  ++member_version_;
  if (rules_.lists_sessions || renamed) ++list_version_;
  return role;
}

void Room::leave(base::Timestamp now, const SessionKey& key) {
  if (session(key) == nullptr) return;
  auto& who = users_.at(key.user_id);
  const auto& session = who.sessions.at(key.session_id);
  for (const auto& [target, downlink] : session.watching) touch(key, target, downlink);
  if (session.publication) unpublish(key);
  if (rules_.lists_sessions) ++list_version_;
  who.sessions.erase(key.session_id);
  if (who.sessions.empty()) {
    if (who.publisher_since != 0) publishers_.erase(who.publisher_since);
    users_.erase(key.user_id);
  }
  --session_count_;
  ++member_version_;
  auto [it, is_new] = left_.try_emplace(key, now);
  if (!is_new) left_by_time_.erase({it->second, key});
  it->second = now;
  left_by_time_.emplace(now, key);
  forget_left();
}

void Room::forget_left() {
  while (left_.size() > rules_.left_sessions) {
    left_.erase(left_by_time_.begin()->second);
    left_by_time_.erase(left_by_time_.begin());
  }
}

std::optional<Role> Room::role_of(const std::string& user_id) const {
  const auto* who = user(user_id);
  if (who == nullptr) return std::nullopt;
  return who->role;
}

std::string_view Room::owner() const {
  if (rules_.lists_sessions) return creator_;  // p2p: the creator (B-55)
  return publishers_.empty() ? std::string_view() : std::string_view(publishers_.begin()->second);
}

bool Room::has_left(base::Timestamp now, base::Duration memory, const SessionKey& key) const {
  const auto it = left_.find(key);
  return it != left_.end() && now - it->second < memory && session(key) == nullptr;
}

bool Room::user_has_left(base::Timestamp now, base::Duration memory, const std::string& user_id) const {
  if (user(user_id) != nullptr) return false;
  for (auto it = left_.lower_bound(SessionKey{user_id, ""}); it != left_.end() && it->first.user_id == user_id; ++it)
    if (now - it->second < memory) return true;
  return false;
}

void Room::enable(const SessionKey& key, std::optional<bool> video, std::optional<bool> audio) {
  auto& s = at(key);
  s.video = video.value_or(s.video);
  s.audio = audio.value_or(s.audio);
  if (s.publication || rules_.lists_sessions) ++list_version_;
  if (s.publication) ++hls_version_;
}

void Room::publish(const SessionKey& key, plan::PublicationId id, std::vector<plan::UplinkTrack> tracks) {
  auto& publication = at(key).publication;
  if (!publication || publication->id != id) publication = Publication{.id = id, .tracks = {}};
  publication->tracks = std::move(tracks);
  touch_watchers(key);
  ++list_version_;
  ++member_version_;
  ++hls_version_;
}

void Room::list(const SessionKey& key) {
  auto& publication = at(key).publication;
  CHECK(publication.has_value());
  publication->listed = true;
  ++list_version_;
  ++member_version_;
}

void Room::forward(const SessionKey& key, bool forwarded) {
  auto& publication = at(key).publication;
  if (!publication || publication->forwarded == forwarded) return;
  publication->forwarded = forwarded;
  ++list_version_;
  ++hls_version_;
}

void Room::unpublish(const SessionKey& key) {
  at(key).publication.reset();
  touch_watchers(key);
  ++list_version_;
  ++member_version_;
  ++hls_version_;
}

void Room::touch(const SessionKey& viewer, const SessionKey& target, const Downlink& downlink) {
  touched_.try_emplace(RouteKey{downlink.publication, downlink.peer}, Watching{viewer, target});
}

// Looks at every session, but only when a publication changes.
void Room::touch_watchers(const SessionKey& target) {
  for (const auto& [user_id, user] : users_)
    for (const auto& [session_id, session] : user.sessions)
      if (const auto it = session.watching.find(target); it != session.watching.end())
        touch({user_id, session_id}, target, it->second);
}

void Room::watch(const SessionKey& viewer, const SessionKey& target, plan::PeerId peer,
                 plan::PublicationId publication) {
  unwatch(viewer, target);
  const auto& downlink = at(viewer).watching[target] =
      Downlink{.peer = peer, .publication = publication, .tracks = {}, .wish = {}};
  touch(viewer, target, downlink);
}

void Room::take(const SessionKey& viewer, const SessionKey& target, std::vector<plan::DownlinkTrack> tracks) {
  auto& watching = at(viewer).watching;
  const auto it = watching.find(target);
  CHECK(it != watching.end());
  it->second.tracks = std::move(tracks);
  touch(viewer, target, it->second);
}

void Room::unwatch(const SessionKey& viewer, const SessionKey& target) {
  auto& watching = at(viewer).watching;
  const auto it = watching.find(target);
  if (it == watching.end()) return;
  touch(viewer, target, it->second);
  watching.erase(it);
}

void Room::wish(const SessionKey& viewer, const SessionKey& target, plan::Wish wish) {
  auto& watching = at(viewer).watching;
  const auto it = watching.find(target);
  CHECK(it != watching.end());
  it->second.wish = wish;
  touch(viewer, target, it->second);
}

namespace {

std::vector<plan::DownlinkTrack> carried(const Publication& publication,
                                         const std::vector<plan::DownlinkTrack>& lines) {
  std::vector<plan::DownlinkTrack> result;
  for (const auto& line : lines) {
    const auto same = [&](const plan::UplinkTrack& t) {
      return t.kind == line.kind && t.codec.codec == line.codec.codec;
    };
    if (std::ranges::any_of(publication.tracks, same)) result.push_back(line);
  }
  return result;
}

std::optional<Lines> lines_of(const Room& room, const SessionKey& target, const Downlink& downlink) {
  const auto* session = room.session(target);
  if (session == nullptr || !session->publication || session->publication->id != downlink.publication)
    return std::nullopt;
  auto tracks = carried(*session->publication, downlink.tracks);
  if (tracks.empty()) return std::nullopt;
  return Lines{std::move(tracks), downlink.wish};
}

void add_routes(const Room& room, const Session& viewer, Routes& routes) {
  for (const auto& [target, downlink] : viewer.watching)
    if (auto lines = lines_of(room, target, downlink))
      routes.emplace(RouteKey{downlink.publication, downlink.peer}, std::move(*lines));
}

// Most sessions of a large room are not in the list: nothing is copied for them.
std::optional<Listed> entry(const Room& room, const std::string& user_id, const std::string& session_id,
                            const User& user, const Session& session) {
  const bool publishes = session.publication && session.publication->listed;
  if (!publishes && !room.rules().lists_sessions) return std::nullopt;
  Listed listed{
      .key = {user_id, session_id}, .user = &user, .session = &session, .video = session.video, .audio = session.audio};
  if (room.rules().lists_sessions) return listed;
  listed.video = session.video && !room.rules().audio_only && session.publication->has(plan::Kind::kVideo);
  listed.audio = session.audio && session.publication->has(plan::Kind::kAudio);
  return listed;
}

}  // namespace

Routes routes(const Room& room) {
  Routes result;
  for (const auto& [user_id, user] : room.users())
    for (const auto& [session_id, session] : user.sessions) add_routes(room, session, result);
  return result;
}

std::optional<Lines> route(const Room& room, const RouteKey& key, const Watching& watching) {
  const auto* viewer = room.session(watching.viewer);
  if (viewer == nullptr) return std::nullopt;
  const auto it = viewer->watching.find(watching.target);
  if (it == viewer->watching.end() || RouteKey{it->second.publication, it->second.peer} != key) return std::nullopt;
  return lines_of(room, watching.target, it->second);
}

std::vector<Listed> listed(const Room& room) {
  std::vector<Listed> result;
  for (const auto& [user_id, user] : room.users())
    for (const auto& [session_id, session] : user.sessions)
      if (auto one = entry(room, user_id, session_id, user, session)) result.push_back(std::move(*one));
  return result;
}

std::optional<Listed> listed(const Room& room, const SessionKey& key) {
  const auto* session = room.session(key);
  if (session == nullptr) return std::nullopt;
  return entry(room, key.user_id, key.session_id, *room.user(key.user_id), *session);
}

}  // namespace heliograph::room
