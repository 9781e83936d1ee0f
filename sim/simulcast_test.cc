// SPDX-License-Identifier: Apache-2.0
// SIMULCAST_UPDATE and takeovers (B-22) seen by viewers: real shards, model peers, virtual time, several seeds.
#include <algorithm>
#include <map>

#include "gtest/gtest.h"
#include "sim/world.h"

namespace heliograph::sim {
namespace {

using base::Duration;
using plan::Layer;
using plan::Wish;

constexpr Duration kSecond = Duration::seconds(1);
// After this all layers have been compared and every viewer is on the best.
constexpr Duration kSettled = Duration::seconds(4);

class Viewers : public testing::TestWithParam<uint64_t> {
 protected:
  static Receiver& video(World& world, size_t viewer) { return world.caller(viewer).receivers().back(); }
  static Receiver& audio(World& world, size_t viewer) { return world.caller(viewer).receivers().front(); }
  static void expect_clean(World& world) {
    const auto breaches = world.breaches();
    EXPECT_TRUE(breaches.empty()) << breaches.size() << " breaches, first: " << breaches.front();
  }
  static bool gets(World& world, size_t viewer, int layer, Duration within = kSecond) {
    return world.run_until([&] { return video(world, viewer).layer() == layer; }, within);
  }
};

using Wishes = Viewers;

TEST_P(Wishes, TheLayerAskedForArrivesWithinASecondOnEveryShard) {
  World world({.seed = GetParam(), .shards = 2, .link = {}});
  const auto publisher = world.publish({.layers = 3});
  const auto near = world.watch(publisher, 0);
  const auto far = world.watch(publisher, 1);
  world.run_for(kSettled);
  base::Rng rng(GetParam());
  const std::pair<Layer, int> asked[] = {{Layer::kLow, 0},  {Layer::kHigh, 2},   {Layer::kMedium, 1},
                                         {Layer::kAuto, 2}, {Layer::kMedium, 1}, {Layer::kLow, 0}};
  for (const auto& [layer, place] : asked) {
    for (const auto viewer : {near, far}) {
      world.wish(viewer, {layer});
      // At once; the second waits until the publisher may be asked for a keyframe again.
      EXPECT_TRUE(gets(world, viewer, place, viewer == near ? Duration::millis(100) : kSecond)) << place;
    }
    world.run_for(Duration::millis(static_cast<int64_t>(2'000 + rng.below(200))));
    EXPECT_EQ(video(world, near).layer(), place) << "it stays";
    EXPECT_EQ(video(world, far).layer(), place);
  }
  expect_clean(world);
}

TEST_P(Wishes, AreOneViewersAffair) {
  World world({.seed = GetParam(), .shards = 1, .link = {}});
  const auto publisher = world.publish({.layers = 3});
  const auto quiet = world.watch(publisher);
  const auto loud = world.watch(publisher);
  world.run_for(kSettled);
  const auto switches = video(world, quiet).switches();
  world.wish(loud, {Layer::kLow});
  world.run_for(kSecond);
  world.wish(loud, {.layer = Layer::kLow, .paused = true});
  world.run_for(kSecond);
  EXPECT_EQ(video(world, quiet).switches(), switches);
  EXPECT_LE(video(world, quiet).longest_gap(), Duration::millis(60));
  expect_clean(world);
}

TEST_P(Wishes, SaidTwiceCostNothing) {
  World world({.seed = GetParam(), .shards = 2, .link = {}});
  const auto publisher = world.publish({.layers = 3});
  const auto near = world.watch(publisher, 0);
  const auto far = world.watch(publisher, 1);
  world.run_for(kSettled);
  for (const auto v : {near, far}) world.wish(v, {Layer::kLow});
  world.run_for(kSettled);
  const auto before = world.caller(publisher).keyframe_requests();
  for (int i = 0; i < 10; ++i) {
    for (const auto v : {near, far}) world.wish(v, {Layer::kLow});
    world.run_for(Duration::millis(100));
  }
  EXPECT_EQ(world.caller(publisher).keyframe_requests(), before);
  expect_clean(world);
}

TEST_P(Wishes, PausedThereIsNoVideoAndSoundGoesOn) {
  World world({.seed = GetParam(), .shards = 2, .link = {}});
  const auto publisher = world.publish({.layers = 3});
  const auto near = world.watch(publisher, 0);
  const auto far = world.watch(publisher, 1);
  world.run_for(kSettled);
  for (const auto viewer : {near, far}) {
    world.wish(viewer, {.paused = true});
    world.run_for(Duration::millis(100));
    const auto packets = video(world, viewer).packets();
    const auto sound = audio(world, viewer).packets();
    const auto asked = world.caller(publisher).keyframe_requests();
    world.run_for(Duration::seconds(2));
    EXPECT_EQ(video(world, viewer).packets(), packets);
    EXPECT_GT(audio(world, viewer).packets(), sound + 90);
    EXPECT_EQ(world.caller(publisher).keyframe_requests(), asked) << "nobody is asked for what nobody sees";
    world.wish(viewer, {});
    EXPECT_TRUE(world.run_until([&] { return video(world, viewer).packets() > packets; }, kSecond));
    world.run_for(kSecond);
    EXPECT_GT(video(world, viewer).packets(), packets + 60);
  }
  expect_clean(world);
}

TEST_P(Wishes, ALayerThatIsGoneIsReplacedByItsNeighbourUntilItComesBack) {
  World world({.seed = GetParam(), .shards = 2, .link = {}});
  const auto publisher = world.publish({.layers = 3});
  std::map<Layer, size_t> viewers;
  for (const auto layer : {Layer::kHigh, Layer::kMedium, Layer::kLow}) {
    viewers[layer] = world.watch(publisher, layer == Layer::kMedium ? 1 : 0);
    world.wish(viewers[layer], {layer});
  }
  world.run_for(kSettled);
  const auto expect = [&](int high, int medium, int low) {
    world.run_for(Duration::millis(2'700));
    EXPECT_EQ(video(world, viewers[Layer::kHigh]).layer(), high);
    EXPECT_EQ(video(world, viewers[Layer::kMedium]).layer(), medium);
    EXPECT_EQ(video(world, viewers[Layer::kLow]).layer(), low);
  };
  expect(2, 1, 0);
  world.caller(publisher).pause_layer(1, true);
  expect(2, 0, 0);
  world.caller(publisher).pause_layer(0, true);
  expect(2, 2, 2);
  world.caller(publisher).pause_layer(1, false);
  expect(2, 1, 1);
  world.caller(publisher).pause_layer(2, true);
  expect(1, 1, 1);
  world.caller(publisher).pause_layer(0, false);
  world.caller(publisher).pause_layer(2, false);
  expect(2, 1, 0);
  expect_clean(world);
}

// Whatever viewers ask for and publishers drop, on a path that loses packets.
TEST_P(Wishes, OfEveryKindInAnyOrderKeepEveryStreamWhole) {
  Link link;
  link.loss = 0.02;
  link.jitter = Duration::millis(5);
  World world({.seed = GetParam(), .shards = 2, .link = {}});
  base::Rng rng(GetParam());
  const auto publisher = world.publish({.layers = 3, .audio = false});  // nobody repairs audio
  std::vector<size_t> viewers;
  for (plan::ShardIndex i = 0; i < 6; ++i) viewers.push_back(world.watch(publisher, i % 2));
  std::array<bool, 3> gone{};
  std::map<size_t, base::Timestamp> paused;
  world.run_for(kSettled);
  world.set_link(link);
  // A pause, then a layer that turns out to be silent, then a request that is lost.
  for (const auto v : viewers) video(world, v).allow_silence(Duration::seconds(5));
  for (int i = 0; i < 150; ++i) {
    const auto viewer = viewers[rng.below(viewers.size())];
    const bool pause = rng.chance(0.3);
    pause ? (void)paused.try_emplace(viewer, world.now()) : (void)paused.erase(viewer);
    world.wish(viewer, {static_cast<Layer>(rng.below(4)), pause});
    for (const auto& [v, since] : std::exchange(paused, {}))
      world.now() - since > kSecond ? world.wish(v, {}) : (void)paused.emplace(v, since);
    if (rng.chance(0.1)) {
      const auto layer = static_cast<uint8_t>(rng.below(3));
      gone[layer] = !gone[layer] && std::ranges::count(gone, true) < 2;
      world.caller(publisher).pause_layer(layer, gone[layer]);
    }
    world.run_for(Duration::millis(static_cast<int64_t>(rng.below(300))));
  }
  world.set_link({});
  for (uint8_t l = 0; l < 3; ++l) world.caller(publisher).pause_layer(l, false);
  for (const auto v : viewers) world.wish(v, {});
  world.run_for(kSettled);
  for (const auto viewer : viewers) {
    world.wish(viewer, {Layer::kMedium});
    EXPECT_TRUE(gets(world, viewer, 1));
  }
  world.run_for(kSecond);
  expect_clean(world);
}

// B-22: control keeps the old peer until the new PeerConnection is up; what sends takes over.
class Takeover : public Viewers {
 protected:
  Takeover() : world_({.seed = GetParam(), .shards = 2, .link = {}}) {}
  void begin(uint8_t layers = 1) {
    publisher_ = world_.publish({.layers = layers});
    for (plan::ShardIndex s = 0; s < 2; ++s) viewers_.push_back(world_.watch(publisher_, s));
    world_.run_for(kSettled);
    forget_gaps();
  }
  void forget_gaps() {
    for (const auto v : viewers_) {
      video(world_, v).forget_gaps();
      audio(world_, v).forget_gaps();
    }
  }
  bool on_life(uint8_t life) {
    return std::ranges::all_of(viewers_, [&](size_t v) { return video(world_, v).life() == life; });
  }
  void expect_unbroken(Duration picture = Duration::millis(120)) {
    for (const auto v : viewers_) {
      EXPECT_LE(video(world_, v).longest_gap().ms(), picture.ms());
      EXPECT_LE(audio(world_, v).longest_gap().ms(), 60);
    }
    expect_clean(world_);
  }
  World world_;
  size_t publisher_ = 0;
  std::vector<size_t> viewers_;
};

TEST_P(Takeover, WhileBothSendTheNewOneIsSeen) {
  begin();
  const auto fresh = world_.republish(publisher_);
  world_.run_for(Duration::seconds(2));
  EXPECT_TRUE(on_life(1));
  world_.leave(publisher_);
  world_.run_for(Duration::seconds(2));
  EXPECT_TRUE(world_.caller(fresh).connected());
  expect_unbroken();
}

TEST_P(Takeover, TheOldOneGoesOnWhileTheNewSendsNothing) {
  begin();
  const auto fresh = world_.republish(publisher_);
  world_.caller(fresh).set_muted(true, true);
  world_.run_for(Duration::seconds(5));
  EXPECT_TRUE(on_life(0));
  world_.leave(fresh);
  world_.run_for(Duration::seconds(2));
  EXPECT_TRUE(on_life(0));
  expect_unbroken();
}

TEST_P(Takeover, ANewOneThatNeverConnectsChangesNothing) {
  begin();
  world_.caller(world_.republish(publisher_)).set_silent(true);
  world_.run_for(Duration::seconds(10));
  EXPECT_TRUE(on_life(0));
  expect_unbroken();
}

// Its microphone is faster than its camera.
TEST_P(Takeover, ThePictureOfTheOldOneStaysUntilTheNewHasOne) {
  begin();
  const auto fresh = world_.republish(publisher_);
  world_.caller(fresh).set_muted(true, false);
  world_.run_for(Duration::seconds(3));
  for (const auto v : viewers_) {
    EXPECT_EQ(audio(world_, v).life(), 1);
    EXPECT_EQ(video(world_, v).life(), 0);
  }
  world_.caller(fresh).set_muted(false, false);
  world_.run_for(Duration::seconds(2));
  EXPECT_TRUE(on_life(1));
  expect_unbroken();
}

TEST_P(Takeover, OverATakeoverTheLastIsSeen) {
  begin();
  const auto second = world_.republish(publisher_);
  world_.caller(second).set_silent(true);
  world_.run_for(Duration::millis(300));
  const auto third = world_.republish(second);
  world_.caller(second).set_silent(false);
  world_.run_for(Duration::seconds(3));
  EXPECT_TRUE(on_life(2)) << "whichever connected first";
  world_.leave(publisher_);
  world_.leave(second);
  world_.run_for(Duration::seconds(2));
  EXPECT_TRUE(on_life(2));
  EXPECT_TRUE(world_.caller(third).connected());
  expect_unbroken();
}

TEST_P(Takeover, TheOldOneMayBeClosedAsSoonAsTheNewIsConnected) {
  begin(3);
  const auto fresh = world_.republish(publisher_);
  ASSERT_TRUE(world_.run_until([&] { return world_.caller(fresh).connected(); }, Duration::seconds(5)));
  world_.leave(publisher_);
  world_.run_for(Duration::seconds(4));
  EXPECT_TRUE(on_life(1));
  for (const auto v : viewers_) EXPECT_EQ(video(world_, v).layer(), 2);
  expect_unbroken();
}

TEST_P(Takeover, WithFewerLayersTheViewersGoOnWithWhatThereIs) {
  begin(3);
  world_.republish(publisher_, 1);
  world_.run_for(Duration::seconds(3));
  EXPECT_TRUE(on_life(1));
  for (const auto v : viewers_) EXPECT_EQ(video(world_, v).layer(), 0);
  expect_unbroken();
}

// What was lost of the old one is lost; the new one's picture makes up for it.
TEST_P(Takeover, OnALossyPathThePictureComesThroughToo) {
  begin(2);
  Link link;
  link.loss = 0.1;
  link.jitter = Duration::millis(8);
  world_.set_link(link);
  const auto fresh = world_.republish(publisher_);
  ASSERT_TRUE(world_.run_until([&] { return world_.caller(fresh).connected(); }, Duration::seconds(20)));
  world_.leave(publisher_);
  EXPECT_TRUE(world_.run_until([&] { return on_life(1); }, Duration::seconds(3)));
  world_.set_link({});
  const auto frames = video(world_, viewers_[1]).frames();
  world_.run_for(Duration::seconds(3));
  EXPECT_GT(video(world_, viewers_[1]).frames(), frames + 80);
}

TEST_P(Takeover, AnIceRestartFromAnotherAddressIsNotNoticed) {
  begin();
  const auto requests = world_.caller(publisher_).keyframe_requests();
  for (int i = 0; i < 3; ++i) {
    world_.restart_ice(publisher_);
    world_.run_for(Duration::seconds(3));
  }
  world_.restart_ice(viewers_[1]);
  world_.run_for(Duration::seconds(3));
  EXPECT_TRUE(on_life(0));
  EXPECT_EQ(world_.caller(publisher_).keyframe_requests(), requests);
  for (const auto& event : world_.events()) EXPECT_TRUE(std::holds_alternative<plan::PeerConnected>(event));
  expect_unbroken();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Wishes, testing::Range<uint64_t>(1, 6));
INSTANTIATE_TEST_SUITE_P(Seeds, Takeover, testing::Range<uint64_t>(1, 6));

}  // namespace
}  // namespace heliograph::sim
