// SPDX-License-Identifier: Apache-2.0
#include "control/downlinks.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

class Downlinks : public ControlTest {
 protected:
  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, alice);
    join(kBob, bob);
  }
  void publishing_now() { uplink = publish(kAlice, alice, chromium); }
  void publishing() {
    publishing_now();
    world.forget();
  }
  std::string offered(const std::vector<std::string>& heard) { return at(heard.at(0), "/b/pps/0/sdp"); }
};

TEST_F(Downlinks, AWatchIsAnsweredWithAnOffer) {
  publishing();
  const auto heard = watch(kBob, bob, alice);
  ASSERT_EQ(summary(heard), "200 WATCH");
  EXPECT_EQ(at(heard[0], "/b/pps/0/id"), "alice");
  EXPECT_EQ(at(heard[0], "/b/pps/0/sessionId"), "s");
  EXPECT_EQ(at(heard[0], "/b/pps/0/host"), "Web");
  EXPECT_EQ(at(heard[0], "/b/tid"), "1");
  EXPECT_NE(offered(heard).find("a=sendonly"), std::string::npos);
  EXPECT_EQ(shape(world), "o");
}

TEST_F(Downlinks, AnAnswerMakesTheRoute) {  // B-7
  publishing();
  const auto sdp = offered(watch(kBob, bob, alice));
  EXPECT_EQ(summary(answer(kBob, bob, alice, viewer_answer(sdp))), "");
  EXPECT_EQ(shape(world), "osR");
  EXPECT_EQ(commands_of<plan::Route>(world)[0].tracks.size(), 2u);
  EXPECT_EQ(summary(answer(kBob, bob, alice, viewer_answer(sdp))), "");  // B-9: ignored
  EXPECT_EQ(shape(world), "osR");
  EXPECT_EQ(summary(answer(kBob, bob, alice, viewer_answer(sdp) + "a=x\r\n")), "2001 ANSWER");
}

TEST_F(Downlinks, AMutedCameraIsOfferedAllTheSame) {  // B-31
  publishing();
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  world.forget();
  const auto heard = watch(kBob, bob, alice);
  EXPECT_EQ(at(heard[0], "/b/pps/0/video"), "false");
  EXPECT_NE(offered(heard).find("m=video"), std::string::npos);
}

TEST_F(Downlinks, AUserAloneMeansEachOfTheirPublishingSessions) {  // B-30
  publishing();
  const Who screen{.user = "alice", .session = "screen"}, idle{.user = "alice", .session = "idle"};
  join(kAlice, screen);
  join(kAlice, idle);
  publish(kAlice, screen, chromium);
  world.forget();
  const auto heard = world.tell(kBob, say("watch", "WATCH", bob, R"("to":{"userId":"alice"})"));
  ASSERT_EQ(summary(heard), "200 WATCH");
  EXPECT_NE(at(heard[0], "/b/pps/1/sdp"), "");
  EXPECT_EQ(at(heard[0], "/b/pps/2"), "");
  EXPECT_EQ(world.control.numbers().downlinks, 2u);
}

TEST_F(Downlinks, AWatchWaitsForItsTargetToPublish) {  // B-32
  EXPECT_EQ(summary(watch(kBob, bob, alice, R"("tid":"w")")), "");
  EXPECT_EQ(summary(world.tell(kBob, say("heartbeat", "HEARTBEAT", bob))), "200 HEARTBEAT");  // B-61: holds up nothing
  world.pass(base::Duration::millis(2'900));
  publishing_now();
  const auto heard = of(world.heard(kBob), "WATCH");
  ASSERT_EQ(summary(heard), "200 WATCH");
  EXPECT_EQ(at(heard[0], "/b/tid"), "w");
  world.pass(base::Duration::seconds(5));
  EXPECT_TRUE(of(world.heard(kBob), "WATCH").empty());
}

TEST_F(Downlinks, AWatchDoesNotWaitForever) {  // B-32
  watch(kBob, bob, alice);
  world.pass(base::Duration::millis(2'999));
  EXPECT_TRUE(world.heard(kBob).empty());
  world.pass(base::Duration::millis(1));
  const auto heard = world.heard(kBob);
  ASSERT_EQ(summary(heard), "500 WATCH");
  EXPECT_EQ(at(heard[0], "/b/retryAfter"), "2000");
}

TEST_F(Downlinks, AHeldWatchEndsWhenItsTargetLeaves) {  // B-61
  watch(kBob, bob, alice);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  EXPECT_EQ(summary(world.heard(kBob)), "4024 WATCH");
  world.pass(base::Duration::seconds(5));
  EXPECT_TRUE(world.heard(kBob).empty());
}

TEST_F(Downlinks, AHeldWatchIsDroppedWhenItsWatcherLeaves) {  // B-61
  watch(kBob, bob, alice);
  world.tell(kBob, say("leave", "LEAVE", bob));
  world.heard(kBob);
  publishing_now();
  world.pass(base::Duration::seconds(5));
  EXPECT_TRUE(of(world.heard(kBob), "WATCH").empty());
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
}

TEST_F(Downlinks, AWatchOfNobodyIs4024) {  // B-16
  EXPECT_EQ(summary(watch(kBob, bob, carol)), "4024 WATCH");
  EXPECT_EQ(summary(watch(kBob, bob, {.user = "alice", .session = "other"})), "4024 WATCH");
}

TEST_F(Downlinks, WatchedAgainSoonItIsTheSameOffer) {  // B-33
  publishing();
  const auto first = offered(watch(kBob, bob, alice));
  world.pass(base::Duration::seconds(14));
  EXPECT_EQ(offered(watch(kBob, bob, alice)), first);
  world.pass(base::Duration::seconds(1));
  EXPECT_NE(offered(watch(kBob, bob, alice)), first);
  EXPECT_EQ(shape(world), "oco");
}

TEST_F(Downlinks, WatchedAgainAfterTheAnswerItIsANewConnection) {  // B-33
  publishing();
  view(kBob, bob, alice);
  world.forget();
  EXPECT_EQ(summary(watch(kBob, bob, alice)), "200 WATCH");
  EXPECT_EQ(shape(world), "-co");
}

TEST_F(Downlinks, RestartingIsAnIceRestartOnTheSameConnection) {  // B-33
  publishing();
  const auto peer = view(kBob, bob, alice);
  world.forget();
  const auto heard = watch(kBob, bob, alice, R"("op":{"restarting":true})");
  EXPECT_EQ(shape(world), "i");
  EXPECT_EQ(world.routes.size(), 1u);
  EXPECT_EQ(offered(watch(kBob, bob, alice, R"("op":{"restarting":true})")), offered(heard));
  EXPECT_EQ(summary(answer(kBob, bob, alice, viewer_answer(offered(heard)))), "");
  EXPECT_EQ(commands_of<plan::SetRemote>(world)[0].peer, peer);
  world.pass(base::Duration::seconds(60));
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Downlinks, AnUnansweredOfferIsFreed) {  // B-33
  publishing();
  watch(kBob, bob, alice);
  world.pass(base::Duration::seconds(30));
  EXPECT_EQ(shape(world), "oc");
  EXPECT_EQ(summary(answer(kBob, bob, alice, "x")), "2001 ANSWER");
}

TEST_F(Downlinks, AnUnansweredRestartLeavesALivingConnectionAlone) {
  publishing();
  view(kBob, bob, alice);
  watch(kBob, bob, alice, R"("op":{"restarting":true})");
  world.pass(base::Duration::seconds(60));
  EXPECT_EQ(world.routes.size(), 1u);
  EXPECT_EQ(summary(answer(kBob, bob, alice, "x")), "2001 ANSWER");
}

TEST_F(Downlinks, AnAnsweredOneThatNeverComesUpIsFreed) {
  publishing();
  const auto sdp = offered(watch(kBob, bob, alice));
  answer(kBob, bob, alice, viewer_answer(sdp));
  world.pass(base::Duration::seconds(30));
  EXPECT_EQ(shape(world), "osR-c");
}

TEST_F(Downlinks, TheAnswerMayRefuseALine) {  // B-34
  publishing();
  const auto sdp = offered(watch(kBob, bob, alice));
  EXPECT_EQ(summary(answer(kBob, bob, alice, viewer_answer(sdp, {"audio"}))), "");
  ASSERT_EQ(world.routes.size(), 1u);
  EXPECT_EQ(world.routes.begin()->second.tracks.size(), 1u);
}

TEST_F(Downlinks, AnAnswerThatRefusesAllClosesAndGarbageDoesNot) {  // B-34
  publishing();
  const auto sdp = offered(watch(kBob, bob, alice));
  EXPECT_EQ(summary(answer(kBob, bob, alice, "garbage")), "2001 ANSWER");
  EXPECT_EQ(shape(world), "o");
  EXPECT_EQ(summary(answer(kBob, bob, alice, viewer_answer(sdp, {"audio", "video"}))), "2001 ANSWER");
  EXPECT_EQ(shape(world), "oc");
}

TEST_F(Downlinks, AnAnswerToWhomNothingWasAskedIsTold) {  // B-40, B-53
  publishing();
  EXPECT_EQ(summary(answer(kBob, bob, alice, "x")), "2001 ANSWER");
  EXPECT_EQ(summary(answer(kBob, bob, carol, "x")), "4024 ANSWER");
  watch(kBob, bob, alice);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  world.heard(kBob);
  EXPECT_EQ(summary(answer(kBob, bob, alice, "x")), "4024 ANSWER");
}

TEST_F(Downlinks, ThoseWhoseCodecIsNoLongerPublishedAreFreed) {
  two();
  auto h264 = recorded("chromium156_h264_offer.sdp");
  EXPECT_EQ(summary(of(offer(kAlice, alice, h264, R"("op":{"restarting":true})"), "OFFER")), "200 OFFER");
  EXPECT_TRUE(world.routes.empty());
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
}

TEST_F(Downlinks, TheTableHasALimit) {
  auto config = test_config();
  config.limits.downlinks_per_session = 1;
  config.limits.held_watches_per_session = 1;
  TestWorld small(std::move(config));
  small.open(1);
  const Who second{.user = "alice", .session = "2"};
  small.tell(1, say("join", "JOIN", alice, R"("op":{"roomCreating":true})"));
  small.tell(1, say("join", "JOIN", second));
  small.tell(1, say("join", "JOIN", bob));
  small.tell(1, say("watch", "WATCH", bob, alice.to()));
  EXPECT_EQ(summary(small.tell(1, say("watch", "WATCH", bob, second.to()))), "500 WATCH");
}

TEST_F(Downlinks, OfSeveralSessionsAllAreOfferedOrNone) {  // B-30
  const Who screen{.user = "alice", .session = "screen"};
  publishing();
  join(kAlice, screen);
  publish(kAlice, screen, chromium);
  world.control.state().config.limits.downlinks_per_session = 1;
  world.forget();
  EXPECT_EQ(summary(world.tell(kBob, say("watch", "WATCH", bob, R"("to":{"userId":"alice"})"))), "500 WATCH");
  EXPECT_EQ(shape(world), "");
}

TEST_F(Downlinks, ARestartOfAConnectionThatIsGoneHasTimeForItsAnswer) {  // B-33
  publishing();
  const auto sdp = offered(watch(kBob, bob, alice));
  answer(kBob, bob, alice, viewer_answer(sdp));
  const auto peer = commands_of<plan::Route>(world)[0].peer;
  world.event(plan::PeerConnected{peer});
  world.event(plan::PeerGone{peer, plan::GoneReason::kConsentExpired});
  world.pass(base::Duration::seconds(9));
  EXPECT_EQ(summary(watch(kBob, bob, alice, R"("op":{"restarting":true})")), "200 WATCH");
  world.pass(base::Duration::seconds(5));
  EXPECT_EQ(world.control.numbers().downlinks, 1u);
  world.pass(base::Duration::seconds(30));
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
}

TEST_F(Downlinks, UnwatchFreesWhatIsWatched) {  // section 5, B-54
  two();
  const auto unwatch = say("unwatch", "UNWATCH", bob, alice.to());
  const auto heard = world.tell(kBob, unwatch);
  ASSERT_EQ(summary(heard), "200 UNWATCH");
  EXPECT_EQ(at(heard[0], "/b/rid"), "r");
  EXPECT_EQ(at(heard[0], "/b/to"), R"({"userId":"alice","sessionId":"s"})");
  EXPECT_EQ(shape(world), "-c");
  EXPECT_EQ(summary(world.tell(kBob, unwatch)), "200 UNWATCH");
  EXPECT_EQ(summary(world.tell(kBob, say("unwatch", "UNWATCH", bob, carol.to()))), "200 UNWATCH");
  EXPECT_EQ(summary(world.tell(kBob, say("iceCandidate", "ICE", bob, alice.to() + R"(,"sdp":"")"))), "") << "B-41";
  EXPECT_EQ(shape(world), "-c");
  view(kBob, bob, alice);
}

TEST_F(Downlinks, UnwatchOfAUserFreesAllTheirSessions) {
  two();
  const Who screen{.user = "alice", .session = "screen"};
  join(kAlice, screen);
  publish(kAlice, screen, chromium);
  view(kBob, bob, screen);
  EXPECT_EQ(world.control.numbers().downlinks, 2u);
  const auto heard = world.tell(kBob, say("unwatch", "UNWATCH", bob, R"("to":{"userId":"alice"})"));
  EXPECT_EQ(at(heard.at(0), "/b/to"), R"({"userId":"alice"})");
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
}

TEST_F(Downlinks, UnwatchTakesAHeldWatchBack) {
  watch(kBob, bob, alice);
  world.tell(kBob, say("watch", "WATCH", bob, R"("to":{"userId":"alice"})"));
  EXPECT_EQ(summary(world.tell(kBob, say("unwatch", "UNWATCH", bob, R"("to":{"userId":"alice"})"))), "200 UNWATCH");
  publishing_now();
  world.pass(base::Duration::seconds(5));
  EXPECT_TRUE(of(world.heard(kBob), "WATCH").empty());
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
}

TEST_F(Downlinks, AWishGoesToTheShardWithTheRoute) {  // section 5
  two();
  const auto wish = [&](const std::string& rest) {
    return world.tell(kBob, say("simulcastUpdate", "SIMULCAST_UPDATE", bob, alice.to() + "," + rest));
  };
  const auto heard = wish(R"("layer":"l")");
  ASSERT_EQ(summary(heard), "200 SIMULCAST_UPDATE");
  EXPECT_EQ(at(heard[0], "/b/to/sessionId"), "s");
  EXPECT_EQ(at(heard[0], "/b/layer"), "l");
  EXPECT_EQ(summary(wish(R"("layer":"l")")), "200 SIMULCAST_UPDATE") << "twice is no harm, and no Command";
  wish(R"("layer":"h","pause":true)");
  wish(R"("layer":"m")");
  wish(R"("layer":"auto")");
  EXPECT_EQ(shape(world), "RRRR");
  const auto routes = commands_of<plan::Route>(world);
  EXPECT_EQ(routes[0].wish, (plan::Wish{.layer = plan::Layer::kLow, .paused = false}));
  EXPECT_EQ(routes[1].wish, (plan::Wish{.layer = plan::Layer::kHigh, .paused = true}));
  EXPECT_EQ(routes[2].wish, (plan::Wish{.layer = plan::Layer::kMedium, .paused = false}));
  EXPECT_EQ(routes[3].wish, plan::Wish{});
  EXPECT_EQ(routes[0].tracks.size(), 2u);
}

TEST_F(Downlinks, AWishMayComeBeforeTheAnswer) {  // B-9
  publishing();
  const auto sdp = offered(watch(kBob, bob, alice));
  world.tell(kBob, say("simulcastUpdate", "SIMULCAST_UPDATE", bob, alice.to() + R"(,"layer":"l")"));
  answer(kBob, bob, alice, viewer_answer(sdp));
  EXPECT_EQ(commands_of<plan::Route>(world).at(0).wish.layer, plan::Layer::kLow);
}

TEST_F(Downlinks, AWishForWhatIsNotWatchedIsRefused) {  // B-54
  publishing();
  const auto wish = [&](const Who& target) {
    return summary(world.tell(kBob, say("simulcastUpdate", "SIMULCAST_UPDATE", bob, target.to() + R"(,"layer":"l")")));
  };
  EXPECT_EQ(wish(alice), "2001 SIMULCAST_UPDATE");
  EXPECT_EQ(wish(carol), "4024 SIMULCAST_UPDATE");
}

}  // namespace
}  // namespace heliograph::control
