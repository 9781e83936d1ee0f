// SPDX-License-Identifier: Apache-2.0
// The path of a packet allocates nothing and takes no lock: counted over 100,000 forwarded packets through real shards,
// from the publisher's protected datagrams to the viewers'. tests/data_path_test.cc has the same with threads and
// sockets.
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>

#include "gtest/gtest.h"
#include "sim/world.h"
#include "tests/counts.h"

namespace heliograph::sim {
namespace {

using tests::counts;
using tests::watch_this_thread;

TEST(Allocation, TheCounterSeesAnAllocation) {
  const auto before = counts();
  watch_this_thread();
  // Through the functions by name: an optimiser may leave out a new that nobody needs.
  ::operator delete(::operator new(4));
  ::operator delete[](::operator new[](4));
  ::operator delete(::operator new(4, std::align_val_t(64)), std::align_val_t(64));
  void* volatile block = std::malloc(4);
  std::free(block);
  watch_this_thread(false);
  EXPECT_EQ(counts().allocations - before.allocations, 4u);
}

TEST(Allocation, TheCounterSeesALock) {
  std::mutex mutex;
  std::shared_mutex shared;
  std::condition_variable condition;
  const auto before = counts();
  watch_this_thread();
  {
    const std::lock_guard lock(mutex);
  }
  {
    const std::shared_lock lock(shared);
  }
  condition.notify_all();
  watch_this_thread(false);
  EXPECT_EQ(counts().locks - before.locks, 3u);
}

// What a shard does for 100,000 forwarded packets, once the first seconds are over.
struct Watched {
  tests::Counts counted;
  shard::Counters before, after;
};
shard::Counters sum(World& world, size_t shards) {
  shard::Counters all;
  for (size_t i = 0; i < shards; ++i) {
    const auto& c = world.shard(i).counters();
    all.packets_forwarded += c.packets_forwarded;
    all.resent += c.resent;
    all.nacks_sent += c.nacks_sent;
  }
  return all;
}
Watched forward(World& world, size_t shards) {
  world.run_for(base::Duration::seconds(4));
  world.on_shard = [](size_t, bool inside) { watch_this_thread(inside); };
  Watched watched;
  watched.before = sum(world, shards);
  const auto before = counts();
  do {
    world.run_for(base::Duration::seconds(1));
    watched.after = sum(world, shards);
  } while (watched.after.packets_forwarded - watched.before.packets_forwarded < 100'000);
  watched.counted = {counts().allocations - before.allocations, counts().locks - before.locks};
  world.on_shard = {};
  return watched;
}

TEST(Allocation, AHundredThousandForwardedPacketsAllocateNothingAndTakeNoLock) {
  World world({.seed = 7, .shards = 1, .link = {}});
  const auto publisher = world.publish({.layers = 2});
  for (int i = 0; i < 20; ++i) world.watch(publisher);
  const auto watched = forward(world, 1);
  EXPECT_EQ(watched.counted.allocations, 0u);
  EXPECT_EQ(watched.counted.locks, 0u);
  EXPECT_TRUE(world.breaches().empty());
}

// Sizes as browsers cut them, and one publisher under transport-cc, one under REMB.
TEST(Allocation, PacketsOfUnevenSizesAllocateNothing) {
  World world({.seed = 8, .shards = 1, .link = {}});
  const auto one = world.publish({.layers = 3, .uneven = true});
  const auto other = world.publish({.transport_cc = false, .uneven = true});
  for (int i = 0; i < 20; ++i) world.watch(i % 2 == 0 ? one : other);
  const auto watched = forward(world, 1);
  EXPECT_EQ(watched.counted.allocations, 0u);
  EXPECT_EQ(watched.counted.locks, 0u);
}

// Lost on both sides of the server: asked for again of the publisher, and by viewers, with RTX and without.
TEST(Allocation, LossesAndTheirRepairAllocateNothing) {
  World world({.seed = 9, .shards = 1, .link = {.jitter = {}, .loss = 0.02}});
  const auto publisher = world.publish({.layers = 2, .uneven = true});
  for (int i = 0; i < 20; ++i) world.watch(publisher, 0, /*rtx=*/i % 2 == 0);
  const auto watched = forward(world, 1);
  EXPECT_GT(watched.after.resent - watched.before.resent, 1'000u);
  EXPECT_GT(watched.after.nacks_sent - watched.before.nacks_sent, 50u);
  EXPECT_EQ(watched.counted.allocations, 0u);
  EXPECT_EQ(watched.counted.locks, 0u);
}

TEST(Allocation, PublicationsThatCrossBetweenShardsAllocateNothing) {
  World world({.seed = 10, .shards = 2, .link = {}});
  const auto here = world.publish({.shard = 0, .layers = 2, .uneven = true});
  const auto there = world.publish({.shard = 1});
  for (plan::ShardIndex i = 0; i < 20; ++i) world.watch(i % 4 < 2 ? here : there, i % 2);
  const auto watched = forward(world, 2);
  EXPECT_GT(world.shard(0).counters().packets_forwarded, 10'000u);
  EXPECT_GT(world.shard(1).counters().packets_forwarded, 10'000u);
  EXPECT_EQ(watched.counted.allocations, 0u);
  EXPECT_EQ(watched.counted.locks, 0u);
}

}  // namespace
}  // namespace heliograph::sim
