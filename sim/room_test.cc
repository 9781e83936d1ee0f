// SPDX-License-Identifier: Apache-2.0
// Scenarios: real shards, model peers, virtual time. Every one runs under several seeds.
#include <algorithm>
#include <cstdlib>

#include "gtest/gtest.h"
#include "sim/world.h"

namespace heliograph::sim {
namespace {

using base::Duration;

class Scenario : public testing::TestWithParam<uint64_t> {
 protected:
  World::Options options(size_t shards = 1, Link link = {}) const { return {GetParam(), shards, link}; }
  static void expect_clean(World& world) {
    const auto breaches = world.breaches();
    EXPECT_TRUE(breaches.empty()) << breaches.size() << " breaches, first: " << breaches.front();
  }
  static Receiver& video(World& world, size_t viewer) { return world.caller(viewer).receivers().back(); }
  static Receiver& audio(World& world, size_t viewer) { return world.caller(viewer).receivers().front(); }
};

TEST_P(Scenario, AViewerGetsEveryPacketOfAPublisher) {
  World world(options());
  const auto publisher = world.publish({});
  const auto viewer = world.watch(publisher);
  world.run_for(Duration::seconds(10));
  EXPECT_GT(video(world, viewer).frames(), 280u);
  EXPECT_GT(audio(world, viewer).packets(), 470u);
  EXPECT_GE(world.caller(publisher).receiver_reports(), 8u);
  EXPECT_GE(world.caller(publisher).transport_feedbacks(), 30u);
  EXPECT_GE(world.caller(viewer).sender_reports(), 8u);
  expect_clean(world);
}

TEST_P(Scenario, LossIsRepairedOnBothSides) {
  Link link;
  link.loss = 0.05;
  link.jitter = Duration::millis(8);
  link.duplication = 0.01;
  World world(options(1, link));
  const auto publisher = world.publish({.audio = false});
  const auto with_rtx = world.watch(publisher);
  const auto without_rtx = world.watch(publisher, 0, false);
  world.run_for(Duration::seconds(15));
  world.set_link({});
  world.run_for(Duration::seconds(2));
  EXPECT_GT(video(world, with_rtx).frames(), 400u);
  EXPECT_GT(video(world, without_rtx).frames(), 400u);
  expect_clean(world);
}

TEST_P(Scenario, ALateViewerHasAPictureWithinASecond) {
  World world(options());
  const auto publisher = world.publish({});
  world.run_for(Duration::seconds(3));
  const auto before = world.now();
  const auto viewer = world.watch(publisher);
  ASSERT_TRUE(world.run_until([&] { return video(world, viewer).first_keyframe().has_value(); }, Duration::seconds(5)));
  EXPECT_LT((*video(world, viewer).first_keyframe() - before).ms(), 1000);
  world.run_for(Duration::seconds(2));
  expect_clean(world);
}

TEST_P(Scenario, AHundredLateViewersCostFewKeyframes) {
  World world(options());
  const auto publisher = world.publish({.audio = false});
  world.run_for(Duration::seconds(2));
  const auto before = world.caller(publisher).keyframe_requests();
  std::vector<size_t> viewers;
  for (int i = 0; i < 100; ++i) viewers.push_back(world.watch(publisher));
  world.run_for(Duration::seconds(2));
  for (const auto v : viewers) EXPECT_TRUE(video(world, v).first_keyframe());
  EXPECT_LE(world.caller(publisher).keyframe_requests() - before, 5u);
  expect_clean(world);
}

TEST_P(Scenario, TheHighestLayerAliveIsWatchedAndEverySwitchIsSeamless) {
  World world(options());
  const auto publisher = world.publish({.layers = 3});
  const auto viewer = world.watch(publisher);
  world.run_for(Duration::seconds(4));
  EXPECT_EQ(video(world, viewer).layer(), 2);
  world.caller(publisher).pause_layer(2, true);
  world.run_for(Duration::seconds(4));
  EXPECT_EQ(video(world, viewer).layer(), 1);
  world.caller(publisher).pause_layer(2, false);
  world.run_for(Duration::seconds(4));
  EXPECT_EQ(video(world, viewer).layer(), 2);
  EXPECT_GE(video(world, viewer).switches(), 2u);
  expect_clean(world);
}

TEST_P(Scenario, ARoomSpansShards) {
  World world(options(2));
  const auto publisher = world.publish({.shard = 0, .layers = 2});
  const auto near = world.watch(publisher, 0);
  const auto far = world.watch(publisher, 1);
  const auto far_too = world.watch(publisher, 1);
  world.run_for(Duration::seconds(6));
  for (const auto v : {near, far, far_too}) {
    EXPECT_GT(video(world, v).frames(), 150u);
    EXPECT_GT(audio(world, v).packets(), 250u);
    EXPECT_EQ(video(world, v).layer(), 1);
  }
  EXPECT_GE(world.caller(far).sender_reports(), 4u);
  expect_clean(world);
  EXPECT_EQ(world.shard(0).counters().crossings_lost, 0u);
}

// B-22: a new PeerConnection under the same publication.
TEST_P(Scenario, AnotherPeerConnectionTakesThePublicationOver) {
  World world(options(2));
  const auto publisher = world.publish({});
  const auto near = world.watch(publisher, 0);
  const auto far = world.watch(publisher, 1);
  world.run_for(Duration::seconds(3));
  const auto frames = video(world, near).frames();
  world.caller(publisher).set_silent(true);
  world.republish(publisher);
  world.leave(publisher);
  world.run_for(Duration::seconds(4));
  EXPECT_GT(video(world, near).frames(), frames + 80);
  EXPECT_GT(video(world, far).frames(), frames + 80);
  expect_clean(world);
}

TEST_P(Scenario, APublisherWithoutTransportCcIsToldByRemb) {
  World world(options());
  const auto publisher = world.publish({.transport_cc = false});
  world.run_for(Duration::seconds(5));
  EXPECT_EQ(world.caller(publisher).transport_feedbacks(), 0u);
  ASSERT_TRUE(world.caller(publisher).remb());
  EXPECT_GT(world.caller(publisher).remb()->bps(), 500'000);
}

// B-13: consent is what keeps a session; its end is told once, and so is its return.
TEST_P(Scenario, ASilentPeerIsReportedGoneAndRevivedWhenItSpeaksAgain) {
  World world(options());
  const auto publisher = world.publish({});
  world.run_for(Duration::seconds(2));
  world.caller(publisher).set_silent(true);
  world.run_for(Duration::seconds(28));
  EXPECT_EQ(world.events().size(), 1u);
  world.run_for(Duration::seconds(8));
  ASSERT_EQ(world.events().size(), 2u);
  EXPECT_TRUE(std::holds_alternative<plan::PeerGone>(world.events()[1]));
}

TEST_P(Scenario, NothingIsLeftWhenAllHaveLeft) {
  World world(options(2));
  const auto publisher = world.publish({});
  const auto near = world.watch(publisher, 0);
  const auto far = world.watch(publisher, 1);
  world.run_for(Duration::seconds(2));
  EXPECT_EQ(world.shard(0).routes().size(), 1u);
  EXPECT_EQ(world.shard(1).routes().size(), 1u);
  world.leave(far);
  world.leave(near);
  world.unpublish(publisher);
  world.leave(publisher);
  world.run_for(Duration::seconds(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(world.shard(i).peer_count(), 0u);
    EXPECT_EQ(world.shard(i).publication_count(), 0u);
    EXPECT_TRUE(world.shard(i).routes().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Scenario, testing::Range<uint64_t>(1, 6));

}  // namespace
}  // namespace heliograph::sim
