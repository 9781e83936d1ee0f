// SPDX-License-Identifier: Apache-2.0
// Reading what the server says, and short ways to be where a test begins. For tests only.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "control/test_world.h"

namespace heliograph::control {

// "" when the pointer (RFC 6901) leads nowhere; a string without its quotes, everything else as JSON.
inline std::string at(const std::string& text, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root, element;
  EXPECT_EQ(parser.parse(simdjson::padded_string(text)).get(root), simdjson::SUCCESS) << text;
  if (root.at_pointer(pointer).get(element) != simdjson::SUCCESS) return {};
  std::string_view value;
  return element.get(value) == simdjson::SUCCESS ? std::string(value) : simdjson::minify(element);
}
inline std::string code(const std::string& text) { return at(text, "/c"); }
inline std::string name(const std::string& text) { return at(text, "/s"); }

inline std::vector<std::string> of(const std::vector<std::string>& texts, std::string_view s) {
  std::vector<std::string> result;
  std::ranges::copy_if(texts, std::back_inserter(result), [&](const auto& text) { return name(text) == s; });
  return result;
}
// "200 OFFER, 2001 ICE": what was heard, in order.
inline std::string summary(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : ", ") + code(text) + " " + name(text);
  return result;
}

inline std::string recorded(const std::string& file) {
  std::ifstream in(std::string(HELIOGRAPH_SDP_TESTDATA) + "/" + file);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

template <class Kind>
std::vector<Kind> commands_of(const TestWorld& world) {
  std::vector<Kind> result;
  for (const auto& command : world.commands)
    if (const auto* c = std::get_if<Kind>(&command)) result.push_back(*c);
  return result;
}

// One letter a command, in order: o OpenPeer, s SetRemote, i RestartIce, c ClosePeer, P Publish, U Unpublish, R Route,
// - Unroute.
inline std::string shape(const TestWorld& world) {
  std::string letters;
  for (const auto& command : world.commands) letters += "osicPUR-"[command.index()];
  return letters;
}

class ControlTest : public testing::Test {
 protected:
  static constexpr ConnectionId kAlice = 1, kBob = 2, kCarol = 3;
  const Who alice{.user = "alice"};
  const Who bob{.user = "bob"};
  const Who carol{.user = "carol"};

  explicit ControlTest(Config config = test_config()) : world(std::move(config)) {}

  void SetUp() override {
    for (const auto connection : {kAlice, kBob, kCarol}) world.open(connection);
  }

  std::vector<std::string> join(ConnectionId c, const Who& who,
                                const std::string& rest = R"("op":{"roomCreating":false})") {
    return world.tell(c, say("join", "JOIN", who, rest));
  }
  std::vector<std::string> create(ConnectionId c, const Who& who) {
    return join(c, who, R"("op":{"roomCreating":true})");
  }
  std::vector<std::string> offer(ConnectionId c, const Who& who, const std::string& sdp,
                                 const std::string& rest = R"("tid":1)") {
    return world.tell(c, say("offer", "OFFER", who, sdp_field(sdp) + "," + rest));
  }
  std::vector<std::string> watch(ConnectionId c, const Who& who, const Who& target,
                                 const std::string& rest = R"("tid":1)") {
    return world.tell(c, say("watch", "WATCH", who, target.to() + "," + rest));
  }
  std::vector<std::string> answer(ConnectionId c, const Who& who, const Who& target, const std::string& sdp) {
    return world.tell(c, say("answer", "ANSWER", who, target.to() + "," + sdp_field(sdp)));
  }
  plan::PeerId last_opened() const { return commands_of<plan::OpenPeer>(world).back().peer; }

  // The session is in the room and in its list.
  plan::PeerId publish(ConnectionId c, const Who& who, const std::string& sdp) {
    EXPECT_EQ(summary(of(offer(c, who, sdp), "OFFER")), "200 OFFER");
    const auto peer = last_opened();
    world.event(plan::PeerConnected{peer});
    return peer;
  }
  // Watches, answers and is connected.
  plan::PeerId view(ConnectionId c, const Who& who, const Who& target) {
    const auto ack = watch(c, who, target);
    EXPECT_EQ(summary(ack), "200 WATCH");
    const auto peer = last_opened();
    EXPECT_EQ(summary(answer(c, who, target, viewer_answer(at(ack.at(0), "/b/pps/0/sdp")))), "");
    world.event(plan::PeerConnected{peer});
    return peer;
  }
  // alice publishes audio and video, bob watches; what was said before is forgotten.
  void two() {
    create(kAlice, alice);
    join(kBob, bob);
    uplink = publish(kAlice, alice, chromium);
    downlink = view(kBob, bob, alice);
    world.forget();
  }

  TestWorld world;
  std::string chromium = recorded("chromium156_all_default_offer.sdp");
  plan::PeerId uplink, downlink;
};

}  // namespace heliograph::control
