// SPDX-License-Identifier: Apache-2.0
#include "server/memory_trim.h"

#include <gtest/gtest.h>

namespace heliograph::server {
namespace {

using base::Duration;

constexpr auto kStart = base::Timestamp::from_micros(3'600'000'000);

TEST(MemoryTrim, ComesOnceThingsHaveSettled) {
  MemoryTrim trim;
  EXPECT_TRUE(trim.next_time().is_never());
  EXPECT_FALSE(trim.take_due(kStart));
  trim.stir(kStart);
  trim.stir(kStart + Duration::seconds(2));
  EXPECT_EQ(trim.next_time(), kStart + MemoryTrim::kSettling) << "a steady stream of joins does not put it off";
  EXPECT_FALSE(trim.take_due(kStart + MemoryTrim::kSettling - Duration::micros(1)));
  EXPECT_TRUE(trim.take_due(kStart + MemoryTrim::kSettling));
  EXPECT_TRUE(trim.next_time().is_never());
}

TEST(MemoryTrim, IsRare) {
  MemoryTrim trim;
  int times = 0;
  for (auto now = kStart; now < kStart + Duration::seconds(300); now = now + Duration::millis(100)) {
    trim.stir(now);
    if (trim.take_due(now)) ++times;
  }
  EXPECT_EQ(times, 30);
}

}  // namespace
}  // namespace heliograph::server
