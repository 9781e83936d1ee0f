// SPDX-License-Identifier: Apache-2.0
#include "control/sessions.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

class Sessions : public ControlTest {
 protected:
  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, alice);
  }
  size_t here() const { return world.control.numbers().sessions; }
};

TEST_F(Sessions, OneWithoutASocketHasTenSeconds) {  // B-13, B-56
  world.close(kAlice);
  world.pass(base::Duration::millis(9'999));
  EXPECT_EQ(here(), 1u);
  world.pass(base::Duration::millis(1));
  EXPECT_EQ(here(), 0u);
}

TEST_F(Sessions, AYoungHeartbeatKeepsItAlive) {  // B-56
  world.tell(kAlice, say("heartbeat", "HEARTBEAT", alice));
  world.pass(base::Duration::seconds(4));
  world.close(kAlice);
  world.pass(base::Duration::millis(15'999));  // 10 s young, then 10 s of grace
  EXPECT_EQ(here(), 1u);
  world.pass(base::Duration::millis(1));
  EXPECT_EQ(here(), 0u);
}

TEST_F(Sessions, MediaKeepsItAliveAndConsentEndsThat) {  // B-13
  const auto peer = publish(kAlice, alice, chromium);
  world.close(kAlice);
  world.pass(base::Duration::seconds(300));
  EXPECT_EQ(here(), 1u);
  world.event(plan::PeerGone{peer, plan::GoneReason::kConsentExpired});
  world.pass(base::Duration::millis(9'999));
  EXPECT_EQ(here(), 1u);
  world.pass(base::Duration::millis(1));
  EXPECT_EQ(here(), 0u);
  EXPECT_TRUE(world.peers.empty());
}

TEST_F(Sessions, ANewSocketPicksItUpWhereItWas) {  // B-13
  publish(kAlice, alice, chromium);
  world.close(kAlice);
  world.forget();
  world.open(7);
  const auto heard = join(7, alice);
  ASSERT_EQ(summary(heard), "200 JOIN");
  EXPECT_EQ(at(heard[0], "/b/pps/0/id"), "alice");
  EXPECT_TRUE(world.commands.empty());
  world.pass(base::Duration::seconds(60));
  EXPECT_EQ(here(), 1u);
}

TEST_F(Sessions, ItMovesToTheSocketThatLastSpokeForIt) {  // B-10
  world.tell(kBob, say("heartbeat", "HEARTBEAT", alice));
  const auto heard = world.heard(kAlice);
  ASSERT_EQ(summary(heard), "200 SESSION_REPLACED");
  EXPECT_EQ(at(heard.back(), "/b/sessionId"), "s");
  world.close(kAlice);  // not its socket any more
  world.pass(base::Duration::seconds(60));
  EXPECT_EQ(here(), 1u);
}

TEST_F(Sessions, ASocketCarriesMany) {  // B-10
  const Who screen{.user = "alice", .session = "screen"};
  join(kAlice, screen);
  world.heard(kAlice);
  publish(kAlice, screen, chromium);
  EXPECT_EQ(summary(world.heard(kAlice)), "200 PUBLISH_LIST_CHANGED");  // once a socket
  world.close(kAlice);
  world.pass(base::Duration::seconds(10));
  EXPECT_EQ(here(), 1u);  // the one with media
}

TEST_F(Sessions, ASocketIsKeptAliveEveryFiveMinutes) {
  world.heard(kBob);
  world.pass(base::Duration::seconds(900));
  EXPECT_EQ(summary(world.heard(kBob)), "200 KEEP_ALIVE, 200 KEEP_ALIVE, 200 KEEP_ALIVE");
}

TEST_F(Sessions, AnEventOfAClosedPeerIsIgnored) {
  const auto peer = publish(kAlice, alice, chromium);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  world.event(plan::PeerConnected{peer});
  world.event(plan::PeerGone{peer, plan::GoneReason::kDtlsClosed});
  world.event(plan::PeerRevived{peer});
  EXPECT_EQ(here(), 0u);
}

TEST_F(Sessions, AConnectionCarriesOnlySoMany) {
  auto config = test_config();
  config.limits.sessions_per_connection = 1;
  TestWorld small(std::move(config));
  small.open(1);
  small.tell(1, say("join", "JOIN", alice, R"("op":{"roomCreating":true})"));
  EXPECT_EQ(summary(small.tell(1, say("join", "JOIN", bob))), "500 JOIN");
  EXPECT_EQ(summary(small.tell(1, say("join", "JOIN", alice))), "200 JOIN");
}

}  // namespace
}  // namespace heliograph::control
