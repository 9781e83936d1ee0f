// SPDX-License-Identifier: Apache-2.0
// The part of the model (test_model.h) that says which HLS streams there are (B-25), and what the other parts stand on:
// the rooms, the sockets, and what they hear. For tests only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/test_rooms.h"

namespace heliograph::control::model {

class Streams {
 public:
  explicit Streams(Config config) : config_(std::move(config)) {}

  Time now = Time::from_micros(1'000'000'000);
  std::map<std::string, Room> rooms;
  struct Connection {
    Identity identity;
    Time keep_alive, token_by;
  };
  std::map<ConnectionId, Connection> connections;
  // What each socket hears since the last look, in a short form: "4051 OFFER 17", "LIST r0 [a/0:va]".
  std::map<ConnectionId, std::vector<std::string>> heard;

  // The packager says how a stream is doing.
  void stream_changed(const plan::HlsChanged& changed) {
    const auto it = rooms.find(changed.stream.rid);
    if (it == rooms.end()) return;
    auto& room = it->second;
    const Key key{changed.stream.user_id, changed.stream.session_id};
    const bool over = changed.state == plan::HlsState::kEnded || changed.state == plan::HlsState::kFailed;
    const auto stream = room.streams.find(key);
    if (stream == room.streams.end()) return over ? tell_state(room, key, changed.state) : void();
    if (std::exchange(stream->second.state, changed.state) != changed.state) tell_state(room, key, changed.state);
    if (over && stream->second.waits()) room.streams.erase(stream);
  }

  // What an operator does: the code of the refusal, or 0; kNothingThere where the session publishes nothing.
  static constexpr int kNothingThere = 409;
  int put_stream(const std::string& rid, const Key& key) {
    const int code = refusal_of_stream(rid, key);
    if (code != 0) return code;
    auto& room = rooms.at(rid);
    auto& uplink = room.sessions.at(key).uplink;
    if (!uplink) return kNothingThere;
    if (!uplink->hls && !has_place(room, key)) return 500;
    uplink->hls = true;
    begin_stream(room, key);
    return 0;
  }
  int delete_stream(const std::string& rid, const Key& key) {
    const int code = refusal_of_stream(rid, key);
    if (code != 0) return code;
    auto& room = rooms.at(rid);
    if (auto& uplink = room.sessions.at(key).uplink) uplink->hls = false;
    room.streams.erase(key);
    return 0;
  }
  int ask_for_tokens(const std::string& rid, bool ask) {
    if (!rooms.contains(rid)) return 4001;
    if (rooms.at(rid).ch == "p2p") return 2002;
    rooms.at(rid).hls_tokens = ask;
    return 0;
  }

 protected:
  void say(ConnectionId c, std::string text) {
    if (connections.contains(c)) heard[c].push_back(std::move(text));
  }
  template <class Wanted>
  static std::set<ConnectionId> sockets(const Room& room, Wanted wanted) {
    std::set<ConnectionId> result;
    for (const auto& [key, session] : room.sessions)
      if (session.connection != 0 && wanted(session)) result.insert(session.connection);
    return result;
  }

  bool has_place(const Room& room, const Key& key) const {
    size_t count = 0;
    for (const auto& [rid, other] : rooms) count += other.streams.size();
    return room.streams.contains(key) || count < config_.limits.hls_streams;
  }
  // An OFFER was taken. `before`: what it did not say.
  void decide_stream(Room& room, const Key& key, std::optional<bool> said, bool before) {
    auto& uplink = *room.sessions.at(key).uplink;
    uplink.hls = config_.hls && said.value_or(before) && has_place(room, key);
    uplink.hls ? begin_stream(room, key) : static_cast<void>(room.streams.erase(key));
  }
  void begin_stream(Room& room, const Key& key) {
    const auto [it, is_new] = room.streams.try_emplace(key);
    it->second.until = Time::never();
    if (is_new) tell_state(room, key, plan::HlsState::kStarting);
  }
  // Its publisher is gone.
  void lose_stream(Room& room, const Key& key) const {
    const auto it = room.streams.find(key);
    if (it != room.streams.end() && !it->second.waits()) it->second.until = now + seconds(30);
  }
  bool fire_streams(Room& room) const {
    return std::erase_if(room.streams, [&](const auto& s) { return s.second.until <= now; }) > 0;
  }
  void tell_state(const Room& room, const Key& key, plan::HlsState state) {
    for (const auto c : sockets(room, [](const Session&) { return true; }))
      say(c, "HLS " + stream_text(room.rid, key) + " " + std::string(plan::to_text(state)));
  }

  Config config_;

 private:
  int refusal_of_stream(const std::string& rid, const Key& key) const {
    if (!rooms.contains(rid)) return 4001;
    if (rooms.at(rid).ch == "p2p") return 2002;
    return rooms.at(rid).here(key) ? 0 : 4002;
  }
};

// Of a stream as the packager must know it, in one line.
inline std::string stream_line(const plan::StartHls& start) {
  std::string line = stream_text(start.stream.rid, {start.stream.user_id, start.stream.session_id}) + " " +
                     std::to_string(start.publication.number) + " ";
  for (const auto& track : start.tracks)
    line += track.kind == plan::Kind::kAudio ? 'a' : track.codec.codec == plan::Codec::kVp8 ? 'v' : 'h';
  return line + (start.video ? " video" : "") + (start.audio ? " audio" : "") + (start.asks_token ? " token" : "");
}
inline std::string stream_line(const Room& room, const Key& key) {
  const auto& session = room.sessions.at(key);
  const auto& uplink = *session.uplink;
  const auto kinds = published(room, uplink);
  return stream_text(room.rid, key) + " " + std::to_string(uplink.publication.value_or(plan::PublicationId{}).number) +
         " " + (kinds.contains('a') ? "a" : "") + (kinds.contains('v') ? (uplink.feed.offer.vp8 ? "v" : "h") : "") +
         (session.video ? " video" : "") + (session.audio ? " audio" : "") + (room.hls_tokens ? " token" : "");
}
// What the packager was told against what the model has: "" where it is the same.
inline std::string streams_differ(const std::map<std::string, Room>& rooms, const TestWorld& world) {
  std::set<std::string> made, should, waiting, should_wait;
  for (const auto& [stream, start] : world.streams) made.insert(stream_line(start));
  for (const auto& [stream, start] : world.waiting)
    waiting.insert(stream_text(stream.rid, {stream.user_id, stream.session_id}));
  for (const auto& [rid, room] : rooms) {
    for (const auto& [key, stream] : room.streams)
      if (stream.waits()) should_wait.insert(stream_text(rid, key));
    for (const auto& [key, session] : room.sessions)
      if (session.uplink && session.uplink->hls) should.insert(stream_line(room, key));
  }
  const auto text = [](const std::set<std::string>& lines) { return joined({lines.begin(), lines.end()}); };
  if (made != should) return "the packager makes " + text(made) + ", the model says " + text(should);
  if (waiting != should_wait) return "streams wait: " + text(waiting) + ", the model says " + text(should_wait);
  return {};
}

}  // namespace heliograph::control::model
