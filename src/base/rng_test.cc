// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <random>
#include <set>

#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

static_assert(std::uniform_random_bit_generator<Rng>);

TEST(Rng, TheSameSeedGivesTheSameNumbers) {
  Rng a(5), b(5), c(6);
  const uint64_t first = a();
  EXPECT_EQ(first, b());
  EXPECT_NE(first, c());
}

// The first output of xoshiro256** from four SplitMix64 outputs of seed 0, by the authors' reference: the first word of
// SplitMix64(0) is e220a8397b1dcdaf.
TEST(Rng, FollowsItsReference) {
  constexpr uint64_t kSecondSplitMixWordOfZero = 0x6e789e6aa1b965f4;
  EXPECT_EQ(Rng(0)(), std::rotl(kSecondSplitMixWordOfZero * 5, 7) * 9);
}

TEST(Rng, BelowStaysBelowAndReachesEverything) {
  Rng rng(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(rng.below(7));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Rng, ChanceIsAboutAsLikelyAsItSays) {
  Rng rng(2);
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) hits += rng.chance(0.3);
  EXPECT_NEAR(hits, 30'000, 700);
  EXPECT_FALSE(rng.chance(0));
  EXPECT_TRUE(rng.chance(1));
}

}  // namespace
}  // namespace heliograph::base
