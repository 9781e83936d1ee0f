// SPDX-License-Identifier: Apache-2.0
#include "control/admin.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "control/hls.h"
#include "control/membership.h"
#include "control/moderation.h"
#include "control/peers.h"
#include "control/sessions.h"
#include "control/settle.h"
#include "control/state.h"
#include "fmt/format.h"
#include "plan/media.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;
using Failure = std::unexpected<Refusal>;

// ── settings ──

std::optional<Refusal> refusal_of(const RoomSettings& settings, signal::Channel channel, const Limits& limits) {
  if (channel == signal::Channel::kP2p && (settings.publishers || settings.users || settings.hls_tokens))
    return Refusal{Code::kUnsupportedChannel,
                   "a p2p room is for two users who both publish, past the server: only its sessions can be limited"};
  const bool none = settings.users == 0 || settings.sessions == 0;
  if (none) return Refusal{Code::kInvalidSignal, "a limit of users or sessions is 1 at least"};
  if (settings.sessions.value_or(0) > limits.sessions_per_room)
    return Refusal{Code::kInvalidSignal,
                   fmt::format("no room of this server has more than {} sessions", limits.sessions_per_room)};
  return std::nullopt;
}

void ask_for_tokens(OpenRoom& room, bool ask) {
  room.hls_tokens = ask;
  room.hls_seen = 0;  // every stream is to be told
}

void apply(const RoomSettings& settings, OpenRoom& room) {
  if (settings.persistent) room.persistent = *settings.persistent;
  if (settings.publishers) room.room.limit_publishing_users(*settings.publishers);
  if (settings.users) room.room.limit_users(*settings.users);
  if (settings.sessions) room.room.limit_sessions(*settings.sessions);
  if (settings.hls_tokens) ask_for_tokens(room, *settings.hls_tokens);
}

// Whether the room is as these settings would make it.
bool has(const OpenRoom& room, const RoomSettings& settings) {
  const auto& rules = room.room.rules();
  return settings.persistent.value_or(room.persistent) == room.persistent &&
         settings.publishers.value_or(rules.publishing_users) == rules.publishing_users &&
         settings.users.value_or(rules.users) == rules.users &&
         settings.sessions.value_or(rules.sessions) == rules.sessions &&
         settings.hls_tokens.value_or(room.hls_tokens) == room.hls_tokens;
}

// ── views ──

bool is_listed(const room::Session& session) { return session.publication && session.publication->listed; }

RoomSummary summary_of(const OpenRoom& room) {
  const auto& rules = room.room.rules();
  const bool p2p = room.channel == signal::Channel::kP2p;
  RoomSummary summary{.rid = room.rid,
                      .channel = room.channel,
                      .persistent = room.persistent,
                      .hls_tokens = room.hls_tokens,
                      .max_publishers = p2p ? SIZE_MAX : rules.publishing_users,
                      .max_users = p2p ? SIZE_MAX : rules.users,
                      .max_sessions = rules.sessions,
                      .creator = room.room.creator(),
                      .owner = std::string(room.room.owner()),
                      .users = room.room.users().size(),
                      .sessions = room.room.session_count(),
                      .publications = 0,
                      .rev = room.rev};
  for (const auto& [user_id, user] : room.room.users())
    for (const auto& [session_id, session] : user.sessions) summary.publications += is_listed(session) ? 1 : 0;
  return summary;
}

std::optional<HlsStatus> hls_status(const OpenRoom& room, const SessionKey& key) {
  const auto it = room.hls.find(key);
  if (it == room.hls.end()) return std::nullopt;
  return HlsStatus{hls_url(room, key), it->second.state};
}

ParticipantSession session_of(const OpenRoom& room, const SessionKey& key) {
  const auto& seen = *room.room.session(key);
  const auto& session = room.sessions.at(key);
  return {.session_id = key.session_id,
          .traits = seen.traits,
          .connected = session.connection.has_value(),
          .publishing = is_listed(seen),
          .video = seen.video,
          .audio = seen.audio,
          .watching = session.downlinks.size(),
          .hls = hls_status(room, key)};
}

Participant participant_of(const OpenRoom& room, const std::string& user_id) {
  Participant participant;
  participant.user_id = user_id;
  participant.banned = room.room.is_banned(user_id);
  const auto assigned = room.room.assigned().find(user_id);
  if (assigned != room.room.assigned().end()) participant.role = assigned->second;
  const auto* user = room.room.user(user_id);
  if (user == nullptr) return participant;
  participant.role = user->role;
  participant.profile = user->profile;
  participant.owner = room.room.owner() == user_id;
  for (const auto& [session_id, seen] : user->sessions)
    participant.sessions.push_back(session_of(room, {user_id, session_id}));
  return participant;
}

// Whom the room knows, here or not, in order, from `after` on; at most `count`.
std::vector<std::string> known_users(const OpenRoom& room, const std::string& after, size_t count) {
  std::set<std::string> ids;
  const auto add = [&](const auto& map) {
    size_t left = count;
    for (auto it = map.upper_bound(after); it != map.end() && left > 0; ++it, --left) ids.insert(it->first);
  };
  add(room.room.users());
  add(room.room.assigned());
  for (const auto& user_id : room.room.banned())
    if (user_id > after) ids.insert(user_id);
  const auto taken = static_cast<ptrdiff_t>(std::min(count, ids.size()));
  return {ids.begin(), std::next(ids.begin(), taken)};
}

PublicationStats publication_of(const SessionKey& key, const room::Session& seen, const Session& session,
                                base::Timestamp now) {
  PublicationStats stats{.user_id = key.user_id,
                         .session_id = key.session_id,
                         .listed = is_listed(seen),
                         .connected = session.uplink->transport.alive(),
                         .age = now - session.uplink->last.at,
                         .watchers = 0,
                         .tracks = {}};
  for (const auto& track : session.uplink->tracks) {
    const bool video = track.kind == plan::Kind::kVideo;
    stats.tracks.push_back({.kind = video ? "video" : "audio",
                            .codec = plan::encoding_name(track.codec.codec),
                            .rids = track.rids,
                            .enabled = video ? seen.video : seen.audio});
  }
  return stats;
}

Refusal not_here(const char* what) { return {Code::kNotRoomMember, fmt::format("the room has no such {}", what)}; }

}  // namespace

std::optional<room::Role> role_of_text(std::string_view text) {
  for (const auto role : {room::Role::kViewer, room::Role::kPublisher, room::Role::kAdmin})
    if (room::to_text(role) == text) return role;
  return std::nullopt;
}

Admin::Admin(Control& control, base::Timestamp now, std::string by, Out& out)
    : state_(control.state()), now_(now), by_(std::move(by)), out_(out) {}

std::expected<OpenRoom*, Refusal> Admin::find(const std::string& rid) const {
  const auto it = state_.rooms.find(rid);
  if (it == state_.rooms.end()) return Failure(Refusal{Code::kRoomNotFound, "the room does not exist"});
  return &it->second;
}

RoomSettings Admin::no_limits(signal::Channel channel) const {
  RoomSettings settings;
  settings.sessions = state_.config.limits.sessions_per_room;
  if (channel != signal::Channel::kP2p) settings.publishers = settings.users = SIZE_MAX;
  return settings;
}

std::expected<Admin::Made, Refusal> Admin::create(std::optional<std::string> rid, signal::Channel channel,
                                                  const RoomSettings& settings) {
  if (auto refusal = refusal_of(settings, channel, state_.config.limits)) return Failure(*std::move(refusal));
  if (const auto it = rid ? state_.rooms.find(*rid) : state_.rooms.end(); it != state_.rooms.end()) {
    const auto& room = it->second;
    if (room.channel != channel)
      return Failure(
          Refusal{Code::kAlreadyExistRoom, fmt::format("the room exists already, with ch {}", to_text(room.channel))});
    if (!has(room, settings))
      return Failure(Refusal{Code::kAlreadyExistRoom, "the room exists already, with other settings; PATCH it"});
    return Made{summary_of(room), false};
  }
  Turn turn{state_, now_, out_};
  const auto made = open_room(turn, rid.value_or(fresh_name(state_)), channel, "");
  if (!made) return Failure(made.error());
  apply(settings, **made);
  settle(turn, (*made)->rid);
  return Made{summary_of(**made), true};
}

Page<RoomSummary> Admin::rooms(const std::string& after, size_t limit,
                               const std::function<bool(const std::string& rid)>& wanted) const {
  Page<RoomSummary> page;
  std::string last;
  size_t left = kMaxScan;
  auto it = state_.rooms.upper_bound(after);
  for (; it != state_.rooms.end() && page.items.size() < std::min(limit, kMaxPage) && left > 0; ++it, --left) {
    last = it->first;
    if (wanted(last)) page.items.push_back(summary_of(it->second));
  }
  if (it != state_.rooms.end()) page.next = last;
  return page;
}

std::expected<RoomSummary, Refusal> Admin::room(const std::string& rid) const {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  return summary_of(**room);
}

std::expected<RoomSummary, Refusal> Admin::change(const std::string& rid, const RoomSettings& settings) {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  if (auto refusal = refusal_of(settings, (*room)->channel, state_.config.limits)) return Failure(*std::move(refusal));
  apply(settings, **room);
  Turn turn{state_, now_, out_};
  settle(turn, rid);
  return summary_of(**room);
}

std::expected<void, Refusal> Admin::close(const std::string& rid, std::string_view reason) {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  Turn turn{state_, now_, out_};
  close_room(turn, rid, reason);
  return {};
}

std::expected<RoomStats, Refusal> Admin::stats(const std::string& rid) const {
  const auto found = find(rid);
  if (!found) return Failure(found.error());
  const auto& room = **found;
  RoomStats stats{.rid = room.rid, .rev = room.rev, .users = room.room.users().size(), .list = {}};
  std::map<SessionKey, size_t> watchers;
  std::set<std::string_view> publishing;
  for (const auto& [key, session] : room.sessions) {
    const auto& seen = *room.room.session(key);
    ++stats.sessions;
    stats.connected += session.connection ? 1 : 0;
    stats.downlinks += session.downlinks.size();
    for (const auto& [target, downlink] : session.downlinks) ++watchers[target];
    if (!session.uplink) continue;
    publishing.insert(key.user_id);
    if (++stats.publications <= kMaxPublications) stats.list.push_back(publication_of(key, seen, session, now_));
  }
  stats.publishing_users = publishing.size();
  stats.routes = room.told.size();
  for (auto& publication : stats.list) publication.watchers = watchers[{publication.user_id, publication.session_id}];
  return stats;
}

std::expected<Page<Participant>, Refusal> Admin::participants(const std::string& rid, const std::string& after,
                                                              size_t limit) const {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  const auto count = std::min(limit, kMaxPage);
  const auto ids = known_users(**room, after, count + 1);
  Page<Participant> page;
  for (const auto& user_id : ids)
    if (page.items.size() < count) page.items.push_back(participant_of(**room, user_id));
  if (ids.size() > count) page.next = page.items.back().user_id;
  return page;
}

std::expected<Participant, Refusal> Admin::put_participant(const std::string& rid, const std::string& user_id,
                                                           std::optional<room::Role> role, std::optional<bool> banned) {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  Turn turn{state_, now_, out_};
  if (role)
    if (auto given = give_role(turn, **room, user_id, *role); !given) return Failure(std::move(given.error()));
  if (banned && *banned)
    if (auto barred = ban(turn, **room, user_id, by_); !barred) return Failure(std::move(barred.error()));
  if (banned && !*banned) unban(turn, **room, user_id);
  settle(turn, rid);
  return participant_of(**room, user_id);
}

std::expected<void, Refusal> Admin::kick(const std::string& rid, const std::string& user_id) {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  Turn turn{state_, now_, out_};
  if (!kick_user(turn, **room, user_id, by_)) return Failure(not_here("user"));
  settle(turn, rid);
  return {};
}

std::expected<void, Refusal> Admin::kick(const std::string& rid, const room::SessionKey& session) {
  const auto room = find(rid);
  if (!room) return Failure(room.error());
  Turn turn{state_, now_, out_};
  if (!control::kick(turn, **room, session, by_)) return Failure(not_here("session"));
  settle(turn, rid);
  return {};
}

bool Admin::makes_hls() const { return state_.config.hls; }

std::expected<OpenRoom*, Refusal> Admin::find_forwarding(const std::string& rid,
                                                         const room::SessionKey& session) const {
  const auto room = find(rid);
  if (!room) return room;
  if ((*room)->channel == signal::Channel::kP2p)
    return Failure(Refusal{Code::kUnsupportedChannel, "what a p2p room publishes never touches the server"});
  if (!(*room)->sessions.contains(session)) return Failure(not_here("session"));
  return room;
}

std::expected<std::optional<HlsStatus>, Refusal> Admin::hls(const std::string& rid,
                                                            const room::SessionKey& session) const {
  const auto room = find_forwarding(rid, session);
  if (!room) return Failure(room.error());
  return hls_status(**room, session);
}

std::expected<std::optional<Admin::Forwarded>, Refusal> Admin::start_hls(const std::string& rid,
                                                                         const room::SessionKey& session) {
  const auto found = find_forwarding(rid, session);
  if (!found) return Failure(found.error());
  auto& room = **found;
  const auto& publication = room.room.session(session)->publication;
  if (!publication) return std::nullopt;
  const bool started = !publication->forwarded;
  Turn turn{state_, now_, out_};
  if (started && !may_forward(turn, room, session))
    return Failure(Refusal{Code::kInternalServerError, "the server has all the HLS streams that it may have"});
  room.room.forward(session, true);
  settle(turn, rid);
  return Forwarded{*hls_status(room, session), started};
}

std::expected<void, Refusal> Admin::stop_hls(const std::string& rid, const room::SessionKey& session) {
  const auto room = find_forwarding(rid, session);
  if (!room) return Failure(room.error());
  Turn turn{state_, now_, out_};
  (*room)->room.forward(session, false);
  end_hls(turn, **room, session, Ending::kMeant);
  settle(turn, rid);
  return {};
}

}  // namespace heliograph::control
