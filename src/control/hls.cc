// SPDX-License-Identifier: Apache-2.0
#include "control/hls.h"

#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/percent.h"
#include "control/peers.h"
#include "control/settle.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using Streams = std::map<SessionKey, HlsStream>;

TimerKey held_timer(const OpenRoom& room, const SessionKey& key) {
  return {.kind = TimerKind::kHlsHeld, .number = 0, .rid = room.rid, .session = key};
}

plan::HlsStream stream_of(const OpenRoom& room, const SessionKey& key) {
  return {.rid = room.rid, .user_id = key.user_id, .session_id = key.session_id};
}

void push_state(Turn& turn, const OpenRoom& room, const SessionKey& key, plan::HlsState state) {
  push_to_all(turn, room,
              signal::hls_state(room.rid, key.user_id, key.session_id, plan::to_text(state), hls_url(room, key)));
}

Streams::iterator forget(Turn& turn, OpenRoom& room, Streams::iterator it) {
  turn.state.timers.cancel(held_timer(room, it->first));
  --turn.state.hls_streams;
  return room.hls.erase(it);
}

// It is over, whether it runs or waits.
Streams::iterator finish(Turn& turn, OpenRoom& room, Streams::iterator it) {
  turn.out.hls.push_back(plan::StopHls{it->second.told.stream, true});
  return forget(turn, room, it);
}

// What it was told to make is not wanted any more.
Streams::iterator stop(Turn& turn, OpenRoom& room, Streams::iterator it) {
  auto& stream = it->second;
  if (!stream.lost) return finish(turn, room, it);
  turn.out.hls.push_back(plan::StopHls{stream.told.stream, false});
  stream.running = false;
  turn.state.timers.set(held_timer(room, it->first), turn.now + turn.state.config.timeouts.hls_held);
  return std::next(it);
}

void start(Turn& turn, OpenRoom& room, const SessionKey& key, plan::StartHls wanted) {
  const auto [it, is_new] = room.hls.try_emplace(key);
  auto& stream = it->second;
  stream.lost = false;
  const bool same = !is_new && stream.told.publication == wanted.publication;
  wanted.prefix = same ? stream.told.prefix : fresh_name(turn.state);
  if (stream.running && stream.told == wanted) return;
  turn.state.timers.cancel(held_timer(room, key));
  stream.running = true;
  stream.told = wanted;
  turn.out.hls.push_back(std::move(wanted));
  if (!is_new) return;
  ++turn.state.hls_streams;
  push_state(turn, room, key, stream.state);
}

}  // namespace

std::string hls_url(const OpenRoom& room, const SessionKey& key) {
  return room.hls_root + base::percent_encoded(key.user_id) + "/" + base::percent_encoded(key.session_id) +
         "/index.m3u8";
}

std::string hls_of(const OpenRoom& room, const SessionKey& key) {
  const auto* session = room.room.session(key);
  const bool forwarded = session != nullptr && session->publication && session->publication->forwarded;
  return forwarded ? hls_url(room, key) : "";
}

std::map<SessionKey, plan::StartHls> hls_wanted(const OpenRoom& room) {
  std::map<SessionKey, plan::StartHls> wanted;
  for (const auto& [user_id, user] : room.room.users()) {
    for (const auto& [session_id, session] : user.sessions) {
      if (!session.publication || !session.publication->forwarded) continue;
      const SessionKey key{user_id, session_id};
      wanted.emplace(key, plan::StartHls{.stream = stream_of(room, key),
                                         .publication = session.publication->id,
                                         .prefix = {},
                                         .tracks = session.publication->tracks,
                                         .video = session.video,
                                         .audio = session.audio,
                                         .asks_token = room.hls_tokens});
    }
  }
  return wanted;
}

void sync_hls(Turn& turn, OpenRoom& room) {
  if (room.hls_seen == room.room.hls_version()) return;
  auto wanted = hls_wanted(room);
  for (auto it = room.hls.begin(); it != room.hls.end();)
    it = it->second.running && !wanted.contains(it->first) ? stop(turn, room, it) : std::next(it);
  for (auto& [key, command] : wanted) start(turn, room, key, std::move(command));
  room.hls_seen = room.room.hls_version();
}

bool may_forward(const Turn& turn, const OpenRoom& room, const SessionKey& key) {
  if (!turn.state.config.hls) return false;
  if (room.hls.contains(key) || turn.state.hls_streams < turn.state.config.limits.hls_streams) return true;
  ++turn.state.hls_refused;
  base::log::warn("not forwarded as HLS: the server has all the streams that it may have",
                  {{"rid", room.rid}, {"userId", key.user_id}, {"sessionId", key.session_id}});
  return false;
}

void end_hls(Turn& turn, OpenRoom& room, const SessionKey& key, Ending why) {
  const auto it = room.hls.find(key);
  if (it == room.hls.end()) return;
  it->second.lost = why == Ending::kLost;
  if (!it->second.running && why == Ending::kMeant) finish(turn, room, it);
}

void end_all_hls(Turn& turn, OpenRoom& room) {
  for (auto it = room.hls.begin(); it != room.hls.end();) it = finish(turn, room, it);
}

void hls_changed(Turn& turn, const plan::HlsChanged& changed) {
  auto* room = turn.room(changed.stream.rid);
  if (room == nullptr) return;
  const bool over = changed.state == plan::HlsState::kEnded || changed.state == plan::HlsState::kFailed;
  const SessionKey key{changed.stream.user_id, changed.stream.session_id};
  const auto it = room->hls.find(key);
  if (it == room->hls.end()) {
    // Told to stop meanwhile: that it was live is of no use any more, that it has ended is.
    if (over) push_state(turn, *room, key, changed.state);
    return;
  }
  if (std::exchange(it->second.state, changed.state) != changed.state) push_state(turn, *room, key, changed.state);
  if (over && !it->second.running) forget(turn, *room, it);
}

void hls_held_too_long(Turn& turn, OpenRoom& room, const SessionKey& key) {
  if (const auto it = room.hls.find(key); it != room.hls.end()) finish(turn, room, it);
}

}  // namespace heliograph::control
