// SPDX-License-Identifier: Apache-2.0
// What the scenarios of sim/ do not reach: commands out of turn, addresses shared and moved, rings that are full.
#include "shard/shard.h"

#include <array>

#include "gtest/gtest.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "shard/testing_shards.h"

namespace heliograph::shard {
namespace {

using namespace testing_shards;  // NOLINT

TEST_F(Shards, WhatComesFromNowhereIsCounted) {
  give(0, {address(1), 0}, {0x80, 96, 0, 0});
  give(0, {address(1), 0}, {});
  give(0, {address(1), 0}, Bytes(30, 0));
  EXPECT_EQ(shards_[0]->counters().unknown_peer, 3u);
}

TEST_F(Shards, ACheckForAnUnknownUserNameIsCounted) {
  ice::ControllingAgent stranger({"aaaa", "bbbbbbbbbbbbbbbbbbbbbb"}, {"cccc", "dddddddddddddddddddddd"}, 1);
  stranger.add_remote(now_, address(1000));
  ice::Out out;
  stranger.on_time(now_, out);
  ASSERT_EQ(out.size(), 1u);
  give(0, {address(1), 0}, Bytes(out[0].bytes().begin(), out[0].bytes().end()));
  EXPECT_EQ(shards_[0]->counters().unknown_peer, 1u);
  EXPECT_TRUE(outs_[0]->take().empty()) << "and not answered";
}

TEST_F(Shards, CommandsForWhatDoesNotExistDoNothing) {
  const plan::PeerId nobody{0, 999};
  execute(0, plan::SetRemote{nobody, {}});
  execute(0, plan::RestartIce{nobody, {"ufrag", "password"}});
  execute(0, plan::ClosePeer{nobody});
  execute(0, plan::Publish{nobody, publication_, {uplink_track()}});
  execute(0, plan::Unpublish{publication_});
  execute(0, plan::Route{publication_, nobody, {downlink_track(1)}});
  execute(0, plan::Unroute{publication_, nobody});
  EXPECT_EQ(shards_[0]->peer_count(), 0u);
  EXPECT_EQ(shards_[0]->publication_count(), 0u);
  EXPECT_TRUE(shards_[0]->next_time().is_never());
}

TEST_F(Shards, APeerIsOpenedOnce) {
  execute(0, plan::OpenPeer{{0, 5}, {"ufrag", "password"}});
  execute(0, plan::OpenPeer{{0, 5}, {"other", "password"}});
  EXPECT_EQ(shards_[0]->peer_count(), 1u);
  execute(0, plan::ClosePeer{{0, 5}});
  EXPECT_EQ(shards_[0]->peer_count(), 0u);
}

TEST_F(Shards, AClosedPeerIsUnknown) {
  Caller& caller = connect(0, 1);
  execute(0, plan::ClosePeer{caller.id});
  const auto before = shards_[0]->counters().unknown_peer;
  send(caller, 1, 1, true);
  exchange();
  EXPECT_GE(shards_[0]->counters().unknown_peer, before + 1);
  EXPECT_EQ(shards_[0]->counters().packets_received, 0u);
  EXPECT_EQ(caller.peer.state(now_), transport::Peer::State::kDtlsClosed) << "it was told";
}

// Whoever's check came last from an address has it.
TEST_F(Shards, AnAddressBelongsToWhoLastProvedItself) {
  Caller& first = connect(0, 1);
  first.deaf = true;
  Caller& second = connect(0, 1);
  execute(0, plan::Publish{second.id, publication_, {uplink_track()}});
  send(second, 5, 1, true);
  exchange();
  EXPECT_EQ(shards_[0]->counters().packets_received, 1u);
  execute(0, plan::ClosePeer{first.id});
  send(second, 5, 2, false);
  exchange();
  EXPECT_EQ(shards_[0]->counters().packets_received, 2u) << "closing the first takes nothing from the second";
}

// Two peers that check from one address in turn: each time the address changes hands, and never gets lost.
TEST_F(Shards, AnAddressMayChangeHandsManyTimes) {
  Caller& first = connect(0, 1);
  Caller& second = connect(0, 2);
  second.self = first.self;
  execute(0, plan::Publish{second.id, publication_, {uplink_track()}});
  for (uint64_t i = 0; i < 40; ++i) run(Duration::seconds(3));
  second.self = address(1);
  first.deaf = true;
  run(Duration::seconds(7));  // a consent check of the second
  const auto before = shards_[0]->counters().packets_received;
  send(second, 5, 1, true);
  exchange();
  EXPECT_EQ(shards_[0]->counters().packets_received, before + 1);
}

TEST_F(Shards, APeerOnManyAddressesIsKnownByTheLatest) {
  Caller& caller = connect(0, 1);
  execute(0, plan::Publish{caller.id, publication_, {uplink_track()}});
  for (uint32_t host = 2; host < 40; ++host) {
    caller.self = address(host);
    run(Duration::seconds(7));
    const auto before = shards_[0]->counters().packets_received;
    send(caller, 5, host, true);
    exchange();
    ASSERT_EQ(shards_[0]->counters().packets_received, before + 1) << host;
  }
}

// RFC 8445 section 9: the credentials in use are good until the new ones are used, however many were offered since.
TEST_F(Shards, RestartsThatNobodyUsesDoNotCutThePeerOff) {
  Caller& caller = connect(0, 1);
  for (int i = 0; i < 4; ++i)
    execute(0, plan::RestartIce{caller.id, {"restart" + std::to_string(i), "server-password-of-22-chars"}});
  run(Duration::seconds(60));
  EXPECT_EQ(caller.peer.state(now_), transport::Peer::State::kConnected);
  EXPECT_EQ(events_.size(), 1u);
}

TEST_F(Shards, EventsAreToldOnceEach) {
  Caller& caller = connect(0, 1);
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(std::get<plan::PeerConnected>(events_[0]).peer, caller.id);
  caller.deaf = true;
  run(Duration::seconds(40));
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(std::get<plan::PeerGone>(events_[1]).reason, plan::GoneReason::kConsentExpired);
}

TEST_F(Shards, APublisherMayComeBeforeOrAfterItsViewers) {
  Caller& viewer = connect(0, 1);
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  EXPECT_EQ(shards_[0]->publication_count(), 1u);
  Caller& publisher = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  send(publisher, 5, 1, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 1u);
  execute(0, plan::Unroute{publication_, viewer.id});
  send(publisher, 5, 2, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 1u);
  EXPECT_TRUE(shards_[0]->routes().empty());
  EXPECT_EQ(shards_[0]->counters().packets_received, 2u);
  EXPECT_EQ(shards_[0]->counters().packets_forwarded, 1u);
}

// RFC 7714 section 8.1: under the same keys, numbers that were used do not come back.
TEST_F(Shards, ALineThatComesBackGoesOnInItsNumbers) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  uint64_t index = 1;
  for (int round = 0; round < 10; ++round) {
    execute(0, plan::Route{publication_, viewer.id, {downlink_track(50)}});
    for (int i = 0; i < 20; ++i) send(publisher, 5, index++, i == 0);
    exchange();
    round % 2 == 0 ? execute(0, plan::Unroute{publication_, viewer.id})
                   : execute(0, plan::Route{publication_, viewer.id, {}});
    for (int i = 0; i < 30; ++i) send(publisher, 5, index++, i == 0);  // nobody watches
    exchange();
  }
  ASSERT_EQ(viewer.rtp.size(), 200u) << "the viewer's replay window took every one";
  for (size_t i = 1; i < viewer.rtp.size(); ++i)
    EXPECT_EQ(number_of(viewer.rtp[i]), static_cast<uint16_t>(number_of(viewer.rtp[i - 1]) + 1));
}

// SIMULCAST_UPDATE is a Route with the same lines.
TEST_F(Shards, AnotherWishForTheSameLinesIsNoBreak) {
  for (const plan::ShardIndex shard : {plan::ShardIndex{0}, plan::ShardIndex{1}}) {
    const plan::PublicationId publication{0, 200U + shard};
    Caller& publisher = connect(0, 20U + shard);
    Caller& viewer = connect(shard, 30U + shard);
    execute(0, plan::Publish{publisher.id, publication, {uplink_track()}});
    execute(shard, plan::Route{publication, viewer.id, {downlink_track(50)}});
    exchange();
    send(publisher, 5, 1, true);
    run(Duration::millis(600));
    const auto asked = shards_[0]->counters().keyframes_requested;
    execute(shard, plan::Route{publication, viewer.id, {downlink_track(50)}, {.layer = plan::Layer::kLow}});
    send(publisher, 5, 2, false);
    run(Duration::millis(600));
    ASSERT_EQ(viewer.rtp.size(), 2u);
    EXPECT_EQ(number_of(viewer.rtp[1]), static_cast<uint16_t>(number_of(viewer.rtp[0]) + 1));
    EXPECT_EQ(shards_[0]->counters().keyframes_requested, asked);
  }
}

TEST_F(Shards, WhoIsPausedGetsNoVideoAndAsksForNone) {
  const plan::Wish pause{.paused = true};
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  const std::vector lines{downlink_track(50), downlink_track(51, plan::Codec::kOpus)};
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track(), uplink_track(plan::Codec::kOpus)}});
  execute(0, plan::Route{publication_, viewer.id, lines, pause});
  send(publisher, 5, 1, true);
  send(publisher, 6, 1, false, 111);
  run(Duration::millis(600));
  EXPECT_EQ(viewer.rtp.size(), 1u) << "the sound";
  send_rtcp(viewer, rtcp::PictureLossIndication{{base::Ssrc(1), base::Ssrc(50)}});
  run(Duration::millis(600));
  EXPECT_EQ(shards_[0]->counters().keyframes_requested, 0u);
  execute(0, plan::Route{publication_, viewer.id, lines});
  run(Duration::millis(20));
  EXPECT_EQ(shards_[0]->counters().keyframes_requested, 1u) << "at once";
  send(publisher, 5, 2, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 2u);
  execute(0, plan::Route{publication_, viewer.id, {}});
  execute(0, plan::Route{publication_, viewer.id, lines, pause});
  send(publisher, 5, 3, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 2u) << "a line that comes back is paused too";
}

// B-22: a microphone that is faster than its camera does not take the picture away.
TEST_F(Shards, EachTrackIsTakenOverWhenItBegins) {
  const std::vector tracks{uplink_track(), uplink_track(plan::Codec::kOpus)};
  Caller& old = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{old.id, publication_, tracks});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50), downlink_track(51, plan::Codec::kOpus)}});
  send(old, 5, 1, true);
  exchange();
  Caller& fresh = connect(0, 3);
  execute(0, plan::Publish{fresh.id, publication_, tracks});
  send(fresh, 8, 1, false, 111);
  exchange();
  send(old, 5, 2, false);
  send(old, 6, 1, false, 111);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 3u) << "the new sound and the old picture";
  send(fresh, 7, 1, false);
  send(old, 5, 3, false);
  run(Duration::millis(100));
  EXPECT_EQ(viewer.rtp.size(), 4u) << "nobody can go on from there";
  EXPECT_GE(shards_[0]->counters().keyframes_requested, 1u) << "but a keyframe is asked for";
  send(fresh, 7, 2, true);
  exchange();
  send(old, 5, 4, false);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 5u);
}

TEST_F(Shards, ARouteMayReplaceEveryLine) {
  for (const plan::ShardIndex shard : {plan::ShardIndex{0}, plan::ShardIndex{1}}) {
    Caller& viewer = connect(shard, 10U + shard);
    execute(shard, plan::Route{publication_, viewer.id, {downlink_track(50)}});
    execute(shard, plan::Route{publication_, viewer.id, {downlink_track(51), downlink_track(52, plan::Codec::kOpus)}});
    EXPECT_EQ(shards_[shard]->routes().size(), 1u);
    execute(shard, plan::Route{publication_, viewer.id, {}});
    EXPECT_TRUE(shards_[shard]->routes().empty());
    exchange();
    EXPECT_EQ(shards_[shard]->publication_count(), 0u);
  }
}

TEST_F(Shards, AViewerThatRefusedVideoGetsAudio) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track(plan::Codec::kOpus), uplink_track()}});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50, plan::Codec::kOpus)}});
  send(publisher, 5, 1, true);
  send(publisher, 6, 1, true, 111);
  exchange();
  ASSERT_EQ(viewer.rtp.size(), 1u);
  EXPECT_EQ(viewer.rtp[0][1] & 0x7f, 111);
}

TEST_F(Shards, AnotherCodecIsNotSentOnALineThatDidNotNegotiateIt) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50, plan::Codec::kH264)}});
  send(publisher, 5, 1, true);
  exchange();
  EXPECT_TRUE(viewer.rtp.empty());
}

TEST_F(Shards, TracksMayChangeUnderThePublication) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50), downlink_track(51, plan::Codec::kOpus)}});
  send(publisher, 5, 1, true);
  exchange();
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track(plan::Codec::kOpus), uplink_track()}});
  send(publisher, 5, 2, false);
  send(publisher, 6, 1, true, 111);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 2u) << "video waits for a keyframe of the new uplink";
  run(Duration::millis(600));
  EXPECT_GE(shards_[0]->counters().keyframes_requested, 1u) << "which is asked for";
  send(publisher, 5, 3, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 3u);
}

// B-22: the new PeerConnection takes over; what the old one still sends does not take it back.
TEST_F(Shards, TheOldUplinkIsSilencedByTheFirstPacketOfTheNew) {
  Caller& old = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{old.id, publication_, {uplink_track()}});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  send(old, 5, 1, true);
  exchange();
  Caller& fresh = connect(0, 3);
  execute(0, plan::Publish{fresh.id, publication_, {uplink_track()}});
  send(old, 5, 2, false);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 2u) << "until then it goes on";
  send(fresh, 9, 1, true);
  exchange();
  send(old, 5, 3, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 3u) << "no keyframe of the old one turns the viewer back";
  send(fresh, 9, 2, false);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 4u);
  execute(0, plan::ClosePeer{old.id});
  execute(0, plan::ClosePeer{fresh.id});
  EXPECT_EQ(shards_[0]->publication_count(), 1u) << "published until it is not";
  execute(0, plan::Unpublish{publication_});
  execute(0, plan::ClosePeer{viewer.id});
  EXPECT_EQ(shards_[0]->publication_count(), 0u);
}

// Two SSRCs in one batch: what waits for the fan-out is not lost when the second takes the layer over.
TEST_F(Shards, ATakeoverWithinABatchLosesNothing) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  for (uint64_t i = 1; i <= 5; ++i) send(publisher, 5, i, i == 1);
  for (uint64_t i = 1; i <= 5; ++i) send(publisher, 6, i, i == 1);
  send(publisher, 6, 5 + 1024, false);  // and a jump over the whole ring
  std::vector<Bytes> kept;
  std::vector<base::Datagram> batch;
  for (auto& [path, bytes] : publisher.out.take()) kept.push_back(bytes);
  for (auto& bytes : kept) batch.push_back({{publisher.self, 0}, bytes});
  shards_[0]->receive(now_, batch, outs_[0]->batch);
  exchange();
  ASSERT_EQ(viewer.rtp.size(), 11u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(viewer.rtp[i].back(), i % 5 + 1);
    if (i > 0) EXPECT_EQ(number_of(viewer.rtp[i]), static_cast<uint16_t>(number_of(viewer.rtp[i - 1]) + 1));
  }
}

TEST_F(Shards, ANackIsAnsweredAndCounted) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(0, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(0, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  viewer.deaf = true;
  send(publisher, 5, 1, true);
  exchange();
  viewer.deaf = false;
  send(publisher, 5, 2, false);
  exchange();
  ASSERT_EQ(viewer.rtp.size(), 1u);
  const auto lost = static_cast<uint16_t>(number_of(viewer.rtp[0]) - 1);
  const std::array<uint16_t, 2> asked{static_cast<uint16_t>(lost - 1), lost};
  send_rtcp(viewer, rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(50)}, asked));
  send_rtcp(viewer, rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(51)}, asked));  // a stream that it does not watch
  exchange();
  ASSERT_EQ(viewer.rtp.size(), 2u);
  EXPECT_EQ(number_of(viewer.rtp[1]), lost);
  EXPECT_EQ(viewer.rtp[1].back(), 1);
  EXPECT_EQ(shards_[0]->counters().resent, 1u);
  EXPECT_EQ(shards_[0]->counters().resends_missed, 1u);
}

TEST_F(Shards, AFullRingLosesMediaAndKeepsWords) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(1, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(1, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  exchange();
  for (uint64_t i = 1; i <= 20; ++i) send(publisher, 5, i, i == 1);
  exchange(false);  // shard 1 does not look
  EXPECT_EQ(shards_[0]->counters().crossings_lost, 12u);
  EXPECT_EQ(shards_[0]->take_wakes(), 2u);
  execute(0, plan::Unpublish{publication_});
  const plan::PublicationId other{0, 101};
  execute(0, plan::Publish{publisher.id, other, {uplink_track()}});
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 8u);
  // The word that it ended came too, behind what was lost: there is nothing to send again any more.
  const std::array<uint16_t, 1> asked{number_of(viewer.rtp[0])};
  send_rtcp(viewer, rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(50)}, asked));
  exchange();
  EXPECT_EQ(shards_[1]->counters().resends_missed, 1u);
  run(Duration::millis(300));
  execute(1, plan::ClosePeer{viewer.id});
  exchange();
  EXPECT_EQ(shards_[1]->publication_count(), 0u);
}

// A sender report is said again soon: any number of them costs no memory.
TEST_F(Shards, SenderReportsDoNotWaitForAFullRing) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(1, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(1, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  exchange();
  send(publisher, 5, 1, true);
  for (int i = 0; i < 100; ++i) {
    rtcp::SenderReport report;
    report.sender = base::Ssrc(5);
    send_rtcp(publisher, report);
  }
  exchange(false);
  EXPECT_EQ(shards_[0]->counters().crossings_lost, 101u - 8);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 1u);
}

TEST_F(Shards, KeyframesAreAskedForAcrossShards) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(1, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(1, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  send(publisher, 5, 1, true);
  run(Duration::seconds(1));
  send(publisher, 5, 2, true);
  exchange();
  const auto before = shards_[0]->counters().keyframes_requested;
  send_rtcp(viewer, rtcp::PictureLossIndication{{base::Ssrc(1), base::Ssrc(50)}});
  run(Duration::millis(600));
  EXPECT_GE(shards_[0]->counters().keyframes_requested, before + 1);
  EXPECT_GE(viewer.rtp.size(), 1u);
}

// The publication ends while another shard still watches, and begins again under another number.
TEST_F(Shards, WatchersElsewhereHearThatItEnded) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(1, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(1, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  exchange();
  send(publisher, 5, 1, true);
  exchange();
  execute(0, plan::Unpublish{publication_});
  exchange();
  EXPECT_EQ(shards_[0]->publication_count(), 0u);
  EXPECT_EQ(shards_[1]->publication_count(), 1u) << "it is routed until it is not";
  const auto missed = shards_[1]->counters().resends_missed;
  const std::array<uint16_t, 1> asked{number_of(viewer.rtp.at(0))};
  send_rtcp(viewer, rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(50)}, asked));
  run(Duration::seconds(2));
  EXPECT_EQ(shards_[1]->counters().resends_missed, missed + 1);
  execute(1, plan::Unroute{publication_, viewer.id});
  exchange();
  EXPECT_EQ(shards_[1]->publication_count(), 0u);
  EXPECT_EQ(shards_[0]->publication_count(), 0u);
}

}  // namespace
}  // namespace heliograph::shard
