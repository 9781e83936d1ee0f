// SPDX-License-Identifier: Apache-2.0
#include "base/unwrapper.h"

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(IsNewer, GoesRoundTheCircle) {
  EXPECT_TRUE(is_newer<uint16_t>(1, 0));
  EXPECT_TRUE(is_newer<uint16_t>(0, 65'535));
  EXPECT_FALSE(is_newer<uint16_t>(65'535, 0));
  EXPECT_FALSE(is_newer<uint16_t>(7, 7));
}

TEST(IsNewer, HalfTheCircleIsLaterOneWayOnly) {
  EXPECT_NE(is_newer<uint16_t>(0x8000, 0), is_newer<uint16_t>(0, 0x8000));
  EXPECT_NE(is_newer<uint32_t>(0x8000'0000, 0), is_newer<uint32_t>(0, 0x8000'0000));
}

TEST(Unwrapper, BeginsOneLapUpSoThatReorderingStaysPositive) {
  Unwrapper<uint16_t> u;
  EXPECT_EQ(u.unwrap(0), 65'536);
  EXPECT_EQ(u.unwrap(65'535), 65'535);
}

TEST(Unwrapper, CrossesTheEndOfALapForwardsAndBack) {
  Unwrapper<uint16_t> u;
  const int64_t first = u.unwrap(65'534);
  EXPECT_EQ(u.unwrap(2), first + 4);
  EXPECT_EQ(u.unwrap(65'535), first + 1);
  EXPECT_EQ(u.newest(), first + 4);
  EXPECT_EQ(u.peek(3), first + 5);
  EXPECT_EQ(u.newest(), first + 4);
}

TEST(Unwrapper, FollowsAReorderedCounterOverManyLaps) {
  Rng rng(7);
  Unwrapper<uint16_t> u;
  int64_t truth = 1000;
  const int64_t offset = u.unwrap(1000) - truth;
  for (int i = 0; i < 100'000; ++i) {
    truth += static_cast<int64_t>(rng.below(50));
    const int64_t seen = truth - static_cast<int64_t>(rng.below(1000));
    ASSERT_EQ(u.unwrap(static_cast<uint16_t>(truth)), truth + offset);
    ASSERT_EQ(u.unwrap(static_cast<uint16_t>(seen)), seen + offset);
  }
}

TEST(Unwrapper, Of32Bits) {
  Unwrapper<uint32_t> u;
  const int64_t first = u.unwrap(0xffff'fff0);
  EXPECT_EQ(u.unwrap(0x10), first + 0x20);
}

}  // namespace
}  // namespace heliograph::base
