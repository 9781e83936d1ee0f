// SPDX-License-Identifier: Apache-2.0
// The part of the model (test_model.h) that says who sends media to whom, and who hears what. For tests only.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/test_streams.h"

namespace heliograph::control::model {

class Media : public Streams {
 public:
  using Streams::Streams;

  // visit(room, key of the session, link, key of the session that it watches or nullptr, it is an uplink's previous
  // one).
  template <class Visit>
  void each_link(Visit visit) {
    constexpr const Key* kNobody = nullptr;
    for (auto& [rid, room] : rooms)
      for (auto& [key, session] : room.sessions) {
        if (session.uplink) visit(room, key, session.uplink->feed.link, kNobody, false);
        if (session.uplink && session.uplink->previous) visit(room, key, session.uplink->previous->link, kNobody, true);
        for (auto& [target, downlink] : session.watching) visit(room, key, downlink.link, &target, false);
      }
  }

 protected:
  static std::string tagged(const Say& say) { return std::string(to_text(say.name)) + " " + std::to_string(say.tid); }
  void acknowledge(ConnectionId c, const Say& to, const std::string& body = "") {
    say(c, "200 " + tagged(to) + (body.empty() ? "" : " " + body));
  }
  void refuse(ConnectionId c, const Say& to, int code, bool retry = false) {
    say(c, std::to_string(code) + " " + tagged(to) + (retry ? " retry" : ""));
  }
  // The session speaks here from now on (B-10); what waited for it comes (B-42).
  void attach(Room& room, const Key& key, ConnectionId c) {
    auto& session = room.sessions.at(key);
    if (session.connection == c) return;
    if (session.connection != 0) say(session.connection, "REPLACED " + room.rid + " " + key.second);
    session.connection = c;
    for (const auto& held : session.messages)
      if (held.until > now) say(c, "FORWARDED " + held.say.data());
    session.messages.clear();
  }

  // To whom they are new, and to who has just asked for them.
  void push_members(Room& room) {
    const auto members = members_of(room);
    const auto wants = [](const Session& session) { return session.members; };
    const bool changed = members != room.members;
    const auto to = changed ? sockets(room, wants) : sockets(room, [](const Session& s) { return s.members_asked; });
    for (const auto c : to) say(c, "MEMBERS " + room.rid + " " + members);
    for (auto& [key, session] : room.sessions) session.members_asked = false;
    if (changed && std::ranges::any_of(room.sessions, [&](const auto& s) { return wants(s.second); })) {
      room.members = members;
      room.members_changed = true;
    }
  }

  // --- the uplink

  int offer(ConnectionId c, const Say& say, Room& room, const Key& key) {
    auto& session = room.sessions.at(key);
    const auto& sdp = say.offer;
    const bool again = session.uplink && session.uplink->last && is_identical(*session.uplink->last, say) &&
                       now - session.uplink->answered < seconds(15);
    if (again) return acknowledge(c, say, answered(room, key)), 0;  // B-9, B-61
    const bool video = sdp.video && room.ch != "a2m";
    if (sdp.broken || (!sdp.audio && !video)) return 2001;  // B-24, B-50
    change(say, room, key, session);
    auto& uplink = *room.sessions.at(key).uplink;
    uplink.last = say;
    uplink.answered = now;
    free_mismatched(room, key);
    return acknowledge(c, say, answered(room, key)), 0;
  }
  static std::string answered(const Room& room, const Key& key) {
    return key.second + (room.sessions.at(key).uplink->hls ? " hls" : "");
  }
  static bool is_identical(const Say& a, const Say& b) {
    return a.offer.text() == b.offer.text() && a.restarting == b.restarting && a.hls == b.hls;
  }
  // B-22, B-23.
  void change(const Say& say, Room& room, const Key& key, Session& session) {
    const auto& sdp = say.offer;
    if (session.uplink && session.uplink->previous && session.uplink->feed.offer.fingerprint != sdp.fingerprint &&
        session.uplink->previous->offer.fingerprint == sdp.fingerprint)
      go_back(room, key);
    const bool over = !session.uplink || session.uplink->feed.link.over;
    const bool same_connection = !over && session.uplink->feed.offer.fingerprint == sdp.fingerprint;
    const bool same_ufrag = same_connection && session.uplink->feed.offer.ufrag == sdp.ufrag;
    const bool goes_on = session.uplink && (same_ufrag || say.restarting);
    const bool waits = room.streams.contains(key) && room.streams.at(key).waits();
    const bool before = goes_on ? session.uplink->hls : say.restarting && waits;  // B-25
    if (session.uplink && same_ufrag) {
      session.uplink->feed.offer = sdp;
    } else if (!session.uplink || !say.restarting) {
      end_uplink(room, key);
      session.uplink.emplace();
      session.uplink->feed = fresh_feed(sdp);
    } else if (same_connection) {
      auto& feed = session.uplink->feed;
      feed.offer = sdp;
      if (feed.link.gone) feed.link.free_at = now + seconds(15);
    } else {
      swap(session, sdp);
    }
    decide_stream(room, key, say.hls, before);
  }
  Feed fresh_feed(const OfferSdp& sdp) const {
    Feed feed{.link = {}, .offer = sdp};
    feed.link.connect_by = now + seconds(15);  // B-26
    return feed;
  }
  // The old PeerConnection carries on until the new one is up.
  void swap(Session& session, const OfferSdp& sdp) {
    auto& uplink = *session.uplink;
    auto old = std::exchange(uplink.feed, fresh_feed(sdp));
    if (!old.link.alive() || uplink.previous) return close(session, old.link);
    old.link.connect_by = old.link.free_at = Time::never();
    uplink.previous = std::move(old);
  }
  void go_back(Room& room, const Key& key) {
    auto& session = room.sessions.at(key);
    auto& uplink = *session.uplink;
    close(session, uplink.feed.link);
    uplink.feed = std::move(*uplink.previous);
    uplink.previous.reset();
    uplink.last.reset();
    free_mismatched(room, key);
  }
  void close(Session& session, const Link& link) const {
    if (link.alive()) session.consent_lost = now;
  }
  void end_uplink(Room& room, const Key& key) {
    auto& session = room.sessions.at(key);
    if (!session.uplink) return;
    for (auto& [viewer, other] : room.sessions) free_downlink(room, viewer, key);
    close(session, session.uplink->feed.link);
    if (session.uplink->previous) close(session, session.uplink->previous->link);
    session.uplink.reset();
  }
  void uplink_connected(Room& room, const Key& key) {
    auto& session = room.sessions.at(key);
    if (session.uplink->previous) close(session, session.uplink->previous->link);
    session.uplink->previous.reset();
    session.uplink->listed = true;
    for (auto& [viewer, other] : room.sessions)
      if (viewer != key) answer_held(room, viewer, other, key);
  }
  // Viewers whose codec is not the publisher's any more must WATCH again.
  void free_mismatched(Room& room, const Key& key) {
    const auto& uplink = *room.sessions.at(key).uplink;
    const bool video = published(room, uplink).contains('v');
    for (auto& [viewer, session] : room.sessions) {
      const auto it = session.watching.find(key);
      if (it == session.watching.end()) continue;
      const auto& lines = it->second.taken.empty() ? it->second.offered : it->second.taken;
      if (video && lines.contains('v') && it->second.vp8 != uplink.feed.offer.vp8) free_downlink(room, viewer, key);
    }
  }

  // --- the downlinks

  static bool matches(const Say& say, const Key& key) {
    return say.to_user == key.first && (say.to != Say::To::kSession || say.to_session == key.second);
  }
  void unwatch(const Say& say, Room& room, const Key& key) {
    auto& session = room.sessions.at(key);
    for (const auto& [target, downlink] : std::map(session.watching))
      if (matches(say, target)) free_downlink(room, key, target);
    take(session.watches, [&](const Held& held) {
      return held.say.to == Say::To::kSession ? matches(say, {held.say.to_user, held.say.to_session})
                                              : say.to == held.say.to && say.to_user == held.say.to_user;
    });
  }
  static bool is_target_here(const Room& room, const Say& say) {
    return say.to == Say::To::kSession ? room.here({say.to_user, say.to_session}) : room.user_here(say.to_user);
  }
  static std::vector<Key> to_watch(const Room& room, const Say& say, const Key& own) {
    std::vector<Key> result;
    for (const auto& key : room.sessions_of(say.to_user))
      if (matches(say, key) && key != own && is_listed(room, room.sessions.at(key))) result.push_back(key);
    return result;
  }
  int watch(ConnectionId c, const Say& say, Room& room, const Key& key) {
    if (!is_target_here(room, say)) return 4024;  // B-16
    const auto targets = to_watch(room, say, key);
    if (!targets.empty()) return offer_downlinks(c, say, room, key, targets);
    auto& held = room.sessions.at(key).watches;
    if (held.size() >= config_.limits.held_watches_per_session) return refuse(c, say, 500, /*retry=*/true), 0;
    held.push_back({say, now + seconds(3)});  // B-32
    return 0;
  }
  int offer_downlinks(ConnectionId c, const Say& say, Room& room, const Key& key, const std::vector<Key>& targets) {
    auto& session = room.sessions.at(key);
    const auto more =
        std::ranges::count_if(targets, [&](const Key& target) { return !session.watching.contains(target); });
    if (session.watching.size() + static_cast<size_t>(more) > config_.limits.downlinks_per_session) return 500;
    std::vector<std::string> entries;
    for (const auto& target : targets) {
      offer_downlink(room, session, target, say.restarting);
      entries.push_back(entry_of(room, target));
    }
    return acknowledge(c, say, joined(entries)), 0;
  }
  // B-33.
  void offer_downlink(Room& room, Session& session, const Key& target, bool restarting) {
    const auto it = session.watching.find(target);
    if (it != session.watching.end()) {
      auto& old = it->second;
      const bool young = now - old.offered_at < seconds(15);
      if (old.waiting && young && (!restarting || old.restarting)) return;
      if (restarting && !old.link.over) return await(old, /*restart=*/true);
      close(session, old.link);
      session.watching.erase(it);
    }
    const auto& uplink = *room.sessions.at(target).uplink;
    auto& made = session.watching[target];
    made.offered = published(room, uplink);
    made.vp8 = uplink.feed.offer.vp8;
    session.watched.erase(target);
    await(made, /*restart=*/false);
  }
  void await(Downlink& downlink, bool restart) const {
    downlink.waiting = true;
    downlink.restarting = restart;
    if (restart && !downlink.taken.empty()) downlink.offered = downlink.taken;
    if (restart && downlink.link.gone) downlink.link.free_at = now + seconds(30);
    downlink.offered_at = now;
    downlink.lapses = now + seconds(30);
  }
  void free_downlink(Room& room, const Key& viewer, const Key& target) {
    auto& session = room.sessions.at(viewer);
    const auto it = session.watching.find(target);
    if (it == session.watching.end()) return;
    close(session, it->second.link);
    session.watching.erase(it);
    session.watched[target] = now;
  }
  void answer_held(Room& room, const Key& viewer, Session& session, const Key& target) {
    for (auto& held : take(session.watches, [&](const Held& h) { return matches(h.say, target); }))
      if (const auto c = session.connection; c != 0) {
        const int code = offer_downlinks(c, held.say, room, viewer, to_watch(room, held.say, viewer));
        if (code != 0) refuse(c, held.say, code);
      }
  }
  template <class Wanted>
  static std::deque<Held> take(std::deque<Held>& from, Wanted wanted) {
    std::deque<Held> taken, rest;
    for (auto& held : from) (wanted(held) ? taken : rest).push_back(std::move(held));
    from = std::move(rest);
    return taken;
  }
  // B-34, B-40, B-53. `say.sdp` is "x", or "answer:" and the kinds that it takes and what makes it unlike others.
  int answer(const Say& say, Room& room, const Key& key) {
    const Key target{say.to_user, say.to_session};
    if (!room.here(target)) return 4024;
    auto& session = room.sessions.at(key);
    const auto it = session.watching.find(target);
    if (it == session.watching.end()) return 2001;
    auto& downlink = it->second;
    if (!downlink.waiting) return say.sdp == downlink.answer ? 0 : 2001;  // B-9
    if (say.sdp == "x") return 2001;
    Kinds taken = downlink.offered;
    for (const char refused : say.refused) taken.erase(refused);
    if (taken.empty()) {
      free_downlink(room, key, target);
      return 2001;
    }
    downlink.waiting = false;
    downlink.answer = say.sdp;
    downlink.taken = taken;
    downlink.lapses = Time::never();
    if (!downlink.link.connected) downlink.link.connect_by = now + config_.timeouts.downlink_connect;
    return 0;
  }
  // B-41, B-53.
  int ice(const Say& say, const Room& room, const Key& key) const {
    const Key target{say.to_user, say.to_session};
    const auto& session = room.sessions.at(key);
    const bool other = say.to == Say::To::kSession && target != key;
    const auto waits = [&](const Held& held) { return matches(held.say, target); };
    if (other && !session.watching.contains(target) && std::ranges::none_of(session.watches, waits)) {
      const auto gone = session.watched.find(target);
      const bool just = gone != session.watched.end() && now - gone->second < seconds(60);
      return just || (has_left(room, target) && !room.here(target)) ? 0 : 2001;
    }
    return say.sdp == "x" ? 2001 : 0;
  }
  bool has_left(const Room& room, const Key& key) const {
    const auto it = room.left.find(key);
    return it != room.left.end() && now - it->second < seconds(60);  // B-16
  }
  int simulcast(ConnectionId c, const Say& say, Room& room, Session& session) {
    const Key target{say.to_user, say.to_session};
    if (!room.here(target)) return 4024;
    const auto it = session.watching.find(target);
    if (it == session.watching.end()) return 2001;  // B-54
    using plan::Layer;
    it->second.wish.layer = say.layer == "h"   ? Layer::kHigh
                            : say.layer == "m" ? Layer::kMedium
                            : say.layer == "l" ? Layer::kLow
                                               : Layer::kAuto;
    it->second.wish.paused = say.pause.value_or(false);
    return acknowledge(c, say, say.layer), 0;
  }

  // --- p2p (B-42, B-53, B-55)

  int forward(ConnectionId c, const Say& say, Room& room, const Key& key) {
    std::string user = say.to_user;
    if (say.to == Say::To::kNone) {
      user.clear();
      for (const auto& [other, role] : room.roles)
        if (other != key.first) user = other;
    }
    const bool one = say.to == Say::To::kSession;
    std::vector<Key> keys;
    for (const auto& k : room.sessions_of(user))
      if (!one || k.second == say.to_session) keys.push_back(k);
    if (keys.empty()) return say.name == Name::kAnswer && was_here(room, user, say) ? 4024 : 4003;
    return pass_on(say, room, keys, one ? 0 : c);
  }
  // To each socket once, `except` that one; held for one session when there is none.
  int pass_on(const Say& say, Room& room, const std::vector<Key>& keys, ConnectionId except) {
    std::set<ConnectionId> reached;
    for (const auto& k : keys)
      if (const auto to = room.sessions.at(k).connection; to != 0 && to != except) reached.insert(to);
    for (const auto to : reached) this->say(to, "FORWARDED " + say.data());
    return reached.empty() ? hold(say, room, keys) : 0;
  }
  bool was_here(const Room& room, const std::string& user, const Say& say) const {
    for (const auto& [key, when] : room.left)
      if (key.first == user && (say.to != Say::To::kSession || key.second == say.to_session) && has_left(room, key))
        return say.to == Say::To::kSession || !room.user_here(user);
    return false;
  }
  int hold(const Say& say, Room& room, const std::vector<Key>& keys) {
    for (const auto& key : keys) {
      auto& session = room.sessions.at(key);
      if (session.connection != 0) continue;
      take(session.messages, [&](const Held& held) { return held.until <= now; });
      if (session.messages.size() >= 64) return 4003;
      session.messages.push_back({say, now + seconds(10)});
      return 0;
    }
    return 4003;
  }
};

}  // namespace heliograph::control::model
