// SPDX-License-Identifier: Apache-2.0
#include "control/settle.h"

#include <algorithm>

#include "control/hls.h"
#include "control/moderation.h"

namespace heliograph::control {
namespace {

// To each socket once, however many sessions it carries.
template <class Wants>
void push(Turn& turn, const OpenRoom& room, const std::string& text, Wants wants) {
  std::set<ConnectionId> connections;
  for (const auto& [key, session] : room.sessions)
    if (session.connection && wants(session)) connections.insert(*session.connection);
  for (const auto connection : connections) turn.send(connection, text);
}

signal::MemberEntry to_member(const std::string& user_id, const room::User& user) {
  signal::MemberEntry member;
  member.user_id = user_id;
  member.username = user.profile.username;
  member.fullname = user.profile.fullname;
  member.avatar = user.profile.avatar;
  member.role = room::to_text(user.role);
  for (const auto& [session_id, session] : user.sessions) {
    const bool publishing = session.publication && session.publication->listed;
    member.sessions.push_back(
        {session_id, session.traits.category, session.traits.host, session.traits.device_id, publishing});
  }
  return member;
}

std::string written_members(const OpenRoom& room) {
  std::vector<signal::MemberEntry> list;
  for (const auto& [user_id, user] : room.room.users()) list.push_back(to_member(user_id, user));
  return signal::members(list);
}

bool wants_members(const Session& session) { return session.wants_members; }

// False when there was nothing new to tell, or nobody to tell it to.
bool push_members(Turn& turn, OpenRoom& room) {
  const bool anybody = std::ranges::any_of(room.sessions, [](const auto& s) { return wants_members(s.second); });
  if (!anybody) return false;
  auto members = written_members(room);
  if (members == room.members) return false;
  room.members = std::move(members);
  push(turn, room, signal::member_list_changed(room.rid, ++room.rev, room.members), wants_members);
  return true;
}

void push_lists(Turn& turn, OpenRoom& room) {
  const bool changed = room.lists_seen != room.room.list_version();
  refresh_list(room);
  if (room.pps_unsent) {
    push_to_all(turn, room, signal::publish_list_changed(room.rid, room.rev, room.pps));
    room.pps_unsent = false;
  }
  if (changed) push_members(turn, room);
  room.lists_seen = room.room.list_version();
}

}  // namespace

void sync_routes(Turn& turn, OpenRoom& room) {
  if (room.routes_seen == room.room.route_version()) return;
  auto wanted = room::routes(room.room);
  for (const auto& [key, lines] : room.told)
    if (!wanted.contains(key)) turn.command(plan::Unroute{key.first, key.second});
  for (const auto& [key, lines] : wanted) {
    const auto it = room.told.find(key);
    if (it == room.told.end() || it->second != lines)
      turn.command(plan::Route{key.first, key.second, lines.tracks, lines.wish});
  }
  room.told = std::move(wanted);
  room.routes_seen = room.room.route_version();
}

void refresh_list(OpenRoom& room) {
  std::vector<signal::Entry> list;
  for (const auto& listed : room::listed(room.room)) list.push_back(to_entry(room, listed));
  auto pps = signal::entries(list);
  if (pps == room.pps) return;
  room.pps = std::move(pps);
  ++room.rev;
  room.pps_unsent = true;
}

void push_to_all(Turn& turn, const OpenRoom& room, const std::string& text) {
  push(turn, room, text, [](const Session&) { return true; });
}

void send_members(Turn& turn, OpenRoom& room, const Session& to) {
  if (push_members(turn, room)) return;  // it was among them
  turn.send(to, signal::member_list_changed(room.rid, room.rev, room.members));
}

void settle(Turn& turn, const std::string& rid) {
  auto* room = turn.room(rid);
  if (room == nullptr) return;
  sync_routes(turn, *room);
  sync_hls(turn, *room);
  deliver_requests(turn, *room);
  if (room->lists_seen != room->room.list_version() || room->pps_unsent) push_lists(turn, *room);
  const TimerKey empty{.kind = TimerKind::kRoomEmpty, .number = 0, .rid = rid, .session = {}};
  if (!room->room.empty() || room->persistent) {
    turn.state.timers.cancel(empty);
  } else if (!turn.state.timers.is_set(empty)) {
    turn.state.timers.set(empty, turn.now + turn.state.config.timeouts.empty_room);
  }
}

signal::Entry to_entry(const OpenRoom& room, const room::Listed& listed) {
  const auto& traits = listed.session->traits;
  const auto& profile = listed.user->profile;
  signal::Entry entry;
  entry.user_id = listed.key.user_id;
  entry.session_id = listed.key.session_id;
  entry.username = profile.username;
  entry.fullname = profile.fullname;
  entry.avatar = profile.avatar;
  entry.category = traits.category;
  entry.host = traits.host;
  entry.device_id = traits.device_id;
  entry.video = listed.video;
  entry.audio = listed.audio;
  entry.hls = hls_of(room, listed.key);
  return entry;
}

}  // namespace heliograph::control
