// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/flatness.h"

#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::sim {
namespace {

// An hour at about 300 peers of 50 KB and 45 publications of 1 MB each, and so much more each minute.
std::vector<Sample> an_hour(double growth, double noise) {
  base::Rng rng(7);
  std::vector<Sample> samples;
  for (int minute = 1; minute <= 60; ++minute) {
    const double peers = 250 + static_cast<double>(rng.below(100));
    const double publications = 40 + static_cast<double>(rng.below(10));
    const double chance = (static_cast<double>(rng.below(2001)) / 1000 - 1) * noise;
    const double bytes = 1e6 + 50'000 * peers + 1e6 * publications + growth * minute + chance;
    samples.push_back({static_cast<double>(minute), peers, publications, bytes});
  }
  return samples;
}

TEST(Flatness, TheTrendIsWhatTheSamplesWereMadeOf) {
  const auto trend = fit(an_hour(1000, 0));
  EXPECT_NEAR(trend.base, 1e6, 1);
  EXPECT_NEAR(trend.a_peer, 50'000, 0.1);
  EXPECT_NEAR(trend.a_publication, 1e6, 0.1);
  EXPECT_NEAR(trend.a_minute, 1000, 0.01);
  EXPECT_NEAR(trend.a_minute_error, 0, 0.1);
}

TEST(Flatness, GrowthIsSeenThroughACrowdThatComesAndGoes) {
  EXPECT_TRUE(grows(fit(an_hour(40'000, 100'000)), 59, 60e6, {}));
  EXPECT_FALSE(grows(fit(an_hour(0, 100'000)), 59, 60e6, {}));
}

TEST(Flatness, AGrowthThatMayBeChanceIsNone) {
  auto trend = fit(an_hour(0, 0));
  trend.a_minute = 40'000;
  trend.a_minute_error = 20'000;
  EXPECT_FALSE(grows(trend, 59, 60e6, {}));
}

TEST(Flatness, AFewBytesOfEachWhoCameAreALeakAndTheRoomOfATableIsNot) {
  EXPECT_TRUE(leaves_something(100'000, 3000, {}));
  EXPECT_FALSE(leaves_something(4'000, 300, {}));
  EXPECT_FALSE(leaves_something(40'000, 30'000, {}));
}

}  // namespace
}  // namespace heliograph::sim
