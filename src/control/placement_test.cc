// SPDX-License-Identifier: Apache-2.0
#include "control/placement.h"

#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "control/state.h"
#include "control/test_client.h"

namespace heliograph::control {
namespace {

constexpr PacketRate kBoth = rate_of(plan::Kind::kAudio) + rate_of(plan::Kind::kVideo);

// Publications and viewers that come and go, as control books them.
class Shards {
 public:
  explicit Shards(size_t count) : placement(count) {}

  plan::PublicationId publish(PacketRate rate = kBoth) {
    const plan::PublicationId publication{.home = placement.of_publisher(), .number = ++last_};
    placement.add(publication.home, {});
    placement.weigh(publication.home, 0, rate);
    return publication;
  }
  plan::ShardIndex watch(const plan::PublicationId& publication, PacketRate rate = kBoth) {
    const auto shard = placement.of_viewer(publication);
    placement.add(shard, publication);
    placement.weigh(shard, 0, rate);
    ++viewers_;
    crossings_ += shard == publication.home ? 0 : 1;
    return shard;
  }
  void leave(plan::ShardIndex shard, const plan::PublicationId& publication) {
    placement.weigh(shard, kBoth, 0);
    placement.remove(shard, publication);
  }
  // The part of all viewers so far that are not where their publisher is.
  double crossing() const { return static_cast<double>(crossings_) / static_cast<double>(viewers_); }

  Placement placement;

 private:
  uint64_t last_ = 0;
  size_t viewers_ = 0;
  size_t crossings_ = 0;
};

// How far the fullest and the emptiest are from the mean, as a part of it.
double unevenness(const std::vector<PacketRate>& loads) {
  const auto mean = static_cast<double>(std::accumulate(loads.begin(), loads.end(), PacketRate{0})) /
                    static_cast<double>(loads.size());
  const auto [least, most] = std::ranges::minmax(loads);
  return std::max(static_cast<double>(most) - mean, mean - static_cast<double>(least)) / mean;
}

TEST(Placement, OnePublisherWithAThousandViewersUsesEveryShardEvenly) {
  for (const size_t count : {2, 4, 8}) {
    Shards shards(count);
    const auto publication = shards.publish();
    for (int i = 0; i < 1'000; ++i) shards.watch(publication);
    EXPECT_LT(unevenness(shards.placement.loads()), 0.05) << count;
  }
}

TEST(Placement, AFewViewersStayWhereTheirPublisherIs) {
  Shards shards(4);
  const auto publication = shards.publish();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(shards.watch(publication), publication.home);
}

TEST(Placement, SmallRoomsAreSpreadAndDoNotCross) {
  Shards shards(4);
  for (int room = 0; room < 200; ++room) {
    const auto publication = shards.publish();
    for (int i = 0; i < 4; ++i) shards.watch(publication);
  }
  EXPECT_LT(unevenness(shards.placement.loads()), 0.05);
  EXPECT_EQ(shards.crossing(), 0);
}

TEST(Placement, RoomsOfEverySizeAreSpreadAndMostDoNotCross) {
  base::Rng rng(1);
  Shards shards(4);
  std::vector<plan::PublicationId> publications;
  for (int i = 0; i < 100; ++i) publications.push_back(shards.publish());
  // They come as they please, to whom they please.
  for (int i = 0; i < 2'000; ++i) shards.watch(publications[rng() % (1 + rng() % publications.size())]);
  EXPECT_LT(unevenness(shards.placement.loads()), 0.05);
  EXPECT_LT(shards.crossing(), 0.25);
}

TEST(Placement, WhoComesFillsTheGapOfWhoWent) {
  Shards shards(2);
  const auto publication = shards.publish();
  std::vector<plan::ShardIndex> viewers;
  for (int i = 0; i < 200; ++i) viewers.push_back(shards.watch(publication));
  for (const auto shard : viewers)
    if (shard == 1) shards.leave(shard, publication);
  EXPECT_GT(unevenness(shards.placement.loads()), 0.5);
  for (int i = 0; i < 110; ++i) shards.watch(publication);
  EXPECT_LT(unevenness(shards.placement.loads()), 0.05);
}

TEST(Placement, SoundWeighsLessThanPictures) {
  Shards shards(2);
  shards.publish();
  for (int i = 0; i < 7; ++i) EXPECT_EQ(shards.publish(rate_of(plan::Kind::kAudio)).home, 1);
}

TEST(Placement, EqualShardsTakeTurns) {
  Placement placement(3);
  std::vector<plan::ShardIndex> turns;
  for (int i = 0; i < 6; ++i) turns.push_back(placement.of_publisher());
  EXPECT_EQ(turns, (std::vector<plan::ShardIndex>{0, 1, 2, 0, 1, 2}));
}

TEST(Placement, AMeasureCountsWhereItIsMoreThanTheBooks) {
  Shards shards(2);
  const auto heavy = shards.publish(), light = shards.publish();
  shards.placement.measured(std::vector<PacketRate>{3'000, 10});
  EXPECT_EQ(shards.placement.load(heavy.home), 3'000u);
  EXPECT_EQ(shards.placement.load(light.home), kBoth) << "what is muted may speak up again";
  EXPECT_EQ(shards.publish().home, light.home);
  shards.watch(heavy, 100);
  EXPECT_EQ(shards.placement.load(light.home), kBoth * 2 + 100) << "enough to cross for";
  shards.placement.weigh(heavy.home, kBoth, 0);
  EXPECT_EQ(shards.placement.load(heavy.home), 3'000 - kBoth);
}

class PlacedPeers : public ControlTest {};

TEST_F(PlacedPeers, StandInTheBooksUntilTheyAreClosed) {
  create(kAlice, alice);
  uplink = publish(kAlice, alice, chromium);
  std::vector<Who> viewers;
  for (int i = 0; i < 40; ++i) {
    viewers.push_back({.user = "viewer" + std::to_string(i)});
    const ConnectionId connection = 100 + static_cast<ConnectionId>(i);
    world.open(connection);
    join(connection, viewers.back());
    view(connection, viewers.back(), alice);
  }
  const auto& placement = world.control.state().placement;
  EXPECT_EQ(placement.load(0) + placement.load(1), 41 * kBoth);
  EXPECT_LE(std::max(placement.load(0), placement.load(1)), 21 * kBoth);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  EXPECT_EQ(placement.load(0) + placement.load(1), 0u);
  EXPECT_EQ(placement.peers(), (std::vector<size_t>{0, 0}));
}

TEST_F(PlacedPeers, CostWhatTheViewerTakes) {
  create(kAlice, alice);
  uplink = publish(kAlice, alice, chromium);
  join(kBob, bob);
  const auto offered = at(watch(kBob, bob, alice).at(0), "/b/pps/0/sdp");
  const auto& placement = world.control.state().placement;
  EXPECT_EQ(placement.load(uplink.shard), 2 * kBoth);
  answer(kBob, bob, alice, viewer_answer(offered, {"video"}));
  EXPECT_EQ(placement.load(uplink.shard), kBoth + rate_of(plan::Kind::kAudio));
}

}  // namespace
}  // namespace heliograph::control
