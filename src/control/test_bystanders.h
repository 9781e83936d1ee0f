// SPDX-License-Identifier: Apache-2.0
// No text of one user touches a session of another: what everybody has, before and after a text, and what the contract
// lets the text change of it. For tests only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "control/control.h"
#include "control/state.h"
#include "signal/parse.h"

namespace heliograph::control {

class Bystanders {
 public:
  explicit Bystanders(const State& state) {
    for (const auto& [rid, room] : state.rooms) {
      owners_[rid] = room.room.owner();
      for (const auto& [key, session] : room.sessions) add(rid, room, key, session);
    }
  }

  // From before and after a text of `speaker`, who is "" when nobody is known to speak. `closed`: the connection that
  // it came on, when that was closed because of it.
  static void check(const Bystanders& before, const Bystanders& after, const std::string& speaker,
                    const signal::Signal* said, std::optional<ConnectionId> closed) {
    for (const auto& [ref, was] : before.sessions_) {
      if (ref.key.user_id == speaker) continue;
      const auto now = after.sessions_.find(ref);
      if (now == after.sessions_.end()) {
        CHECK(said != nullptr && before.may_kick(speaker, *said, ref));
      } else {
        before.check_session(ref, without(was, closed), now->second, speaker, said, after);
      }
    }
    for (const auto& [ref, now] : after.sessions_) CHECK(ref.key.user_id == speaker || before.sessions_.contains(ref));
  }
  // Whether the connection speaks for a session of that room.
  bool carries(ConnectionId connection, const std::string& rid) const { return carriers_.contains({connection, rid}); }

  bool is_there(const SessionRef& ref) const { return sessions_.contains(ref); }

  // A connection of a user carries that user's sessions and no others; both ends know of each other.
  static void check_owners(const State& state) {
    size_t carried = 0;
    for (const auto& [rid, room] : state.rooms)
      for (const auto& [key, session] : room.sessions) {
        if (!session.connection) continue;
        const auto& connection = state.connections.at(*session.connection);
        CHECK(connection.sessions.contains({rid, key}));
        CHECK(state.config.open_mode || connection.identity.user_id == key.user_id);
        ++carried;
      }
    for (const auto& [id, connection] : state.connections) carried -= connection.sessions.size();
    CHECK(carried == 0);
    check_books(state);
  }

 private:
  // What peers stand in the books with is what the shards have to do.
  static void check_books(const State& state) {
    std::vector<PacketRate> rates(state.config.shards.size());
    std::vector<size_t> peers(rates.size());
    for (const auto& [number, owner] : state.peers) {
      rates[owner.peer.shard] += owner.rate;
      ++peers[owner.peer.shard];
    }
    CHECK(state.placement.peers() == peers);
    for (plan::ShardIndex i = 0; i < rates.size(); ++i) CHECK(state.placement.load(i) == rates[i]);
  }

  // What only its own user may change.
  struct Own {
    std::optional<ConnectionId> connection;
    std::optional<base::Timestamp> heartbeat;
    bool video = false, audio = false, wants_members = false;
    uint64_t publication = 0, peer = 0, previous = 0;

    bool operator==(const Own&) const = default;
  };
  struct Seen {
    Own own;
    room::Role role = room::Role::kViewer;
    std::map<SessionKey, uint64_t> watching;  // the peers
  };

  void add(const std::string& rid, const OpenRoom& room, const SessionKey& key, const Session& session) {
    const auto& listed = *room.room.session(key);
    Seen seen;
    seen.own = {.connection = session.connection,
                .heartbeat = session.heartbeat,
                .video = listed.video,
                .audio = listed.audio,
                .wants_members = session.wants_members};
    if (session.uplink) {
      seen.own.publication = session.uplink->publication.number;
      seen.own.peer = session.uplink->transport.peer.number;
      seen.own.previous = session.uplink->previous ? session.uplink->previous->transport.peer.number : 0;
    }
    seen.role = *room.room.role_of(key.user_id);
    for (const auto& [target, downlink] : session.downlinks) seen.watching[target] = downlink.transport.peer.number;
    if (session.connection) carriers_.insert({*session.connection, rid});
    sessions_.emplace(SessionRef{rid, key}, std::move(seen));
  }
  static Seen without(Seen seen, std::optional<ConnectionId> closed) {
    if (closed && seen.own.connection == closed) seen.own.connection.reset();
    return seen;
  }
  const Seen* find(const std::string& rid, const signal::SessionInfo& from) const {
    const auto it = sessions_.find({rid, key_of(from)});
    return it == sessions_.end() ? nullptr : &it->second;
  }
  bool outranks(const std::string& rid, const std::string& user, room::Role role) const {
    return role == room::Role::kAdmin || owners_.at(rid) == user;
  }
  // B-57: a publisher in that room, and the owner or an admin to kick such.
  bool may_kick(const std::string& speaker, const signal::Signal& said, const SessionRef& whom) const {
    const auto* kick = std::get_if<signal::Kick>(&said.body);
    const auto* by = find(said.header.rid, said.header.from);
    if (kick == nullptr || by == nullptr || said.header.from.user_id != speaker) return false;
    if (whom.rid != said.header.rid || kick->to.user_id != whom.key.user_id) return false;
    if (!kick->ban && kick->to.session_id && *kick->to.session_id != whom.key.session_id) return false;
    if (!room::may_publish(by->role)) return false;
    return outranks(whom.rid, speaker, by->role) || !outranks(whom.rid, whom.key.user_id, sessions_.at(whom).role);
  }
  bool may_give_role(const std::string& speaker, const signal::Signal* said, const SessionRef& whom) const {
    const auto* accept = said == nullptr ? nullptr : std::get_if<signal::PublishAccept>(&said->body);
    if (accept == nullptr || whom.rid != said->header.rid || accept->to.user_id != whom.key.user_id) return false;
    const auto* by = find(whom.rid, said->header.from);
    return by != nullptr && said->header.from.user_id == speaker && outranks(whom.rid, speaker, by->role);
  }
  void check_session(const SessionRef& ref, const Seen& was, const Seen& now, const std::string& speaker,
                     const signal::Signal* said, const Bystanders& after) const {
    CHECK(was.own == now.own);
    if (was.role != now.role) {
      CHECK(was.role == room::Role::kViewer && now.role == room::Role::kPublisher);
      CHECK(may_give_role(speaker, said, ref));
    }
    // Downlinks go only with what they come from.
    for (const auto& [target, peer] : was.watching) {
      const auto it = now.watching.find(target);
      const bool same = it != now.watching.end() && it->second == peer;
      CHECK(same || target.user_id == speaker || !after.sessions_.contains({ref.rid, target}));
    }
    for (const auto& [target, peer] : now.watching) CHECK(was.watching.contains(target) || target.user_id == speaker);
  }

  std::map<std::string, std::string> owners_;
  std::map<SessionRef, Seen> sessions_;
  std::set<std::pair<ConnectionId, std::string>> carriers_;
};

}  // namespace heliograph::control
