// SPDX-License-Identifier: Apache-2.0
#include "control/settle.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "control/hls.h"
#include "control/moderation.h"

namespace heliograph::control {
namespace {

// To each socket once, however many sessions it carries.
template <class Wants>
void push(Turn& turn, const OpenRoom& room, std::string written, Wants wants) {
  const auto text = std::make_shared<const std::string>(std::move(written));
  std::vector<ConnectionId> connections;
  for (const auto& [key, session] : room.sessions)
    if (session.connection && wants(session)) connections.push_back(*session.connection);
  std::ranges::sort(connections);
  const auto twice = std::ranges::unique(connections);
  connections.erase(twice.begin(), twice.end());
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
  room.members_seen = room.room.member_version();
  if (room.members_wanted == 0) return false;
  auto members = written_members(room);
  if (members == room.members) return false;
  room.members = std::move(members);
  push(turn, room, signal::member_list_changed(room.rid, ++room.rev, room.members), wants_members);
  return true;
}

void push_lists(Turn& turn, OpenRoom& room) {
  refresh_list(room);
  if (room.pps_unsent) {
    push_to_all(turn, room, signal::publish_list_changed(room.rid, room.rev, room.pps));
    room.pps_unsent = false;
  }
  if (room.members_seen != room.room.member_version()) push_members(turn, room);
}

}  // namespace

void sync_routes(Turn& turn, OpenRoom& room) {
  std::vector<plan::Command> routed;  // said after every Unroute
  for (const auto& [key, watching] : room.room.take_touched()) {
    auto lines = room::route(room.room, key, watching);
    const auto told = room.told.find(key);
    if (lines) {
      if (told != room.told.end() && told->second == *lines) continue;
      routed.push_back(plan::Route{key.first, key.second, lines->tracks, lines->wish});
      room.told.insert_or_assign(key, std::move(*lines));
    } else if (told != room.told.end()) {
      turn.command(plan::Unroute{key.first, key.second});
      room.told.erase(told);
    }
  }
  for (auto& command : routed) turn.command(std::move(command));
}

void refresh_list(OpenRoom& room) {
  if (room.lists_seen == room.room.list_version()) return;
  room.lists_seen = room.room.list_version();
  std::vector<signal::Entry> list;
  for (const auto& listed : room::listed(room.room)) list.push_back(to_entry(room, listed));
  auto pps = signal::entries(list);
  if (pps == room.pps) return;
  room.pps = std::move(pps);
  ++room.rev;
  room.pps_unsent = true;
}

void push_to_all(Turn& turn, const OpenRoom& room, std::string text) {
  push(turn, room, std::move(text), [](const Session&) { return true; });
}

void send_members(Turn& turn, OpenRoom& room, Session& to) {
  if (!std::exchange(to.wants_members, true)) ++room.members_wanted;
  if (push_members(turn, room)) return;  // it was among them
  turn.send(to, signal::member_list_changed(room.rid, room.rev, room.members));
}

void settle(Turn& turn, const std::string& rid) {
  auto* room = turn.room(rid);
  if (room == nullptr) return;
  sync_routes(turn, *room);
  sync_hls(turn, *room);
  deliver_requests(turn, *room);
  push_lists(turn, *room);
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
