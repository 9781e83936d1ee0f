// SPDX-License-Identifier: Apache-2.0
#include "base/spsc_ring.h"

#include <memory>
#include <thread>

#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(SpscRing, IsFirstInFirstOut) {
  SpscRing<int> ring(4);
  EXPECT_EQ(ring.front(), nullptr);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ring.push(int{i}));
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(ring.front(), nullptr);
    EXPECT_EQ(*ring.front(), i);
    ring.pop();
  }
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(SpscRing, AFullRingLeavesTheItemWithTheCaller) {
  SpscRing<std::unique_ptr<int>> ring(2);
  ASSERT_TRUE(ring.push(std::make_unique<int>(1)));
  ASSERT_TRUE(ring.push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(ring.push(std::move(third)));
  ASSERT_NE(third, nullptr);
  ring.pop();
  EXPECT_TRUE(ring.push(std::move(third)));
}

TEST(SpscRing, AReservedSlotIsSeenOnlyAfterCommit) {
  SpscRing<int> ring(2);
  *ring.reserve() = 5;
  EXPECT_EQ(ring.front(), nullptr);
  ring.commit();
  ASSERT_NE(ring.front(), nullptr);
  EXPECT_EQ(*ring.front(), 5);
}

TEST(SpscRing, TwoThreadsSeeEveryItemInOrder) {
  constexpr uint64_t kItems = 100'000;
  SpscRing<std::unique_ptr<uint64_t>> ring(64);
  std::thread producer([&] {
    for (uint64_t i = 0; i < kItems; ++i) {
      auto item = std::make_unique<uint64_t>(i);
      while (!ring.push(std::move(item))) std::this_thread::yield();
    }
  });
  uint64_t expected = 0;
  while (expected < kItems) {
    auto* item = ring.front();
    if (item == nullptr) {
      std::this_thread::yield();
      continue;
    }
    EXPECT_EQ(**item, expected++);
    item->reset();
    ring.pop();
  }
  producer.join();
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(SpscRingDeathTest, ACapacityThatIsNoPowerOfTwoIsABug) { EXPECT_DEATH(SpscRing<int>(3), "CHECK failed"); }

}  // namespace
}  // namespace heliograph::base
