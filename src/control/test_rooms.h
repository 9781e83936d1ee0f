// SPDX-License-Identifier: Apache-2.0
// What the model of the rooms (test_model.h) remembers: plain maps. For tests only.
#pragma once

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/test_says.h"

namespace heliograph::control::model {

using Time = base::Timestamp;
using Key = std::pair<std::string, std::string>;  // userId, sessionId
using Kinds = std::set<char>;                     // 'a', 'v'

inline base::Duration seconds(int64_t n) { return base::Duration::seconds(n); }

// An HLS stream (B-25).
struct Stream {
  plan::HlsState state = plan::HlsState::kStarting;
  Time until = Time::never();  // how long it waits for its publisher, who is gone

  bool waits() const { return !until.is_never(); }
};
// A PeerConnection.
struct Link {
  std::optional<plan::PeerId> peer;  // learnt from the SDP that the server sent
  bool connected = false, gone = false, over = false;
  Time connect_by = Time::never(), free_at = Time::never();

  bool alive() const { return connected && !gone; }
};
// A PeerConnection of a publisher, and what was agreed on it.
struct Feed {
  Link link;
  OfferSdp offer;
};
struct Uplink {
  Feed feed;
  std::optional<Feed> previous;  // carries on until `feed` has come up (B-22)
  std::optional<plan::PublicationId> publication;
  std::optional<Say> last;  // answered last, at `answered`
  Time answered;
  bool listed = false;  // B-26
  bool hls = false;     // B-25
};
struct Downlink {
  Link link;
  Kinds offered, taken;
  bool vp8 = true, waiting = true, restarting = false;
  Time offered_at, lapses = Time::never();
  std::string answer;
  plan::Wish wish;
};
struct Held {
  Say say;
  Time until;
};
struct Session {
  ConnectionId connection = 0;  // 0: its socket is away
  Time closed;
  std::optional<Time> heartbeat, consent_lost;
  bool video = true, audio = true, members = false, members_asked = false;
  std::optional<Uplink> uplink;
  std::map<Key, Downlink> watching;
  std::map<Key, Time> watched;  // and no more
  std::deque<Held> watches;     // B-32
  std::deque<Held> messages;    // B-42
};
struct Room {
  std::string rid, ch, creator;
  uint64_t number = 0;  // no two rooms have the same
  bool persistent = false;
  std::map<Key, Session> sessions;
  std::map<std::string, room::Role> roles;     // of users who are here
  std::map<std::string, room::Role> assigned;  // for the room's life (B-57)
  std::vector<std::string> publishers;         // the longest-standing first (B-14)
  std::set<std::string> banned;
  std::map<Key, Time> left;
  std::deque<std::pair<Key, std::string>> requests;  // PUBLISH_REQUESTs without an owner (B-57)
  std::map<Key, Stream> streams;
  bool hls_tokens = false;
  Time empty_since;
  std::string list = "[]", members = "[]";             // as pushed last
  bool list_changed = false, members_changed = false;  // since the test looked last

  bool here(const Key& key) const { return sessions.contains(key); }
  bool user_here(const std::string& user) const { return roles.contains(user); }
  bool may_publish(const std::string& user) const { return roles.at(user) != room::Role::kViewer; }
  std::vector<Key> sessions_of(const std::string& user) const {
    std::vector<Key> keys;
    for (const auto& [key, session] : sessions)
      if (key.first == user) keys.push_back(key);
    return keys;
  }
  void set_role(const std::string& user, room::Role role) {
    roles[user] = role;
    const auto at = std::ranges::find(publishers, user);
    if (role == room::Role::kViewer && at != publishers.end()) publishers.erase(at);
    if (role != room::Role::kViewer && at == publishers.end()) publishers.push_back(user);
  }
  std::string owner() const {
    if (ch == "p2p") return creator;  // B-55
    return publishers.empty() ? "" : publishers.front();
  }
};

inline Kinds published(const Room& room, const Uplink& uplink) {
  Kinds kinds;
  if (uplink.feed.offer.audio) kinds.insert('a');
  if (uplink.feed.offer.video && room.ch != "a2m") kinds.insert('v');  // section 3
  return kinds;
}
// What of the target this downlink carries.
inline Kinds carried(const Room& room, const Key& target, const Downlink& downlink) {
  const auto it = room.sessions.find(target);
  Kinds kinds;
  if (it == room.sessions.end() || !it->second.uplink) return kinds;
  std::ranges::set_intersection(published(room, *it->second.uplink), downlink.taken, std::inserter(kinds, kinds.end()));
  if (downlink.vp8 != it->second.uplink->feed.offer.vp8) kinds.erase('v');
  return kinds;
}
inline bool lives(const Session& session) {
  if (session.uplink && (session.uplink->feed.link.alive() || session.uplink->previous)) return true;
  return std::ranges::any_of(session.watching, [](const auto& w) { return w.second.link.alive(); });
}

inline Time ends_at(const Session& session) {
  if (session.connection != 0 || lives(session)) return Time::never();
  auto last = session.closed;
  if (session.heartbeat) last = std::max(last, *session.heartbeat + seconds(10));
  if (session.consent_lost) last = std::max(last, *session.consent_lost);
  return last + seconds(10);  // B-13, B-56
}

// The short forms of the lists: "[a/0:va b/1:-a+hls]"; "[a:publisher(0* 1) b:viewer(0)]", * for who publishes.
inline std::string entry(const Key& key, bool video, bool audio, bool hls = false) {
  return key.first + "/" + key.second + ":" + (video ? "v" : "-") + (audio ? "a" : "-") + (hls ? "+hls" : "");
}
inline std::string stream_text(const std::string& rid, const Key& key) {
  return rid + "/" + key.first + "/" + key.second;
}
inline std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : " ") + item;
  return "[" + text + "]";
}
inline bool is_listed(const Room& room, const Session& session) {
  return room.ch == "p2p" || (session.uplink && session.uplink->listed);
}
inline std::string entry_of(const Room& room, const Key& key) {
  const auto& session = room.sessions.at(key);
  if (room.ch == "p2p") return entry(key, session.video, session.audio);
  const auto kinds = published(room, *session.uplink);
  const bool hls = session.uplink->hls;
  return entry(key, session.video && kinds.contains('v'), session.audio && kinds.contains('a'), hls);  // B-31
}
inline std::string list_of(const Room& room) {
  std::vector<std::string> items;
  for (const auto& [key, session] : room.sessions)
    if (is_listed(room, session)) items.push_back(entry_of(room, key));
  return joined(items);
}
inline std::string members_of(const Room& room) {
  std::vector<std::string> items;
  for (const auto& [user, role] : room.roles) {
    std::string sessions;
    for (const auto& key : room.sessions_of(user)) {
      const auto& uplink = room.sessions.at(key).uplink;
      sessions += (sessions.empty() ? "" : " ") + key.second + (uplink && uplink->listed ? "*" : "");
    }
    items.push_back(user + ":" + std::string(room::to_text(role)) + "(" + sessions + ")");
  }
  return joined(items);
}

}  // namespace heliograph::control::model
