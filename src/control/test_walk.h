// SPDX-License-Identifier: Apache-2.0
// A walk through the control plane that bytes decide: what several users say (as they should, with mistakes, or any
// text at all), sockets that come and go, events, jumps of time, an operator's deeds, in any order. The laws that must
// hold after each step are TestWorld's and Bystanders'; this adds those about texts. For the property test and the fuzz
// target.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "base/bytes.h"
#include "base/check.h"
#include "control/admin.h"
#include "control/test_bystanders.h"
#include "control/test_says.h"

namespace heliograph::control {

// What texts are mutilated with; a fuzzer's dictionary has the same and more.
inline constexpr std::array<std::string_view, 32> kWords = {
    "\"",      "{",       "}",   "[",       "]",         ",",        ":",        "null",     "true",   "-1",    "1e999",
    "\\u0000", "\xff",    "{}",  "\"s\"",   "\"OFFER\"", "\"KICK\"", "\"to\"",   "\"rid\"",  "\"ss\"", "\"a\"", "\"b\"",
    "\"r0\"",  "\"p2p\"", "a2m", "\"op\":", "\"ban\"",   "\"tid\"",  "\"join\"", "\"data\"", "userId", "\r\n"};

class Walk {
 public:
  explicit Walk(base::ConstBytes bytes) : bytes_(bytes), world_(config_of(bytes_.u8())) {}

  void run() {
    for (size_t steps = 0; bytes_.left() > 0 && steps < kMaxSteps; ++steps) step();
    end();
  }

  // How far walks come, for tests that must not test nothing.
  const TestWorld& world() const { return world_; }
  size_t accepted() const { return accepted_; }

 private:
  static constexpr size_t kSlots = 5;
  static constexpr size_t kMaxSteps = 128;  // more of them find less a second

  // Tables small enough to be full now and then.
  static Config config_of(uint8_t mode) {
    auto config = test_config();
    config.open_mode = mode % 2 == 1;
    config.open_mode_role = mode % 4 < 2 ? room::Role::kPublisher : room::Role::kViewer;
    config.verify = [](std::string_view text) -> std::expected<Identity, std::string> {
      if (text.size() != 2 || text[0] != 't' || text[1] < '0') return std::unexpected("no token");
      return identity(static_cast<uint8_t>(text[1] - '0'));
    };
    config.limits.rooms = 3;
    config.limits.sessions_per_connection = 6;
    config.limits.downlinks_per_session = 3;
    config.limits.held_watches_per_session = 2;
    config.limits.gone_downlinks_per_session = 2;
    config.limits.left_sessions_per_room = 2;
    config.limits.held_requests_per_room = 2;
    config.limits.publishing_users = 3;
    config.limits.refusals_in_a_row = 8;
    config.limits.hls_streams = 2;
    config.limits.user_rate = config.limits.address_rate = {};
    if (mode % 8 == 4) config.limits.user_rate = {2, 10};
    return config;
  }
  // Of the tokens "t0", "t1", …: who, and now and then a role, a room only, or no right to make one.
  static Identity identity(uint8_t n) {
    Identity who{.user_id = std::string(1, static_cast<char>('a' + n % 4)), .create = n % 16 < 12};
    if (n % 12 >= 8) who.role = static_cast<room::Role>(n / 4 % 3);
    if (n % 16 == 5) who.rooms = {"r0"};
    return who;
  }

  uint32_t pick(uint32_t bound) { return bytes_.u8() % bound; }
  bool flip() { return pick(2) == 1; }

  template <class Container>
  auto nth(const Container& container) {
    return std::next(container.begin(), pick(static_cast<uint32_t>(std::min<size_t>(container.size(), 255))));
  }

  // --- texts

  Say say(size_t slot) {
    auto draw = [this](uint32_t bound) { return pick(bound); };
    Drawn drawn(draw);
    auto result = drawn.say(slot);
    if (result.name == Name::kJoin && pick(4) == 0) result.token = {'t', static_cast<char>('0' + pick(64))};
    if (result.name != Name::kJoin && pick(4) != 0) aim(result, slot);
    return result;
  }
  // For a session that the socket carries, about one that is there; mostly a JOIN when it carries none. Else hardly
  // anything would happen.
  void aim(Say& what, size_t slot) {
    const auto& state = world_.control.state();
    const auto connection = state.connections.find(sockets_[slot]);
    if (connection == state.connections.end() || connection->second.sessions.empty()) return aim_alone(what);
    if (pick(16) == 0) return pretend(what);
    const auto& own = *nth(connection->second.sessions);
    const auto& room = state.rooms.at(own.rid);
    what.who = {own.key.user_id, own.key.session_id, std::string(to_text(room.channel)), own.rid};
    if (what.to == Say::To::kNone) return;
    const auto& target = nth(room.sessions)->first;
    what.to_user = target.user_id;
    what.to_session = target.session_id;
  }
  void aim_alone(Say& what) {
    const auto& rooms = world_.control.state().rooms;
    if (pick(4) == 0) return pretend(what);
    Say join;
    join.name = Name::kJoin;
    join.who = what.who;
    join.creating = !rooms.contains(join.who.rid);
    what = join;
  }
  // For a session of somebody, whoever it is.
  void pretend(Say& what) {
    const auto& rooms = world_.control.state().rooms;
    if (rooms.empty()) return;
    const auto& room = nth(rooms)->second;
    if (room.sessions.empty()) return;
    const auto& key = nth(room.sessions)->first;
    what.who = {key.user_id, key.session_id, std::string(to_text(room.channel)), room.rid};
  }
  // To one of the offers heard last, mostly by the viewer that it was for.
  Say answer() {
    Say result;
    const auto& offer = offers_[pick(static_cast<uint32_t>(offers_.size()))];
    result.name = Name::kAnswer;
    result.who = offer.viewer;
    result.to = Say::To::kSession;
    result.to_user = offer.target.user;
    result.to_session = offer.target.session;
    std::set<std::string> refused;
    const auto how = pick(8);
    if (how == 1 || how == 3) refused.insert("audio");
    if (how == 2 || how == 3) refused.insert("video");
    result.sdp = viewer_answer(offer.sdp, refused);
    return result;
  }
  std::string raw(size_t size) { return std::string(base::as_text(bytes_.bytes(std::min(size, bytes_.left())))); }
  std::string mutilated(std::string text) {
    for (auto edits = 1 + pick(4); edits > 0 && !text.empty(); --edits) {
      const auto at = (pick(256) * 256 + pick(256)) % text.size();
      const auto word = kWords[pick(kWords.size())];
      switch (pick(4)) {
        case 0:
          text.insert(at, word);
          break;
        case 1:
          text.replace(at, word.size(), word);
          break;
        case 2:
          text.erase(at, 1 + pick(16));
          break;
        default:
          text.insert(at, text.substr(at, 1 + pick(64)));
      }
    }
    return text;
  }
  // A line of the input, as it is.
  std::string line() {
    const auto rest = base::as_text(bytes_.rest());
    auto text = raw(std::min(rest.find('\n'), rest.size()));
    bytes_.skip(std::min<size_t>(1, bytes_.left()));
    return text;
  }

  // --- steps

  // '{' and the line that it begins are a message of the socket that spoke last, '>' says which one speaks next: so
  // that texts are inputs, too.
  void step() {
    if (bytes_.rest().front() == '{') return tell(slot_, line());
    if (bytes_.rest().front() == '>') return bytes_.skip(1), void(slot_ = pick(kSlots));
    const auto kind = pick(32);
    if (kind < 12) slot_ = pick(kSlots);
    if (kind < 18) return tell(slot_, say(slot_).text());
    if (kind < 22) return offers_.empty() ? void() : tell(slot_of_viewer(), answer().text());
    if (kind == 22) return tell(slot_, mutilated(say(slot_).text()));
    if (kind == 23) return tell(slot_, raw(pick(64)));
    if (kind < 28) {
      event();
    } else if (kind < 30) {
      world_.pass(base::Duration::millis(pick(8) != 0 ? pick(250) * 10 : pick(250) * 200));
    } else if (kind == 30) {
      toggle(slot_ = pick(kSlots));
    } else {
      deed();
    }
    listen_all(look());
  }
  // What everybody has now; returns what they had when it was last asked for.
  Bystanders look() { return std::exchange(now_, Bystanders(world_.control.state())); }
  // The socket of that viewer's user: the first of each.
  size_t slot_of_viewer() {
    const auto& user = offers_[bytes_.left() > 0 ? bytes_.rest().front() % offers_.size() : 0].viewer.user;
    return user.empty() ? 0 : static_cast<size_t>(user[0] - 'a') % 4;
  }
  // Ids are never used twice.
  void toggle(size_t slot) {
    if (sockets_[slot] == 0) return open(slot, static_cast<uint8_t>(pick(16)));
    world_.close(std::exchange(sockets_[slot], 0));
  }
  // With one of the tokens of the slot's user, or with none.
  void open(size_t slot, uint8_t token) {
    const auto which = static_cast<uint8_t>(slot % 4 + token * 4);
    const bool without = world_.control.state().config.open_mode || token >= 12;
    sockets_[slot] = ++last_socket_;
    world_.open(last_socket_, without ? Identity{} : identity(which));
    drop_closed();
  }
  void tell(size_t slot, const std::string& text) {
    if (sockets_[slot] == 0) open(slot, 0);
    const auto id = sockets_[slot];
    if (id == 0) return;
    auto& state = world_.control.state();
    const auto known = state.connections.at(id).identity.user_id;
    const auto heard = world_.tell(id, text);
    const auto parsed = signal::parse(text);
    const auto* said = parsed ? &*parsed : nullptr;
    const auto before = look();
    const auto speaker = said == nullptr          ? std::string()
                         : state.config.open_mode ? said->header.from.user_id
                         : !known.empty()         ? known
                                                  : user_of(id);
    const auto closed = state.connections.contains(id) ? std::nullopt : std::optional(id);
    Bystanders::check(before, now_, speaker, said, closed);
    Bystanders::check_owners(state);
    for (const auto& one : heard) listen(id, one, said, before);
    listen_all(before);
  }
  std::string user_of(ConnectionId id) {
    const auto& connections = world_.control.state().connections;
    const auto it = connections.find(id);
    return it == connections.end() ? std::string() : it->second.identity.user_id;
  }
  void event() {
    if (!world_.streams.empty() && pick(4) == 0)
      return world_.on_hls({nth(world_.streams)->first, static_cast<plan::HlsState>(pick(4))});
    if (!world_.waiting.empty() && pick(4) == 0)
      return world_.on_hls({nth(world_.waiting)->first, static_cast<plan::HlsState>(pick(4))});
    if (world_.peers.empty()) return;
    const auto peer = nth(world_.peers);
    switch (pick(8)) {
      case 0:
        return world_.event(plan::PeerGone{*peer, static_cast<plan::GoneReason>(pick(3))});
      case 1:
        return world_.event(plan::PeerRevived{*peer});
      default:
        return world_.event(plan::PeerConnected{*peer});
    }
  }
  // Whatever comes of it.
  void deed() {
    const auto rid = "r" + std::to_string(pick(3));
    const std::string user(1, static_cast<char>('a' + pick(4)));
    world_.operate([&](Out& out) {
      Admin admin(world_.control, world_.now, "operator", out);
      switch (pick(11)) {
        case 0:
          return void(admin.create(rid, static_cast<signal::Channel>(pick(3)), {.persistent = flip()}));
        case 1:
          return void(admin.change(rid, {.publishers = pick(4), .users = 1 + pick(4), .sessions = 1 + pick(8)}));
        case 2:
          return void(admin.close(rid, "over"));
        case 3:
          return void(admin.kick(rid, user));
        case 4:
          return void(admin.kick(rid, {user, "0"}));
        case 5:
          return void(admin.put_participant(rid, user, std::nullopt, pick(4) == 0));
        case 6:
          return void(admin.change(rid, {.hls_tokens = flip()}));
        case 7:
          return void(admin.start_hls(rid, {user, "0"}));
        case 8:
          return void(admin.stop_hls(rid, {user, "0"}));
        default:
          return void(admin.put_participant(rid, user, static_cast<room::Role>(pick(3)), std::nullopt));
      }
    });
    drop_closed();
  }
  void drop_closed() {
    for (auto& id : sockets_)
      if (world_.closed.contains(id)) id = 0;
  }

  // --- what is heard

  void listen_all(const Bystanders& before) {
    for (const auto id : sockets_)
      if (id != 0)
        for (const auto& heard : world_.heard(id)) listen(id, heard, nullptr, before);
    drop_closed();
  }
  static std::string_view text_at(simdjson::dom::object object, std::string_view key) {
    std::string_view text;
    return object.at_key(key).get(text) == simdjson::SUCCESS ? text : std::string_view();
  }
  // What is heard is JSON; its code is of its signal's closed set (B-6); what concerns a room reaches nobody but those
  // in it; offers are remembered to be answered. `said`: by the one who hears it, if it was they who spoke.
  void listen(ConnectionId id, const std::string& heard, const signal::Signal* said, const Bystanders& before) {
    simdjson::dom::object root, body;
    int64_t code = 0;
    CHECK(parser_.parse(heard).get(root) == simdjson::SUCCESS);
    if (root.at_key("c").get(code) != simdjson::SUCCESS) return expect_inside(id, text_at(root, "rid"), said, before);
    const auto name = text_at(root, "s");
    CHECK(code == 200 || signal::may_answer(signal::name_of_text(name), static_cast<base::Code>(code)));
    CHECK(root.at_key("b").get(body) == simdjson::SUCCESS);
    if (code != 200) return;
    ++accepted_;
    if (signal::name_of_text(name) == Name::kUnknown && name != "KEEP_ALIVE")
      expect_inside(id, text_at(body, "rid"), said, before);  // a push
    if (name == "WATCH" && said != nullptr) remember_offers(said->header, body);
  }
  // In the room before or after; or who spoke was, came to this connection with what they said, and is out because of
  // it.
  void expect_inside(ConnectionId id, std::string_view rid, const signal::Signal* said,
                     const Bystanders& before) const {
    if (before.carries(id, std::string(rid)) || now_.carries(id, std::string(rid))) return;
    CHECK(said != nullptr && said->header.rid == rid && before.is_there({said->header.rid, key_of(said->header.from)}));
  }
  void remember_offers(const signal::Header& header, simdjson::dom::object body) {
    const Who viewer{header.from.user_id, header.from.session_id, std::string(to_text(header.channel)), header.rid};
    for (const simdjson::dom::object entry : body.at_key("pps").get_array()) {
      Who target{std::string(text_at(entry, "userId")), std::string(text_at(entry, "sessionId")), viewer.ch,
                 viewer.rid};
      offers_.push_back({viewer, std::move(target), std::string(text_at(entry, "sdp"))});
    }
    if (offers_.size() > 8) offers_.erase(offers_.begin());
  }

  // Everybody goes: nothing may be left.
  void end() {
    world_.operate([&](Out& out) {
      Admin admin(world_.control, world_.now, "operator", out);
      for (const auto* rid : {"r0", "r1", "r2"}) (void)admin.change(rid, {.persistent = false});
    });
    if (last_socket_ % 2 == 1) world_.drain(), sockets_ = {};
    drop_closed();
    for (auto& id : sockets_)
      if (id != 0) world_.close(std::exchange(id, 0));
    for (const auto peer : std::set(world_.peers))
      world_.event(plan::PeerGone{peer, plan::GoneReason::kConsentExpired});
    world_.pass(base::Duration::seconds(200));
    CHECK(world_.peers.empty() && world_.publications.empty() && world_.routes.empty());
    const auto numbers = world_.control.numbers();
    CHECK(numbers.rooms == 0 && numbers.sessions == 0 && numbers.connections == 0);
    for (const auto peers : numbers.peers_by_shard) CHECK(peers == 0);
    CHECK(world_.streams.empty() && world_.waiting.empty() && numbers.hls_streams == 0);
    CHECK(world_.control.next_time().is_never());
  }

  struct Offered {
    Who viewer;
    Who target;
    std::string sdp;
  };

  base::ByteReader bytes_;
  TestWorld world_;
  Bystanders now_{world_.control.state()};
  std::array<ConnectionId, kSlots> sockets_{};
  size_t slot_ = 0;
  ConnectionId last_socket_ = 0;
  std::vector<Offered> offers_;
  size_t accepted_ = 0;
  simdjson::dom::parser parser_;
};

}  // namespace heliograph::control
