// SPDX-License-Identifier: Apache-2.0
// The rooms as behaviour.md describes them: plain maps, and rules read from the document and not from the code.
// Predicts what each socket hears and which PeerConnections there are; deliberately slow and simple. For tests only.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/glob.h"
#include "control/test_media.h"
#include "control/test_shapes.h"

namespace heliograph::control::model {

class Model : public Media {
 public:
  using Media::Media;

  std::map<ConnectionId, uint16_t> closed;
  bool draining = false;

  void open(ConnectionId c, Identity identity) {
    if (draining) return static_cast<void>(closed[c] = 1001);
    const bool strange = !config_.open_mode && identity.user_id.empty();
    connections[c] = {std::move(identity), now + seconds(300), strange ? now + seconds(10) : Time::never()};
  }
  void close(ConnectionId c) {
    connections.erase(c);
    for (auto& [rid, room] : rooms)
      for (auto& [key, session] : room.sessions)
        if (session.connection == c) session.connection = 0, session.closed = now;
  }
  void tell(ConnectionId c, const Say& say) {
    if (!connections.contains(c)) return;
    const int code = receive(c, say);
    if (code != 0) refuse(c, say, code);
    if (code == 4052 && stranger(c)) hang_up(c, 1008);  // B-59
    settle();
  }
  // Every deadline until then, in order.
  void pass(base::Duration span) {
    const auto end = now + span;
    while (next() <= end) {
      now = std::max(now, next());
      fire();
      settle();
    }
    now = end;
  }
  void drain() {
    draining = true;
    while (!rooms.empty()) close_room(rooms.begin()->first);
    while (!connections.empty()) hang_up(connections.begin()->first, 1001);
  }
  void close_room(const std::string rid) {
    auto& room = rooms.at(rid);
    for (const auto c : sockets(room, [](const Session&) { return true; })) say(c, "CLOSED " + rid);
    rooms.erase(rid);
  }

  // What an operator does (section 6): the code of the refusal, or 0.
  int make_room(const std::string& rid, const std::string& ch, bool persistent) {
    if (rooms.contains(rid)) {
      const auto& room = rooms.at(rid);
      return room.ch == ch && room.persistent == persistent ? 0 : 4022;
    }
    if (draining || rooms.size() >= config_.limits.rooms) return 500;
    auto& room = create({.user = "", .session = "", .ch = ch, .rid = rid})->second;
    room.persistent = persistent;
    room.empty_since = now;
    return 0;
  }
  int keep_room(const std::string& rid, bool persistent) {
    if (!rooms.contains(rid)) return 4001;
    auto& room = rooms.at(rid);
    if (room.persistent && !persistent) room.empty_since = now;
    room.persistent = persistent;
    return 0;
  }
  int end_room(const std::string& rid) { return rooms.contains(rid) ? (close_room(rid), 0) : 4001; }
  int put_user(const std::string& rid, const std::string& user, std::optional<room::Role> role,
               std::optional<bool> banned) {
    if (!rooms.contains(rid)) return 4001;
    auto& room = rooms.at(rid);
    if (role && room.ch == "p2p") return 2002;
    if (role && !give_role(room, user, *role)) return 4025;
    if (banned && !*banned) room.banned.erase(user);
    if (banned && *banned) {
      room.banned.insert(user);
      for (const auto& key : room.sessions_of(user)) kick_session(room, key, "operator");
    }
    settle();
    return 0;
  }
  int kick_user(const std::string& rid, const std::string& user) {
    if (!rooms.contains(rid)) return 4001;
    auto& room = rooms.at(rid);
    if (!room.user_here(user)) return 4002;
    for (const auto& key : room.sessions_of(user)) kick_session(room, key, "operator");
    settle();
    return 0;
  }

  void peer_connected(plan::PeerId peer) {
    with(peer, [&](Room& room, const Key& key, Link& link, const Key* target) {
      link.connected = true;
      link.connect_by = Time::never();
      if (target == nullptr) uplink_connected(room, key);
    });
    settle();
  }
  void peer_gone(plan::PeerId peer, plan::GoneReason reason) {
    with(peer, [&](Room& room, const Key& key, Link& link, const Key* target) {
      auto& session = room.sessions.at(key);
      if (link.alive()) session.consent_lost = now;
      const bool previous = target == nullptr && &link != &session.uplink->feed.link;
      if (previous) return session.uplink->previous.reset();
      link.gone = true;
      link.over = link.over || reason != plan::GoneReason::kConsentExpired;
      link.free_at = now + config_.timeouts.gone_peer;
    });
    settle();
  }
  void peer_revived(plan::PeerId peer) {
    with(peer, [&](Room&, const Key&, Link& link, const Key*) {
      link.gone = false;
      link.free_at = Time::never();
    });
    settle();
  }

  // The lists to whom they are new, and requests to an owner who is there.
  void settle() {
    for (auto& [rid, room] : rooms) {
      if (const auto list = list_of(room); list != room.list) {
        room.list = list;
        room.list_changed = true;
        for (const auto c : sockets(room, [](const Session&) { return true; })) say(c, "LIST " + rid + " " + list);
      }
      push_members(room);
      deliver_requests(room);
    }
  }

 private:
  void hang_up(ConnectionId c, uint16_t code) {
    closed[c] = code;
    close(c);
  }

  // --- what one signal does: 0 silence or an ack that was said, else the code of the refusal. Checks in the order of
  // B-52.

  bool stranger(ConnectionId c) const {
    const auto it = connections.find(c);
    return it != connections.end() && !config_.open_mode && it->second.identity.user_id.empty();
  }
  int receive(ConnectionId c, const Say& say) {
    if (say.misshapen || !to_fits(say)) return 2001;
    if (!exists_in(say.name, say.who.ch)) return knows_2002(say.name) ? 2002 : 2001;
    const auto& user = connections.at(c).identity.user_id;
    if (!user.empty() && user != say.who.user) return 2001;  // B-11
    if (say.name == Name::kJoin) return join(c, say);
    const auto it = rooms.find(say.who.rid);
    if (it == rooms.end()) return 4001;
    auto& room = it->second;
    if (room.ch != say.who.ch) return knows_2002(say.name) ? 2002 : 4001;
    const Key key{say.who.user, say.who.session};
    if (stranger(c) || !room.here(key)) return absent(c, say);
    attach(room, key, c);
    return receive_member(c, say, room, key);
  }
  // B-15, B-54.
  int absent(ConnectionId c, const Say& say) {
    switch (say.name) {
      case Name::kOffer:
      case Name::kKick:
      case Name::kPublishAccept:
      case Name::kPublishReject:
        return 4051;
      case Name::kWatch:
      case Name::kAnswer:
        return 4024;
      case Name::kIce:
        return say.who.ch == "p2p" ? 4003 : 2001;
      case Name::kLeave:
        return acknowledge(c, say), 0;
      default:
        return 4001;
    }
  }
  int receive_member(ConnectionId c, const Say& say, Room& room, const Key& key) {
    auto& session = room.sessions.at(key);
    const bool viewer = !room.may_publish(key.first);
    switch (say.name) {
      case Name::kOffer:
        if (room.ch == "p2p") return forward(c, say, room, key);
        return viewer ? 4051 : offer(c, say, room, key);
      case Name::kAnswer:
        return room.ch == "p2p" ? forward(c, say, room, key) : answer(say, room, key);
      case Name::kIce:
        return room.ch == "p2p" ? forward(c, say, room, key) : ice(say, room, key);
      case Name::kWatch:
        return watch(c, say, room, key);
      case Name::kLeave:
        end_session(room, key);
        return acknowledge(c, say), 0;
      case Name::kHeartbeat:
        session.heartbeat = now;
        if (say.send_ack) acknowledge(c, say, list_of(room));
        return 0;
      case Name::kUpdate:
        if (viewer) return 4051;
        session.video = say.ve.value_or(session.video);
        session.audio = say.ae.value_or(session.audio);
        return 0;
      case Name::kUnpublish:
        if (viewer) return 4051;
        end_uplink(room, key);
        room.streams.erase(key);
        return acknowledge(c, say, key.second), 0;
      case Name::kUnwatch:
        unwatch(say, room, key);
        return acknowledge(c, say), 0;
      case Name::kSimulcastUpdate:
        return simulcast(c, say, room, session);
      case Name::kKick:
        return kick(c, say, room, key);
      case Name::kPublishRequest:
        return publish_request(say, room, key);
      case Name::kPublishAccept:
      case Name::kPublishReject:
        return publish_answer(say, room, key);
      case Name::kIceServers:
        return acknowledge(c, say), 0;
      default:
        return 500;
    }
  }

  // --- JOIN

  // B-52: 4001, 2002, 4052, 4053, 4022, 4025, 500.
  int join(ConnectionId c, const Say& say) {
    const auto& who = say.who;
    const auto identity = identify(c, say);
    if (identity && !identity->user_id.empty() && identity->user_id != who.user) return 2001;  // B-11
    if (identity && stranger(c)) adopt(c, *identity);
    auto it = rooms.find(who.rid);
    if (it == rooms.end() && !say.creating) return 4001;
    if (it != rooms.end() && it->second.ch != who.ch) return 2002;
    if (!identity) return 4052;
    if (!may_join(*identity, who.rid, it == rooms.end())) return 4052;
    if (it != rooms.end() && it->second.banned.contains(who.user)) return 4053;
    if (it != rooms.end() && say.creating && it->second.creator != who.user) return 4022;  // B-58
    const Key key{who.user, who.session};
    const int code = fits(c, *identity, it == rooms.end() ? nullptr : &it->second, key, who.rid);
    if (code != 0) return code;
    adopt(c, *identity);
    if (it == rooms.end()) it = create(who);
    enter(c, say, it->second, key, *identity);
    return 0;
  }
  // B-59. nullopt: no token, or none that is good.
  std::optional<Identity> identify(ConnectionId c, const Say& say) const {
    if (config_.open_mode || (say.token.empty() && !stranger(c))) return connections.at(c).identity;
    const auto identity = config_.verify(say.token);
    return identity ? std::optional(*identity) : std::nullopt;
  }
  // A stranger becomes the token's user; of two tokens of one user the one that is good for longer stays.
  void adopt(ConnectionId c, const Identity& identity) {
    auto& connection = connections.at(c);
    if (stranger(c) || identity.expires > connection.identity.expires) connection.identity = identity;
    connection.token_by = Time::never();
  }
  bool may_join(const Identity& identity, const std::string& rid, bool creates) const {
    if (config_.open_mode) return true;
    const auto covers = [&](const std::string& glob) { return base::glob_matches(glob, rid); };
    if (!identity.rooms.empty() && std::ranges::none_of(identity.rooms, covers)) return false;
    return now < identity.expires && (!creates || identity.create);
  }
  static size_t carried_by(const std::map<std::string, Room>& all, ConnectionId c) {
    size_t count = 0;
    for (const auto& [rid, room] : all)
      count += std::ranges::count_if(room.sessions, [&](const auto& s) { return s.second.connection == c; });
    return count;
  }
  // The role that the user comes in with; nullopt: no place (4025).
  std::optional<room::Role> role_for(const Identity& identity, const Room* room, const std::string& user) const {
    using room::Role;
    if (room != nullptr && room->user_here(user)) return room->roles.at(user);
    const bool creates = room == nullptr || room->creator == user;
    if (room != nullptr && room->ch == "p2p") return Role::kPublisher;
    auto said = identity.role;
    if (room != nullptr && room->assigned.contains(user)) said = room->assigned.at(user);
    const auto otherwise = config_.open_mode ? config_.open_mode_role : Role::kViewer;
    const auto role = said.value_or(creates ? Role::kPublisher : otherwise);
    if (role == Role::kViewer || room == nullptr || room->publishers.size() < config_.limits.publishing_users)
      return role;
    return said || creates ? std::nullopt : std::optional(Role::kViewer);
  }
  int fits(ConnectionId c, const Identity& identity, const Room* room, const Key& key, const std::string& rid) const {
    const bool here = room != nullptr && room->here(key);
    if (room != nullptr && !here) {
      if (room->ch == "p2p" && !room->user_here(key.first) && room->roles.size() >= 2) return 4025;
      if (!role_for(identity, room, key.first)) return 4025;
    }
    if (draining) return 500;
    const bool carries = here && room->sessions.at(key).connection == c;
    if (!carries && carried_by(rooms, c) >= config_.limits.sessions_per_connection) return 500;
    if (!rooms.contains(rid) && rooms.size() >= config_.limits.rooms) return 500;
    return 0;
  }
  std::map<std::string, Room>::iterator create(const Who& who) {
    Room room;
    room.rid = who.rid;
    room.ch = who.ch;
    room.creator = who.user;
    room.number = ++last_room_;
    return rooms.emplace(who.rid, std::move(room)).first;
  }
  void enter(ConnectionId c, const Say& say, Room& room, const Key& key, const Identity& identity) {
    if (!room.here(key)) {
      room.set_role(key.first, *role_for(identity, &room, key.first));
      auto& session = room.sessions[key];
      session.video = say.ve.value_or(true);
      session.audio = say.ae.value_or(true);
    }
    attach(room, key, c);
    auto& session = room.sessions.at(key);
    if (say.members) session.members = session.members_asked = true;
    acknowledge(c, say,
                std::string(room::to_text(room.roles.at(key.first))) + " owner=" + room.owner() + " " + list_of(room));
  }

  // --- moderation (B-57)

  int kick(ConnectionId c, const Say& say, Room& room, const Key& by) {
    if (!room.may_publish(by.first)) return 4051;
    const auto target = room.roles.find(say.to_user);
    const bool moderates = room.roles.at(by.first) == room::Role::kAdmin || room.owner() == by.first;
    const bool above =
        say.to_user == room.owner() || (target != room.roles.end() && target->second == room::Role::kAdmin);
    if (above && !moderates && say.to_user != by.first) return 4051;
    if (!is_target_here(room, say)) return 4002;
    if (say.ban) room.banned.insert(say.to_user);
    for (const auto& key : room.sessions_of(say.to_user))
      if (say.ban || matches(say, key)) kick_session(room, key, by.first);
    return acknowledge(c, say), 0;
  }
  void kick_session(Room& room, const Key& key, const std::string& by) {
    say(room.sessions.at(key).connection, "KICKED " + room.rid + " " + key.second + " by " + by);
    end_session(room, key);
  }
  int publish_request(const Say& say, Room& room, const Key& key) {
    if (room.may_publish(key.first)) return 4023;
    forget_requests(room, key.first);
    room.requests.emplace_back(key, say.data());
    return 0;  // delivered when the room settles
  }
  int publish_answer(const Say& say, Room& room, const Key& by) {
    if (room.roles.at(by.first) != room::Role::kAdmin && room.owner() != by.first) return 4051;
    if (!is_target_here(room, say)) return 4002;
    const bool accepts = say.name == Name::kPublishAccept && !room.may_publish(say.to_user);
    if (accepts && !give_role(room, say.to_user, room::Role::kPublisher)) return 4025;
    forget_requests(room, say.to_user);
    std::vector<Key> to;
    for (const auto& key : room.sessions_of(say.to_user))
      if (matches(say, key)) to.push_back(key);
    pass_on(say, room, to, 0);
    return 0;
  }
  static void forget_requests(Room& room, const std::string& user) {
    std::erase_if(room.requests, [&](const auto& r) { return r.first.first == user; });
  }
  bool give_role(Room& room, const std::string& user, room::Role role) {
    const bool rises = room.user_here(user) && role != room::Role::kViewer && !room.may_publish(user);
    if (rises && room.publishers.size() >= config_.limits.publishing_users) return false;
    room.assigned[user] = role;
    if (role != room::Role::kViewer) forget_requests(room, user);
    if (!room.user_here(user)) return true;
    room.set_role(user, role);
    if (role == room::Role::kViewer)
      for (const auto& key : room.sessions_of(user)) end_uplink(room, key), room.streams.erase(key);
    return true;
  }
  void deliver_requests(Room& room) {
    if (room.owner().empty() || room.requests.empty()) return;
    std::set<ConnectionId> to;
    for (const auto& key : room.sessions_of(room.owner())) to.insert(room.sessions.at(key).connection);
    to.erase(0);
    if (to.empty()) return;
    for (const auto& [key, text] : std::exchange(room.requests, {}))
      for (const auto c : to) say(c, "FORWARDED " + text);
  }

  // --- what time does

  void lose_uplink(Room& room, const Key& key) {
    end_uplink(room, key);
    lose_stream(room, key);
  }
  void end_session(Room& room, const Key& key, bool lost = false) {
    end_uplink(room, key);
    lost ? lose_stream(room, key) : static_cast<void>(room.streams.erase(key));
    room.sessions.erase(key);
    room.left[key] = now;
    std::erase_if(room.requests, [&](const auto& r) { return r.first == key; });
    if (room.sessions_of(key.first).empty()) {
      room.set_role(key.first, room::Role::kViewer);
      room.roles.erase(key.first);
    }
    for (auto& [viewer, session] : room.sessions)  // B-61
      for (const auto& held :
           take(session.watches, [&](const Held& h) { return matches(h.say, key) && !is_target_here(room, h.say); }))
        refuse(session.connection, held.say, 4024);
    room.empty_since = now;
  }
  Time next() {
    Time when = Time::never();
    const auto sooner = [&](Time t) { when = std::min(when, t); };
    for (const auto& [c, connection] : connections) sooner(connection.keep_alive), sooner(connection.token_by);
    for (auto& [rid, room] : rooms) {
      if (room.sessions.empty() && !room.persistent) sooner(room.empty_since + seconds(60));  // B-17
      for (const auto& [key, stream] : room.streams) sooner(stream.until);
      for (auto& [key, session] : room.sessions) {
        sooner(ends_at(session));
        for (const auto& held : session.watches) sooner(held.until);
        for (const auto& [target, downlink] : session.watching) sooner(downlink.lapses);
      }
    }
    each_link(
        [&](Room&, const Key&, const Link& link, const Key*, bool) { sooner(link.connect_by), sooner(link.free_at); });
    return when;
  }
  // One thing that is due; next() says whether there are more.
  void fire() {
    for (auto& [c, connection] : connections) {
      if (connection.token_by <= now) return hang_up(c, 1008);
      if (connection.keep_alive <= now) {
        say(c, "KEEP_ALIVE");
        connection.keep_alive = now + seconds(300);
        return;
      }
    }
    for (auto& [rid, room] : rooms) {
      if (room.sessions.empty() && !room.persistent && room.empty_since + seconds(60) <= now) return close_room(rid);
      if (fire_streams(room)) return;
      for (auto& [key, session] : room.sessions) {
        if (ends_at(session) <= now) return end_session(room, Key(key), /*lost=*/true);
        if (fire_session(room, key, session)) return;
      }
    }
  }
  bool fire_session(Room& room, const Key& key, Session& session) {
    const auto late = take(session.watches, [&](const Held& h) { return h.until <= now; });
    for (const auto& held : late) refuse(session.connection, held.say, 500, /*retry=*/true);
    if (!late.empty()) return true;
    const auto due = [&](const Link& link) { return link.connect_by <= now || link.free_at <= now; };
    if (session.uplink && due(session.uplink->feed.link)) {
      session.uplink->previous ? go_back(room, key) : lose_uplink(room, key);
      return true;
    }
    for (auto& [target, downlink] : session.watching) {
      if (downlink.lapses <= now && downlink.link.alive()) {
        downlink.waiting = false;
        downlink.lapses = Time::never();
        return true;
      }
      if (due(downlink.link) || downlink.lapses <= now) return free_downlink(room, key, Key(target)), true;
    }
    return false;
  }
  template <class Do>
  void with(plan::PeerId peer, Do act) {
    Room* room = nullptr;
    Key key;
    Link* link = nullptr;
    const Key* target = nullptr;
    each_link([&](Room& r, const Key& k, Link& l, const Key* t, bool) {
      if (l.peer == peer) room = &r, key = k, link = &l, target = t;
    });
    if (link != nullptr) act(*room, key, *link, target);
  }

  uint64_t last_room_ = 0;
};

}  // namespace heliograph::control::model
