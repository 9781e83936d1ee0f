// SPDX-License-Identifier: Apache-2.0
#include "sfu/rate_meter.h"

#include <utility>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;

TEST(RateMeter, ReadsTheRateOfTheLastSecond) {
  RateMeter meter;
  auto now = Timestamp::from_micros(3'000'000);
  EXPECT_EQ(meter.rate(now).bps(), 0);
  for (int i = 0; i < 200; ++i) {
    meter.add(now, 1250);  // 1 Mbit/s
    now = now + Duration::millis(10);
  }
  EXPECT_NEAR(static_cast<double>(meter.rate(now).bps()), 1e6, 130'000);
}

TEST(RateMeter, ForgetsWhatIsOlderThanASecond) {
  RateMeter meter;
  const auto now = Timestamp::from_micros(1'000'000);
  meter.add(now, 1000);
  EXPECT_EQ(meter.rate(now + Duration::millis(874)).bps(), 8000);
  EXPECT_EQ(meter.rate(now + Duration::millis(1001)).bps(), 0);
  meter.add(now + Duration::seconds(3600), 500);
  EXPECT_EQ(meter.rate(now + Duration::seconds(3600)).bps(), 4000);
}

TEST(RateMeter, IsTheSumOfItsSlotsWhateverTheSteps) {
  for (uint64_t seed = 1; seed < 10; ++seed) {
    base::Rng rng(seed);
    RateMeter meter;
    std::vector<std::pair<int64_t, int64_t>> all;
    auto now = Timestamp::from_micros(1);
    for (int i = 0; i < 500; ++i) {
      now = now + Duration::micros(static_cast<int64_t>(rng.below(rng.chance(0.05) ? 2'000'000 : 40'000)));
      const auto size = rng.below(2000);
      meter.add(now, size);
      all.emplace_back(now.us() / 125'000, size);
      int64_t sum = 0;
      for (const auto& [slot, bytes] : all)
        if (slot > now.us() / 125'000 - 8) sum += bytes;
      ASSERT_EQ(meter.rate(now).bps(), sum * 8) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace heliograph::sfu
