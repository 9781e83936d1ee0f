// SPDX-License-Identifier: Apache-2.0
// A walk through the control plane that bytes decide: joins, offers, watches, answers, drops, events and jumps of time,
// in any order. The laws that must hold after each step are TestWorld's; this adds those about texts. For the property
// test and the fuzz target.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <simdjson.h>

#include "base/bytes.h"
#include "base/check.h"
#include "control/test_world.h"
#include "signal/name.h"

namespace heliograph::control {

class Walk {
 public:
  explicit Walk(base::ConstBytes bytes) : bytes_(bytes), world_(small_config()) {}

  void run() {
    while (bytes_.left() > 0) step();
    end();
  }

 private:
  static constexpr ConnectionId kConnections = 4;

  // Tables small enough to be full now and then.
  static Config small_config() {
    auto config = test_config();
    config.limits.rooms = 2;
    config.limits.sessions_per_connection = 6;
    config.limits.downlinks_per_session = 3;
    config.limits.held_watches_per_session = 2;
    config.limits.gone_downlinks_per_session = 2;
    config.limits.left_sessions_per_room = 2;
    config.limits.publishing_users = 3;
    return config;
  }

  uint8_t pick(uint8_t bound) { return static_cast<uint8_t>(bytes_.u8() % bound); }
  bool flip() { return pick(2) == 1; }

  // Mostly of the same m2m room, so that people meet.
  Who who() {
    static constexpr std::array kRooms = {0, 0, 0, 0, 0, 1, 1, 2};
    static constexpr std::array kChannels = {"m2m", "a2m", "p2p"};
    static constexpr std::array kUsers = {"a", "b", "c", "d"};
    const auto room = kRooms[pick(8)];
    return {.user = kUsers[pick(4)],
            .session = pick(4) == 0 ? "1" : "0",
            .ch = kChannels[pick(16) == 0 ? pick(3) : static_cast<size_t>(room)],
            .rid = "r" + std::to_string(room)};
  }

  // Another session of the same room.
  Who target_of(const Who& from) {
    auto target = who();
    target.rid = from.rid;
    return target;
  }

  std::string offer_sdp() {
    const bool vp8 = pick(4) != 0, audio = pick(4) != 0, video = pick(4) != 0;
    const std::string transport =
        "a=ice-ufrag:frag" + std::to_string(pick(2)) +
        "\r\na=ice-pwd:passwordpasswordpassword\r\na=setup:actpass\r\na=rtcp-mux\r\na=fingerprint:sha-256 " +
        (flip() ? "00" : "11") + fingerprint_tail() + "\r\na=sendonly\r\n";
    std::string sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    if (audio)
      sdp +=
          "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n" + transport;
    if (video)
      sdp += "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtpmap:96 " +
             std::string(vp8 ? "VP8" : "H264") + "/90000\r\n" + transport;
    return sdp;
  }
  static std::string fingerprint_tail() {
    std::string tail;
    for (int i = 0; i < 31; ++i) tail += ":AB";
    return tail;
  }

  std::string op(const char* flag) {
    return std::string(R"("op":{")") + flag + "\":" + (flip() ? "true" : "false") + "}";
  }

  std::string message() {
    const auto from = who();
    switch (pick(10)) {
      case 0:
      case 1:
        return say("join", "JOIN", from, pick(3) == 0 ? R"("op":{"roomCreating":true})" : op("members"));
      case 2:
      case 3:
        return say("offer", "OFFER", from, sdp_field(offer_sdp()) + "," + op("restarting"));
      case 4:
      case 5:
        return watch_message(from);
      case 6:
        return answer_message(from);
      case 7:
        return say("iceCandidate", "ICE", from, target_of(from).to() + "," + sdp_field(flip() ? "" : "x"));
      case 8:
        return flip() ? say("heartbeat", "HEARTBEAT", from)
                      : say("updateVideo", "UPDATE", from, flip() ? R"("ve":true)" : R"("ve":false)");
      default:
        return pick(4) == 0 ? say("leave", "LEAVE", from) : std::string(base::as_text(raw(pick(64))));
    }
  }
  std::string watch_message(const Who& from) {
    const auto target = target_of(from);
    const auto to = pick(4) == 0 ? R"("to":{"userId":")" + target.user + "\"}" : target.to();
    return say("watch", "WATCH", from, to + "," + op("restarting"));
  }
  // To one of the offers heard last, mostly by the viewer that it was for.
  std::string answer_message(const Who& from) {
    if (offers_.empty()) return say("answer", "ANSWER", from, target_of(from).to() + R"(,"sdp":"x")");
    const auto& offer = offers_[pick(static_cast<uint8_t>(std::min<size_t>(offers_.size(), 255)))];
    const auto& viewer = pick(8) == 0 ? from : offer.viewer;
    std::set<std::string> refused;
    if (pick(8) == 0) refused.insert("audio");
    if (pick(8) == 0) refused.insert("video");
    return say("answer", "ANSWER", viewer, offer.target.to() + "," + sdp_field(viewer_answer(offer.sdp, refused)));
  }
  base::ConstBytes raw(size_t size) { return bytes_.bytes(std::min(size, bytes_.left())); }

  void step() {
    switch (pick(16)) {
      case 0:
        return pick(4) == 0 ? toggle(1 + pick(kConnections)) : event();
      case 1:
      case 2:
        return event();
      case 3:
        return world_.pass(base::Duration::millis(pick(8) != 0 ? pick(250) * 10 : pick(250) * 100));
      default:
        return tell(1 + pick(kConnections));
    }
  }
  // Ids are never used twice.
  void toggle(size_t slot) {
    if (auto& id = connections_[slot - 1]; id != 0) {
      world_.close(std::exchange(id, 0));
    } else {
      world_.open(id = ++last_connection_);
    }
  }
  void tell(size_t slot) {
    const auto id = connections_[slot - 1];
    if (id == 0) return toggle(slot);
    const auto text = message();
    for (const auto& heard : world_.tell(id, text)) listen(text, heard);
    for (const auto other : connections_)
      if (other != 0)
        for (const auto& heard : world_.heard(other)) listen({}, heard);
  }
  void event() {
    if (world_.peers.empty()) return;
    auto peer = world_.peers.begin();
    std::advance(peer, pick(static_cast<uint8_t>(std::min<size_t>(world_.peers.size(), 255))));
    switch (pick(6)) {
      case 0:
        return world_.event(
            plan::PeerGone{*peer, flip() ? plan::GoneReason::kConsentExpired : plan::GoneReason::kDtlsClosed});
      case 1:
        return world_.event(plan::PeerRevived{*peer});
      default:
        return world_.event(plan::PeerConnected{*peer});
    }
  }

  // What is heard is JSON, its code is of its signal's closed set (B-6), and offers are remembered to be answered.
  void listen(const std::string& said, const std::string& heard) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    CHECK(parser.parse(simdjson::padded_string(heard)).get(root) == simdjson::SUCCESS);
    int64_t code = 0;
    std::string_view s;
    if (root["c"].get(code) != simdjson::SUCCESS) return;  // forwarded in p2p
    CHECK(root["s"].get(s) == simdjson::SUCCESS);
    CHECK(code == 200 || signal::may_answer(signal::name_of_text(s), static_cast<base::Code>(code)));
    if (code == 200 && s == "WATCH" && !said.empty()) remember_offers(said, root);
  }
  void remember_offers(const std::string& said, simdjson::dom::element ack) {
    simdjson::dom::parser parser;
    simdjson::dom::element ss;
    CHECK(parser.parse(simdjson::padded_string(said)).at_pointer("/data").get(ss) == simdjson::SUCCESS);
    const auto text = [](simdjson::dom::element e, std::string_view pointer) {
      std::string_view value;
      CHECK(e.at_pointer(pointer).get(value) == simdjson::SUCCESS);
      return std::string(value);
    };
    const Who viewer{text(ss, "/ss/userId"), text(ss, "/ss/sessionId"), text(ss, "/ch"), text(ss, "/rid")};
    for (const auto entry : ack.at_pointer("/b/pps").get_array())
      offers_.push_back(
          {viewer, {text(entry, "/userId"), text(entry, "/sessionId"), viewer.ch, viewer.rid}, text(entry, "/sdp")});
    if (offers_.size() > 16) offers_.erase(offers_.begin());
  }

  // Everybody goes: nothing may be left.
  void end() {
    if (flip()) world_.drain(), connections_ = {};
    for (auto& id : connections_)
      if (id != 0) world_.close(std::exchange(id, 0));
    for (const auto peer : std::set(world_.peers))
      world_.event(plan::PeerGone{peer, plan::GoneReason::kConsentExpired});
    world_.pass(base::Duration::seconds(200));
    CHECK(world_.peers.empty() && world_.publications.empty() && world_.routes.empty());
    const auto numbers = world_.control.numbers();
    CHECK(numbers.rooms == 0 && numbers.sessions == 0 && numbers.connections == 0);
    for (const auto peers : numbers.peers_by_shard) CHECK(peers == 0);
    CHECK(world_.control.next_time().is_never());
  }

  struct Offered {
    Who viewer;
    Who target;
    std::string sdp;
  };

  base::ByteReader bytes_;
  TestWorld world_;
  std::array<ConnectionId, kConnections> connections_{};
  ConnectionId last_connection_ = 0;
  std::vector<Offered> offers_;

 public:
  // How far walks come, for tests that must not test nothing.
  const TestWorld& world() const { return world_; }
};

}  // namespace heliograph::control
