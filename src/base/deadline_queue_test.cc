// SPDX-License-Identifier: Apache-2.0
#include "base/deadline_queue.h"

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

Timestamp at(int64_t us) { return Timestamp::from_micros(us); }

TEST(DeadlineQueue, WakesTheEarliestFirstAndNobodyTooSoon) {
  DeadlineQueue queue;
  queue.add(at(30), {3, 1});
  queue.add(at(10), {1, 1});
  queue.add(at(20), {2, 1});
  EXPECT_EQ(queue.next_time(), at(10));
  EXPECT_EQ(queue.take_due(at(9)), std::nullopt);
  EXPECT_EQ(queue.take_due(at(20)), (Handle{1, 1}));
  EXPECT_EQ(queue.take_due(at(20)), (Handle{2, 1}));
  EXPECT_EQ(queue.take_due(at(20)), std::nullopt);
  EXPECT_EQ(queue.next_time(), at(30));
}

TEST(DeadlineQueue, NeverIsNotKept) {
  DeadlineQueue queue;
  queue.add(Timestamp::never(), {1, 1});
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_TRUE(queue.next_time().is_never());
}

TEST(DeadlineQueue, GivesEverythingInOrder) {
  Rng rng(8);
  DeadlineQueue queue;
  for (uint32_t i = 0; i < 1000; ++i) queue.add(at(static_cast<int64_t>(rng.below(500))), {i, 1});
  auto last = at(0);
  for (int i = 0; i < 1000; ++i) {
    const auto next = queue.next_time();
    ASSERT_GE(next, last);
    ASSERT_TRUE(queue.take_due(next));
    last = next;
  }
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace heliograph::base
