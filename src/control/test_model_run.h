// SPDX-License-Identifier: Apache-2.0
// The control plane and the model of its rooms side by side: each step goes to both, and then everything that can be
// seen of the one must be what the other says. For tests only.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "control/admin.h"
#include "control/test_deeds.h"
#include "control/test_model.h"
#include "control/test_short_forms.h"
#include "control/test_steps.h"

namespace heliograph::control::model {

class Run {
 public:
  explicit Run(uint64_t seed) : config_(walk_config(seed)), model_(config_), world_(config_) {}

  // nullopt: all is as the model says.
  std::optional<std::string> step(const Step& step) {
    ++number_;
    apply(step);
    collect();
    count_silence();
    compare(step.kind == Step::Kind::kPass || step.kind == Step::Kind::kDrain);
    world_.forget_commands();
    if (error_.empty()) return std::nullopt;
    return error_;
  }
  // What the last step came to.
  const std::string& did() const { return did_; }
  // How often each thing was seen: "4051 OFFER", "routes", …
  const std::map<std::string, size_t>& seen() const { return seen_; }

 private:
  // --- the step, to both

  void apply(const Step& step) {
    did_ = step.text();
    using Kind = Step::Kind;
    switch (step.kind) {
      case Kind::kSay:
        return tell(step, step.say);
      case Kind::kAnswer:
        return answer(step);
      case Kind::kSocket:
        return socket(step);
      case Kind::kEvent:
        return event(step);
      case Kind::kHls:
        return packager_says(step);
      case Kind::kPass:
        model_.pass(step.span);
        return world_.pass(step.span);
      case Kind::kOperator:
        return deed(step);
      case Kind::kDrain:
        model_.drain();
        return world_.drain();
    }
  }
  void socket(const Step& step) {
    auto& id = sockets_[step.slot];
    if (id != 0 && step.kind == Step::Kind::kSocket && step.how < 3) {
      did_ = fmt::format("socket {} closes", id);
      model_.close(id);
      return world_.close(std::exchange(id, 0));
    }
    if (id != 0) return;
    const bool without = config_.open_mode || step.which % 7 == 6;
    const auto identity = without ? Identity{} : token(step.slot % 4 * kTokensPerUser + step.which % 7);
    id = ++last_socket_;
    listening_.insert(id);
    did_ = fmt::format("socket {} opens for {}", id, identity.user_id);
    model_.open(id, identity);
    world_.open(id, identity);
  }
  void tell(const Step& step, Say say) {
    const auto id = sockets_[step.slot];
    if (id == 0) return socket(step);
    if (step.kind == Step::Kind::kSay && step.how < 6) aim(say, id, step.which);
    say.tid = number_;
    said_.emplace(number_, say);
    did_ = fmt::format("socket {} says {}", id, say.text());
    model_.tell(id, say);
    auto heard = world_.tell(id, say.text());
    early_.insert_or_assign(id, std::move(heard));
  }
  // Mostly a socket speaks for a session that it carries, about one that is there; else hardly anything would happen.
  void aim(Say& say, ConnectionId id, size_t which) {
    if (say.name == Name::kJoin) return;
    std::vector<std::pair<Room*, Key>> own;
    for (auto& [rid, room] : model_.rooms)
      for (const auto& [key, session] : room.sessions)
        if (session.connection == id) own.emplace_back(&room, key);
    if (own.empty()) return;
    const auto& [room, key] = own[which % own.size()];
    say.who = {key.first, key.second, room->ch, room->rid};
    if (say.to != Say::To::kNone) aim_at(say, *room, room->sessions.at(key), which / 7);
  }
  static void aim_at(Say& say, const Room& room, const Session& own, size_t which) {
    std::vector<Key> keys;
    for (const auto& [key, session] : room.sessions)
      if (say.name != Name::kWatch || session.uplink) keys.push_back(key);
    if (!own.watching.empty() && (say.name == Name::kUnwatch || say.name == Name::kSimulcastUpdate || which % 3 == 0)) {
      keys.clear();
      for (const auto& [target, downlink] : own.watching) keys.push_back(target);
    }
    if (keys.empty()) return;
    const auto& key = keys[which % keys.size()];
    say.to_user = key.first;
    say.to_session = key.second;
  }
  // One of the offers that were heard, by its viewer or now and then by somebody else.
  void answer(const Step& step) {
    if (offers_.empty()) return;
    const auto& offer = offers_[step.which % offers_.size()];
    Say say;
    say.name = Name::kAnswer;
    say.who = offer.viewer;
    say.to = Say::To::kSession;
    say.to_user = offer.target.first;
    say.to_session = offer.target.second;
    say.refused = step.say.refused;
    std::set<std::string> refused;
    if (say.refused.find('a') != std::string::npos) refused.insert("audio");
    if (say.refused.find('v') != std::string::npos) refused.insert("video");
    say.sdp = viewer_answer(offer.sdp, refused);
    auto at = step;
    for (size_t slot = 0; slot < kSlots; ++slot)
      if (sockets_[slot] == offer.socket && step.how != 0) at.slot = slot;
    tell(at, say);
  }
  // What a shard may say of a PeerConnection in that state.
  void event(const Step& step) {
    std::vector<std::pair<plan::PeerId, Link>> links;
    model_.each_link(
        [&](Room&, const Key&, const Link& link, const Key*, bool) { links.emplace_back(*link.peer, link); });
    if (links.empty()) return;
    std::ranges::sort(links, {}, [](const auto& entry) { return entry.first; });
    const auto& [peer, link] = links[step.which % links.size()];
    if (!link.connected && !link.gone && step.how != 0) {
      did_ = fmt::format("PeerConnected {}", peer.number);
      model_.peer_connected(peer);
      world_.event(plan::PeerConnected{peer});
    } else if (link.gone && link.connected && !link.over && step.how % 2 == 0) {
      did_ = fmt::format("PeerRevived {}", peer.number);
      model_.peer_revived(peer);
      world_.event(plan::PeerRevived{peer});
    } else if (step.how < 4) {
      const auto reason = step.how == 0 && !link.connected ? plan::GoneReason::kDtlsFailed
                          : step.how == 1                  ? plan::GoneReason::kDtlsClosed
                                                           : plan::GoneReason::kConsentExpired;
      did_ = fmt::format("PeerGone {}: {}", peer.number, plan::to_text(reason));
      model_.peer_gone(peer, reason);
      world_.event(plan::PeerGone{peer, reason});
    }
  }
  void deed(const Step& step) {
    const auto [is, should] = do_deed(step, model_, world_);
    if (is != should) fail(fmt::format("the operator was told {}, the model says {}", is, should));
    ++seen_[fmt::format("{} operator {}", is, static_cast<int>(kDeeds[step.which % kDeeds.size()]))];
  }
  // What the packager may say, mostly of a stream that there is.
  void packager_says(const Step& step) {
    const auto& who = step.say.who;
    plan::HlsStream stream{who.rid, who.user, who.session};
    const auto& known = step.how % 2 == 0 ? world_.streams : world_.waiting;
    if (!known.empty() && step.how < 6)
      stream = std::next(known.begin(), static_cast<ptrdiff_t>(step.which % known.size()))->first;
    using enum plan::HlsState;
    const auto state = std::array{kStarting, kLive, kLive, kLive, kEnded, kEnded, kFailed}[step.which % 7];
    did_ = fmt::format("the packager says {} of {}/{}/{}", plan::to_text(state), stream.rid, stream.user_id,
                       stream.session_id);
    model_.stream_changed({stream, state});
    world_.on_hls({stream, state});
  }

  // --- what is heard

  void collect() {
    for (const auto& command : world_.commands) {
      if (const auto* open = std::get_if<plan::OpenPeer>(&command)) by_ufrag_[open->local.ufrag] = open->peer;
      if (const auto* restart = std::get_if<plan::RestartIce>(&command))
        by_ufrag_[restart->local.ufrag] = restart->peer;
    }
    heard_.clear();
    for (auto& [id, texts] : std::exchange(early_, {}))
      for (const auto& text : texts) heard_[id].push_back(line_of(id, text));
    for (const auto id : listening_)
      for (const auto& text : world_.heard(id)) heard_[id].push_back(line_of(id, text));
    for (auto& id : sockets_)
      if (world_.closed.contains(id)) id = 0;
  }
  // B-7: neither an ack nor a refusal.
  void count_silence() {
    const auto it = said_.find(number_);
    if (it == said_.end()) return;
    const auto& say = it->second;
    const auto tagged = fmt::format(" {} {}", to_text(say.name), number_);
    const auto answers = [&](const std::string& line) {
      return !line.starts_with("FORWARDED") && line.find(tagged) != std::string::npos;
    };
    for (const auto& [id, lines] : heard_)
      if (std::ranges::any_of(lines, answers)) return;
    ++seen_[fmt::format("silence {} {}", to_text(say.name), say.who.ch)];
  }
  // The short form in which the model says it.
  std::string line_of(ConnectionId to, const std::string& text) {
    simdjson::dom::element root;
    if (parser_.parse(text).get(root) != simdjson::SUCCESS) return "not JSON: " + text;
    const auto code = number_at(root, "/c");
    if (code < 0) {
      ++seen_["forwarded " + text_at(root, "/s")];
      return "FORWARDED " + text;  // B-1
    }
    const auto s = text_at(root, "/s");
    const auto tid = number_at(root, "/b/tid");
    if (code != 200) return refusal_line(root, code, s, tid, text);
    if (tid < 0) return push_line(to, root, s);
    return fmt::format("200 {} {}{}", s, tid, ack_body(to, root, s, said_.at(static_cast<uint64_t>(tid))));
  }
  // B-5.
  std::string refusal_line(simdjson::dom::element root, int64_t code, const std::string& s, int64_t tid,
                           const std::string& text) {
    const auto& say = said_.at(static_cast<uint64_t>(tid));
    ++refused_;
    ++seen_[fmt::format("{} {} {}", code, s, say.who.ch)];
    if (text.find("\"req\":" + say.data()) == std::string::npos) fail("b.req is not the signal: " + text);
    const auto constant = std::string(base::constant_name(static_cast<base::Code>(code)));
    if (constant.empty() || !text_at(root, "/b/msg").starts_with(constant + ": ")) fail("b.msg of " + text);
    return fmt::format("{} {} {}{}", code, s, tid, number_at(root, "/b/retryAfter") > 0 ? " retry" : "");
  }
  std::string push_line(ConnectionId to, simdjson::dom::element root, const std::string& s) {
    const auto rid = text_at(root, "/b/rid");
    ++seen_["push " + s];
    if (s == "PUBLISH_LIST_CHANGED") {
      note_rev(to, rid, number_at(root, "/b/rev"), /*list=*/true);
      return "LIST " + rid + " " + entries_of(root);
    }
    if (s == "MEMBER_LIST_CHANGED") {
      note_rev(to, rid, number_at(root, "/b/rev"), /*list=*/false);
      return "MEMBERS " + rid + " " + members_line(root);
    }
    if (s == "KICKED") return "KICKED " + rid + " " + text_at(root, "/b/sessionId") + " by " + text_at(root, "/b/by");
    if (s == "ROOM_CLOSED") return "CLOSED " + rid;
    if (s == "HLS_STATE") {
      const Key key{text_at(root, "/b/userId"), text_at(root, "/b/sessionId")};
      return hls_text(text_at(root, "/b/hls"), rid, key, "HLS " + stream_text(rid, key)) + " " +
             text_at(root, "/b/state");
    }
    if (s == "SESSION_REPLACED") return "REPLACED " + rid + " " + text_at(root, "/b/sessionId");
    return s;
  }
  std::string ack_body(ConnectionId to, simdjson::dom::element root, const std::string& s, const Say& say) {
    ++seen_["200 " + s + " " + say.who.ch];
    if (s != to_text(say.name)) fail("an ack of " + s + " to " + say.text());
    if (text_at(root, "/b/rid") != say.who.rid) fail("an ack for another room to " + say.text());
    switch (say.name) {
      case Name::kOffer:
        bind_uplink(say, text_at(root, "/b/sdp"));
        return " " + text_at(root, "/b/sessionId") +
               hls_text(text_at(root, "/b/hls"), say.who.rid, {say.who.user, say.who.session}, " hls");
      case Name::kUnpublish:
        return " " + text_at(root, "/b/sessionId");
      case Name::kWatch:
        hear_offers(to, root, say);
        return " " + entries_of(root);
      case Name::kHeartbeat:
        return " " + entries_of(root);
      case Name::kJoin:
        note_rev(to, say.who.rid, number_at(root, "/b/rev"), /*list=*/false);
        return " " + text_at(root, "/b/pt") + " owner=" + text_at(root, "/b/owner") + " " + entries_of(root);
      case Name::kSimulcastUpdate:
        return " " + text_at(root, "/b/layer");
      default:
        return "";
    }
  }
  // --- which PeerConnection is which, learnt from the SDP

  std::optional<plan::PeerId> peer_of(const std::string& sdp) const {
    const auto at = sdp.find("a=ice-ufrag:");
    if (at == std::string::npos) return std::nullopt;
    const auto begin = at + std::string_view("a=ice-ufrag:").size();
    const auto it = by_ufrag_.find(sdp.substr(begin, sdp.find('\r', begin) - begin));
    return it == by_ufrag_.end() ? std::nullopt : std::optional(it->second);
  }
  void bind(Link& link, const std::string& sdp, const std::string& what) {
    const auto peer = peer_of(sdp);
    if (!peer) return fail(what + ": an SDP of no PeerConnection that the shards know");
    if (link.peer && *link.peer != *peer) fail(what + ": another PeerConnection than before");
    if (!link.peer && !bound_.insert(*peer).second) fail(what + ": a PeerConnection from before");
    link.peer = peer;
  }
  Session* session_of(const Who& who) {
    const auto room = model_.rooms.find(who.rid);
    if (room == model_.rooms.end() || !room->second.here({who.user, who.session})) return nullptr;
    return &room->second.sessions.at({who.user, who.session});
  }
  void bind_uplink(const Say& say, const std::string& sdp) {
    auto* session = session_of(say.who);
    if (session == nullptr || !session->uplink) return fail("an answer for no uplink");
    auto& uplink = *session->uplink;
    bind(uplink.feed.link, sdp, "uplink");
    for (const auto& [publication, peer] : world_.publications) {
      if (peer != uplink.feed.link.peer) continue;
      if (uplink.publication && *uplink.publication != publication) fail("another publication than before");
      uplink.publication = publication;
    }
  }
  void hear_offers(ConnectionId to, simdjson::dom::element root, const Say& say) {
    auto* session = session_of(say.who);
    for (const auto e : root.at_pointer("/b/pps").get_array()) {
      const Key target{text_at(e, "/userId"), text_at(e, "/sessionId")};
      const auto sdp = text_at(e, "/sdp");
      if (session == nullptr || !session->watching.contains(target)) return fail("an offer for no downlink");
      bind(session->watching.at(target).link, sdp, "downlink");
      const Key viewer{say.who.user, say.who.session};
      std::erase_if(offers_, [&](const Offered& o) {
        return o.viewer.rid == say.who.rid && Key{o.viewer.user, o.viewer.session} == viewer && o.target == target;
      });
      offers_.push_back({to, say.who, target, sdp});
    }
    while (offers_.size() > 6) offers_.erase(offers_.begin());
  }

  // `rev` only grows, and only when a list has changed (section 5, B-60).
  void note_rev(ConnectionId to, const std::string& rid, int64_t rev, bool list) {
    revs_heard_.push_back({to, rid, rev, list});
  }
  void check_revs() {
    std::map<std::string, int64_t> highest;
    for (const auto& [to, rid, rev, list] : std::exchange(revs_heard_, {})) {
      const auto room = model_.rooms.find(rid);
      if (room == model_.rooms.end()) continue;
      const auto& known = revs_[rid];
      const bool same_room = known.first == room->second.number;
      const bool changed = grows(room->second);
      if (rev < 0 || (same_room && rev < known.second)) fail(fmt::format("rev of {} shrank to {}", rid, rev));
      if (same_room && !changed && rev > known.second) fail(fmt::format("rev of {} grew to {} for nothing", rid, rev));
      auto& last = last_list_[{to, rid, room->second.number}];
      if (list && rev <= last) fail(fmt::format("a list of {} with rev {} after one with {}", rid, rev, last));
      if (list) last = rev;
      highest[rid] = std::max(highest[rid], rev);
    }
    for (const auto& [rid, rev] : highest) revs_[rid] = {model_.rooms.at(rid).number, rev};
    for (auto& [rid, room] : model_.rooms) {
      const bool now = room.list_changed || room.members_changed;
      room.list_changed = room.members_changed = false;
      // A JOIN is answered before the members are pushed: what has just changed may show in the next rev only.
      if (now || highest.contains(rid)) may_grow_[room.number] = now;
    }
  }
  bool grows(const Room& room) { return room.list_changed || room.members_changed || may_grow_[room.number]; }

  // --- the comparison

  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  void compare(bool many) {
    check_revs();
    auto expected = std::exchange(model_.heard, {});
    for (const auto id : listening_) {
      auto& is = heard_[id];
      auto& should = expected[id];
      if (many) keep_last_lists(is), keep_last_lists(should);
      std::ranges::sort(is);
      std::ranges::sort(should);
      if (is != should) fail(fmt::format("socket {} hears {}, the model says {}", id, joined(is), joined(should)));
    }
    std::erase_if(listening_, [&](ConnectionId id) { return std::ranges::find(sockets_, id) == sockets_.end(); });
    if (!expected.empty() && std::ranges::any_of(expected, [&](const auto& e) { return !heard_.contains(e.first); }))
      fail("the model says something to a socket that is closed");
    if (world_.closed != model_.closed) fail("other sockets were closed than the model says");
    compare_media();
    if (const auto what = streams_differ(model_.rooms, world_); !what.empty()) fail(what);
    seen_["streams"] += world_.streams.size();
    seen_["waiting streams"] += world_.waiting.size();
    compare_numbers();
    for (const auto& [rid, room] : model_.rooms) compare_room(rid, room);
  }
  void compare_media() {
    std::set<plan::PeerId> peers;
    std::map<plan::PublicationId, plan::PeerId> publications;
    std::map<room::RouteKey, std::pair<Kinds, plan::Wish>> routes, told;
    model_.each_link([&](Room& room, const Key& key, Link& link, const Key* target, bool previous) {
      if (!link.peer) return fail("a PeerConnection that the server says nothing of: " + key.first + "/" + key.second);
      peers.insert(*link.peer);
      const auto& session = room.sessions.at(key);
      if (target == nullptr && !previous)
        publications[session.uplink->publication.value_or(plan::PublicationId{})] = *link.peer;
      if (target == nullptr) return;
      const auto& downlink = session.watching.at(*target);
      const auto kinds = carried(room, *target, downlink);
      if (!kinds.empty()) routes[{*room.sessions.at(*target).uplink->publication, *link.peer}] = {kinds, downlink.wish};
    });
    for (const auto& [key, lines] : world_.routes) told[key] = {kinds_of(lines), lines.wish};
    if (peers != world_.peers)
      fail(fmt::format("{} PeerConnections, the model has {}", world_.peers.size(), peers.size()));
    if (publications != world_.publications) fail("the publications differ");
    if (routes != told) fail(fmt::format("{} routes, the model has {}, or others", told.size(), routes.size()));
    seen_["routes"] += routes.size();
  }
  void compare_numbers() {
    const auto is = world_.control.numbers();
    size_t sessions = 0, publications = 0, downlinks = 0, peers = 0, refused = 0;
    for (const auto& [rid, room] : model_.rooms) {
      sessions += room.sessions.size();
      for (const auto& [key, session] : room.sessions) {
        publications += session.uplink ? 1 : 0;
        downlinks += session.watching.size();
      }
    }
    for (const auto n : is.peers_by_shard) peers += n;
    for (const auto& [code, n] : is.refusals) refused += n;
    if (is.rooms != model_.rooms.size() || is.connections != model_.connections.size() || is.sessions != sessions ||
        is.publications != publications || is.downlinks != downlinks || peers != world_.peers.size())
      fail(
          fmt::format("numbers: {} rooms {} connections {} sessions {} publications {} downlinks {} peers; the model: "
                      "{} {} {} {} {} {}",
                      is.rooms, is.connections, is.sessions, is.publications, is.downlinks, peers, model_.rooms.size(),
                      model_.connections.size(), sessions, publications, downlinks, world_.peers.size()));
    if (refused != refused_) fail(fmt::format("{} refusals counted, {} heard", refused, refused_));
  }
  // Who is there, as what, who owns it, who is barred.
  void compare_room(const std::string& rid, const Room& room) {
    Out out;
    const Admin admin(world_.control, world_.now, "", out);
    const auto is = admin.room(rid);
    const auto people = admin.participants(rid, "", 1'000);
    if (!is || !people) return fail("no room " + rid);
    if (is->owner != room.owner() || is->creator != room.creator || is->persistent != room.persistent)
      fail(fmt::format("{}: owner {}, creator {}; the model: {}, {}", rid, is->owner, is->creator, room.owner(),
                       room.creator));
    std::vector<std::string> members, should;
    for (const auto& p : people->items) check_states(room, p);
    for (const auto& p : people->items)
      members.push_back(person(p.user_id, p.role, p.banned, p.sessions.size(), p.profile.username));
    std::set<std::string> known = room.banned;
    for (const auto& [user, role] : room.roles) known.insert(user);
    for (const auto& [user, role] : room.assigned) known.insert(user);
    for (const auto& user : known) {
      const auto assigned = room.assigned.contains(user) ? room.assigned.at(user) : room::Role::kViewer;
      const auto role = room.user_here(user) ? room.roles.at(user) : assigned;
      const bool named = !config_.open_mode && room.user_here(user);  // B-12
      should.push_back(person(user, role, room.banned.contains(user), room.sessions_of(user).size(),
                              named ? "name of " + user : ""));
    }
    if (members != should) fail(rid + ": " + joined(members) + ", the model says " + joined(should));
  }
  // What an operator sees of the streams.
  void check_states(const Room& room, const Participant& participant) {
    for (const auto& session : participant.sessions) {
      const auto it = room.streams.find({participant.user_id, session.session_id});
      const bool same = it == room.streams.end() ? !session.hls : session.hls && session.hls->state == it->second.state;
      if (!same) fail(room.rid + ": another state of the stream of " + participant.user_id + "/" + session.session_id);
    }
  }
  Config config_;
  Model model_;
  TestWorld world_;
  simdjson::dom::parser parser_;
  std::array<ConnectionId, kSlots> sockets_{};
  std::set<ConnectionId> listening_;  // and those that closed in this step
  ConnectionId last_socket_ = 0;
  uint64_t number_ = 0;
  std::map<uint64_t, Say> said_;  // by tid
  std::vector<Offered> offers_;
  std::map<std::string, plan::PeerId> by_ufrag_;
  std::set<plan::PeerId> bound_;
  std::map<ConnectionId, std::vector<std::string>> early_, heard_;
  std::vector<Rev> revs_heard_;
  std::map<std::string, std::pair<uint64_t, int64_t>> revs_;  // of each room, and of which of that name
  std::map<uint64_t, bool> may_grow_;                         // by the room's number
  std::map<std::tuple<ConnectionId, std::string, uint64_t>, int64_t> last_list_;
  size_t refused_ = 0;
  std::string did_;
  std::map<std::string, size_t> seen_;
  std::string error_;
};

}  // namespace heliograph::control::model
