// SPDX-License-Identifier: Apache-2.0
#include "control/uplinks.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

class Uplinks : public ControlTest {
 protected:
  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, alice);
    join(kBob, bob);
    world.forget();
  }
  // The same PeerConnection after an ICE restart; another PeerConnection.
  std::string restarted() const { return replaced(chromium, "a=ice-ufrag:Wgpj", "a=ice-ufrag:Next"); }
  std::string other() const {
    return replaced(replaced(restarted(), "sha-256 6D:", "sha-256 00:"), "a=ice-ufrag:Next", "a=ice-ufrag:Else");
  }
  static constexpr const char* kRestarting = R"("op":{"restarting":true})";
};

TEST_F(Uplinks, AnOfferIsAnsweredAndListedWhenItsTransportIsUp) {  // B-20, B-26
  const auto heard = offer(kAlice, alice, chromium, R"("tid":5,"to":"leftover")");
  ASSERT_EQ(summary(heard), "200 OFFER");
  EXPECT_EQ(at(heard[0], "/b/rid"), "r");
  EXPECT_EQ(at(heard[0], "/b/tid"), "5");
  EXPECT_EQ(at(heard[0], "/b/sessionId"), "s");
  EXPECT_NE(at(heard[0], "/b/sdp").find("a=recvonly"), std::string::npos);
  EXPECT_EQ(shape(world), "osP");
  EXPECT_TRUE(world.heard(kBob).empty());
  world.event(plan::PeerConnected{last_opened()});
  const auto list = world.heard(kBob);
  ASSERT_EQ(summary(list), "200 PUBLISH_LIST_CHANGED");
  EXPECT_EQ(at(list[0], "/b/pps/0/id"), "alice");
  EXPECT_EQ(at(list[0], "/b/pps/0/video"), "true");
}

TEST_F(Uplinks, APublicationThatDoesNotComeUpIsDropped) {  // B-26
  offer(kAlice, alice, chromium);
  world.pass(base::Duration::millis(14'999));
  EXPECT_EQ(world.control.numbers().publications, 1u);
  world.pass(base::Duration::millis(1));
  EXPECT_EQ(shape(world), "osPUc");
  EXPECT_EQ(world.control.numbers().publications, 0u);
}

TEST_F(Uplinks, TheSameOfferGetsTheSameAnswer) {  // B-9, B-61
  const auto first = offer(kAlice, alice, chromium, R"("tid":1)");
  const auto again = offer(kAlice, alice, chromium, R"("tid":2)");
  EXPECT_EQ(at(first[0], "/b/sdp"), at(again[0], "/b/sdp"));
  EXPECT_EQ(at(again[0], "/b/tid"), "2");
  EXPECT_EQ(shape(world), "osP");
}

TEST_F(Uplinks, AnIceRestartKeepsPeerPublicationAndWatchers) {  // B-22
  two();
  const auto heard = offer(kAlice, alice, restarted(), kRestarting);
  ASSERT_EQ(summary(heard), "200 OFFER");
  EXPECT_EQ(shape(world), "isP");
  EXPECT_EQ(commands_of<plan::RestartIce>(world)[0].peer, uplink);
  EXPECT_NE(at(heard[0], "/b/sdp").find("a=ice-ufrag:" + commands_of<plan::RestartIce>(world)[0].local.ufrag),
            std::string::npos);
  EXPECT_TRUE(world.heard(kBob).empty());
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, AnotherPeerConnectionTakesThePublicationOver) {  // B-22
  two();
  const auto publication = world.routes.begin()->first.first;
  EXPECT_EQ(summary(offer(kAlice, alice, other(), kRestarting)), "200 OFFER");
  EXPECT_EQ(shape(world), "osP") << "the old one goes on until the new one is up";
  EXPECT_EQ(last_opened().shard, uplink.shard);
  EXPECT_EQ(commands_of<plan::Publish>(world)[0].publication, publication);
  EXPECT_TRUE(world.heard(kBob).empty());
  EXPECT_EQ(world.routes.size(), 1u);
  world.event(plan::PeerConnected{last_opened()});
  EXPECT_EQ(shape(world), "osPc");
  ASSERT_EQ(commands_of<plan::ClosePeer>(world).size(), 1u);
  EXPECT_EQ(commands_of<plan::ClosePeer>(world)[0].peer, uplink);
  world.pass(base::Duration::seconds(20));
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, WhatNeverComesUpGivesThePublicationBackToThePeerConnectionBefore) {  // B-22
  two();
  offer(kAlice, alice, other(), kRestarting);
  const auto failed = last_opened();
  world.pass(base::Duration::seconds(15));
  EXPECT_EQ(shape(world), "osPPc");
  EXPECT_EQ(commands_of<plan::Publish>(world)[1].peer, uplink);
  EXPECT_EQ(commands_of<plan::ClosePeer>(world)[0].peer, failed);
  EXPECT_TRUE(world.heard(kBob).empty());
}

TEST_F(Uplinks, TheSameOfferAfterItsPeerConnectionFailedIsANewAttempt) {  // B-9, B-22
  two();
  offer(kAlice, alice, other(), kRestarting);
  world.event(plan::PeerGone{last_opened(), plan::GoneReason::kDtlsFailed});
  world.pass(base::Duration::seconds(10));
  EXPECT_EQ(shape(world), "osPPc") << "back to the one before";
  world.forget();
  EXPECT_EQ(summary(offer(kAlice, alice, other(), kRestarting)), "200 OFFER");
  EXPECT_EQ(shape(world), "osP") << "younger than 15 s, but its answer is of no use any more";
}

TEST_F(Uplinks, WhenBothPeerConnectionsFailThePublicationEnds) {  // B-22, B-26
  two();
  offer(kAlice, alice, other(), kRestarting);
  world.event(plan::PeerGone{uplink, plan::GoneReason::kDtlsClosed});
  EXPECT_EQ(shape(world), "osPc") << "the old one is closed as soon as it has died";
  EXPECT_EQ(world.routes.size(), 1u);
  world.pass(base::Duration::seconds(15));
  EXPECT_EQ(world.control.numbers().publications, 0u);
  EXPECT_EQ(world.routes.size(), 0u);
}

TEST_F(Uplinks, ASwapOverASwapKeepsTheOneThatLives) {  // B-22
  two();
  offer(kAlice, alice, other(), kRestarting);
  const auto second = last_opened();
  const auto third = replaced(replaced(other(), "sha-256 00:", "sha-256 11:"), "a=ice-ufrag:Else", "a=ice-ufrag:More");
  world.forget();
  EXPECT_EQ(summary(offer(kAlice, alice, third, kRestarting)), "200 OFFER");
  EXPECT_EQ(shape(world), "osPc");
  EXPECT_EQ(commands_of<plan::ClosePeer>(world)[0].peer, second);
  world.event(plan::PeerConnected{last_opened()});
  world.event(plan::PeerConnected{second});  // late: closed already
  EXPECT_TRUE(world.peers.contains(downlink) && world.peers.size() == 2);
  EXPECT_FALSE(world.peers.contains(uplink));
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, AClientThatGivesItsNewPeerConnectionUpSpeaksOfTheOldOne) {  // B-22
  two();
  offer(kAlice, alice, other(), kRestarting);
  const auto second = last_opened();
  world.forget();
  EXPECT_EQ(summary(offer(kAlice, alice, restarted(), kRestarting)), "200 OFFER");
  EXPECT_EQ(shape(world), "PcisP") << "back to the old one, then an ICE restart of it";
  EXPECT_EQ(commands_of<plan::ClosePeer>(world)[0].peer, second);
  EXPECT_EQ(commands_of<plan::RestartIce>(world)[0].peer, uplink);
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, WhoLeavesInASwapLeavesNothingBehind) {  // B-22
  two();
  offer(kAlice, alice, other(), kRestarting);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  EXPECT_TRUE(world.peers.empty());
  EXPECT_TRUE(world.publications.empty());
}

TEST_F(Uplinks, AnOldPeerConnectionKeepsItsSessionAliveInASwap) {  // B-13, B-22
  two();
  world.close(kAlice);
  world.open(9);
  offer(9, alice, other(), kRestarting);
  world.close(9);
  world.pass(base::Duration::seconds(60));
  EXPECT_EQ(world.control.numbers().publications, 1u);
}

TEST_F(Uplinks, UnpublishEndsThePublicationAndTheWatching) {  // section 5
  two();
  const auto heard = of(world.tell(kAlice, say("unpublish", "UNPUBLISH", alice, R"("tid":9)")), "UNPUBLISH");
  ASSERT_EQ(summary(heard), "200 UNPUBLISH");
  EXPECT_EQ(at(heard[0], "/b/rid"), "r");
  EXPECT_EQ(at(heard[0], "/b/sessionId"), "s");
  EXPECT_EQ(at(heard[0], "/b/tid"), "9");
  EXPECT_EQ(shape(world), "-cUc");
  EXPECT_EQ(at(world.heard(kBob).at(0), "/b/pps"), "[]");
  EXPECT_EQ(summary(world.tell(kAlice, say("unpublish", "UNPUBLISH", alice))), "200 UNPUBLISH") << "B-54: of nothing";
  publish(kAlice, alice, chromium);
}

TEST_F(Uplinks, RestartingWithoutAnUplinkIsAFreshStart) {  // B-22
  EXPECT_EQ(summary(offer(kAlice, alice, chromium, kRestarting)), "200 OFFER");
  EXPECT_EQ(shape(world), "osP");
}

TEST_F(Uplinks, ATrackDroppedIsARenegotiation) {  // B-23
  two();
  const auto audio_only =
      replaced(chromium.substr(0, chromium.find("m=video")), "a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0");
  EXPECT_EQ(summary(of(offer(kAlice, alice, audio_only), "OFFER")), "200 OFFER");
  EXPECT_EQ(commands_of<plan::Publish>(world)[0].peer, uplink);
  EXPECT_EQ(commands_of<plan::Publish>(world)[0].tracks.size(), 1u);
  EXPECT_TRUE(commands_of<plan::OpenPeer>(world).empty());
  EXPECT_EQ(world.routes.begin()->second.tracks.size(), 1u);
  EXPECT_EQ(at(world.heard(kBob).at(0), "/b/pps/0/video"), "false");
}

TEST_F(Uplinks, AnotherOfferWithoutRestartingBeginsANewPublication) {  // B-23
  two();
  EXPECT_EQ(summary(of(offer(kAlice, alice, other()), "OFFER")), "200 OFFER");
  EXPECT_EQ(shape(world), "-cUcosP");
  EXPECT_EQ(at(world.heard(kBob).at(0), "/b/pps"), "[]");
  world.event(plan::PeerConnected{last_opened()});
  EXPECT_EQ(at(world.heard(kBob).at(0), "/b/pps/0/id"), "alice");
}

TEST_F(Uplinks, AnUnusableOfferLeavesTheLivingUplinkUntouched) {  // B-24
  two();
  for (const auto& sdp : {std::string("hello"), std::string(), replaced(chromium, "a=fingerprint", "a=x-fingerprint"),
                          replaced(chromium, "a=sendonly", "a=recvonly")})
    EXPECT_EQ(summary(offer(kAlice, alice, sdp)), "2001 OFFER");
  EXPECT_TRUE(world.commands.empty());
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, InAnA2mRoomVideoIsNotPublished) {
  const Who singer{.user = "alice", .session = "s", .ch = "a2m", .rid = "songs"};
  create(kAlice, singer);
  publish(kAlice, singer, chromium);
  const auto list = of(world.heard(kAlice), "PUBLISH_LIST_CHANGED");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(at(list[0], "/b/pps/0/video"), "false");
  EXPECT_EQ(at(list[0], "/b/pps/0/audio"), "true");
  EXPECT_EQ(commands_of<plan::Publish>(world)[0].tracks.size(), 1u);
}

TEST_F(Uplinks, EveryClientThatWeKnowOfCanPublish) {  // B-21
  const char* files[] = {"aiortc140_default_offer.sdp",
                         "chromium156_simulcast_vp8_offer.sdp",
                         "firefox153esr_simulcast_offer.sdp",
                         "gstreamer122_h264_offer.sdp",
                         "libdatachannel_nodedc0334_offer.sdp",
                         "pion3156_offer.sdp",
                         "werift0244_offer.sdp",
                         "wrtc0100_offer.sdp"};
  for (const auto* file : files) {
    EXPECT_EQ(summary(of(offer(kAlice, alice, recorded(file)), "OFFER")), "200 OFFER") << file;
    world.event(plan::PeerConnected{last_opened()});
    EXPECT_EQ(world.control.numbers().publications, 1u) << file;
  }
}

// B-20, B-21, B-41: as loosely as real clients speak.
TEST_F(Uplinks, ALooseClientPublishesAndIsWatched) {
  auto h264 = recorded("chromium156_h264_offer.sdp");
  for (size_t fmtp; (fmtp = h264.find("a=fmtp:")) != std::string::npos;)
    h264.erase(fmtp, h264.find("\r\n", fmtp) + 2 - fmtp);
  for (size_t line; (line = h264.find("a=candidate:")) != std::string::npos;)  // no trickle, and nothing inside either
    h264.erase(line, h264.find("\r\n", line) + 2 - line);
  for (const auto* to : {R"("to":"bob")", R"("to":{"userId":"x","sessionId":""})", R"("to":7)", R"("to":null)"}) {
    EXPECT_EQ(summary(of(offer(kAlice, alice, h264, to), "OFFER")), "200 OFFER") << to;
  }
  world.event(plan::PeerConnected{last_opened()});
  EXPECT_EQ(summary(of(world.tell(kAlice, say("iceCandidate", "ICE", alice, R"("to":"alice","sdp":"")")), "ICE")), "");
  view(kBob, bob, alice);
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, AGoneUplinkIsFreedUnlessItComesBack) {
  two();
  world.event(plan::PeerGone{uplink, plan::GoneReason::kConsentExpired});
  world.pass(base::Duration::seconds(9));
  world.event(plan::PeerRevived{uplink});
  world.pass(base::Duration::seconds(30));
  EXPECT_EQ(world.routes.size(), 1u);
  world.event(plan::PeerGone{uplink, plan::GoneReason::kConsentExpired});
  world.pass(base::Duration::seconds(10));
  EXPECT_EQ(world.routes.size(), 0u);
  EXPECT_EQ(world.control.numbers().publications, 0u);
}

TEST_F(Uplinks, AfterDtlsIsOverARestartNeedsANewPeer) {
  two();
  world.event(plan::PeerGone{uplink, plan::GoneReason::kDtlsClosed});
  offer(kAlice, alice, restarted(), kRestarting);
  EXPECT_EQ(shape(world), "osPc") << "the one before is dead: it is not kept";
  EXPECT_EQ(world.routes.size(), 1u);
}

TEST_F(Uplinks, PublishersGoWhereLeastIsToDo) {
  publish(kAlice, alice, chromium);
  publish(kBob, bob, chromium);
  EXPECT_EQ(world.control.numbers().peers_by_shard, (std::vector<size_t>{1, 1}));
}

}  // namespace
}  // namespace heliograph::control
