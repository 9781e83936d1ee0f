// SPDX-License-Identifier: Apache-2.0
#include "control/p2p.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

class P2p : public ControlTest {
 protected:
  const Who caller{.user = "alice", .session = "s", .ch = "p2p"};
  const Who callee{.user = "bob", .session = "s", .ch = "p2p"};

  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, caller);
    join(kBob, callee);
    world.forget();
  }
  static std::string data_of(const std::string& message) {
    const auto start = message.find("\"data\":") + 7;
    return message.substr(start, message.size() - start - 1);
  }
};

TEST_F(P2p, BothPublishAndBothAreListed) {  // B-14, B-55
  const auto heard = join(kBob, callee);
  EXPECT_EQ(at(heard[0], "/b/pt"), "publisher");
  EXPECT_EQ(at(heard[0], "/b/owner"), "alice");
  EXPECT_EQ(at(heard[0], "/b/pps/1/id"), "bob");
  EXPECT_EQ(summary(join(kCarol, {.user = "carol", .session = "s", .ch = "p2p"})), "4025 JOIN");
}

TEST_F(P2p, SignalsAreForwardedByteForByte) {  // B-1, B-42
  const auto offer_text = say("offer", "OFFER", callee, R"( "x" : [1 , 2],"sdp":"not parsed")");
  EXPECT_TRUE(world.tell(kBob, offer_text).empty());
  EXPECT_EQ(world.heard(kAlice), std::vector<std::string>{data_of(offer_text)});
  const auto answer_text = say("answer", "ANSWER", caller, R"("to":"bob","sdp":"x")");
  world.tell(kAlice, answer_text);
  EXPECT_EQ(world.heard(kBob), std::vector<std::string>{data_of(answer_text)});
  const auto ice_text = say("iceCandidate", "ICE", caller, callee.to() + R"(,"sdp":"x")");
  world.tell(kAlice, ice_text);
  world.tell(kAlice, ice_text);  // B-55: twice is twice
  EXPECT_EQ(world.heard(kBob).size(), 2u);
  EXPECT_TRUE(world.commands.empty());
}

TEST_F(P2p, AStringReachesEverySocketOfTheUserOnce) {  // B-42, B-55
  const Who tablet{.user = "bob", .session = "tablet", .ch = "p2p"},
      twin{.user = "bob", .session = "twin", .ch = "p2p"};
  join(kCarol, tablet);
  join(kCarol, twin);
  world.forget();
  world.tell(kAlice, say("offer", "OFFER", caller, R"("to":"bob","sdp":"x")"));
  EXPECT_EQ(world.heard(kBob).size(), 1u);
  EXPECT_EQ(world.heard(kCarol).size(), 1u);
}

TEST_F(P2p, WhoIsNotThereIsTold) {  // B-16, B-53
  EXPECT_EQ(summary(world.tell(kAlice, say("offer", "OFFER", caller, R"("to":"zoe","sdp":"x")"))), "4003 OFFER");
  EXPECT_EQ(summary(world.tell(kAlice, say("answer", "ANSWER", caller, R"("to":"zoe","sdp":"x")"))), "4003 ANSWER");
  EXPECT_EQ(summary(world.tell(
                kCarol, say("iceCandidate", "ICE", {.user = "carol", .session = "s", .ch = "p2p"}, R"("sdp":"x")"))),
            "4003 ICE");
  world.tell(kBob, say("leave", "LEAVE", callee));
  world.forget();
  EXPECT_EQ(summary(world.tell(kAlice, say("answer", "ANSWER", caller, R"("to":"bob","sdp":"x")"))), "4024 ANSWER");
  EXPECT_EQ(summary(world.tell(kAlice, say("offer", "OFFER", caller, R"("sdp":"x")"))), "4003 OFFER");
  EXPECT_EQ(summary(world.tell(kAlice, say("watch", "WATCH", caller, callee.to()))), "2002 WATCH");
}

TEST_F(P2p, MessagesWaitForASocketThatIsAway) {  // B-42, B-55
  world.close(kBob);
  const auto ice = [&](int n) {
    return world.tell(kAlice, say("iceCandidate", "ICE", caller, R"("sdp":")" + std::to_string(n) + "\""));
  };
  for (int i = 0; i < 64; ++i) EXPECT_EQ(summary(ice(i)), "");
  EXPECT_EQ(summary(ice(64)), "4003 ICE");
  world.open(8);
  const auto heard = join(8, callee);
  ASSERT_EQ(heard.size(), 65u);
  EXPECT_EQ(at(heard[0], "/sdp"), "0");
  EXPECT_EQ(at(heard[63], "/sdp"), "63");
}

TEST_F(P2p, MessagesWaitTenSeconds) {  // B-42
  world.tell(kBob, say("heartbeat", "HEARTBEAT", callee));
  world.close(kBob);
  world.tell(kAlice, say("iceCandidate", "ICE", caller, R"("sdp":"x")"));
  world.pass(base::Duration::seconds(10));
  world.open(8);
  EXPECT_EQ(summary(join(8, callee)), "200 JOIN");
}

}  // namespace
}  // namespace heliograph::control
