// SPDX-License-Identifier: Apache-2.0
#include "load/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace heliograph::load {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  Histogram h;
  EXPECT_EQ(h.quantile(0.5).us(), 0);
  EXPECT_EQ(h.count(), 0U);
}

TEST(Histogram, SmallSpansAreExact) {
  Histogram h;
  for (int us = 1; us <= 50; ++us) h.add(base::Duration::micros(us));
  EXPECT_EQ(h.quantile(0.5).us(), 25);
  EXPECT_EQ(h.quantile(0.98).us(), 49);
  EXPECT_EQ(h.quantile(1).us(), 50);
  EXPECT_EQ(h.quantile(0).us(), 1);
}

TEST(Histogram, ASpanBelowZeroCountsAsZero) {
  Histogram h;
  h.add(base::Duration::micros(-5));
  EXPECT_EQ(h.quantile(1).us(), 0);
}

TEST(Histogram, IsNeverBelowTheTruthAndAtMostAThirtySecondAboveIt) {
  base::Rng rng(5);
  Histogram h;
  std::vector<int64_t> truth;
  for (int i = 0; i < 20'000; ++i) {
    truth.push_back(static_cast<int64_t>(rng.below(uint64_t{1} << (1 + rng.below(40)))));
    h.add(base::Duration::micros(truth.back()));
  }
  std::ranges::sort(truth);
  for (const double part : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(part * 20'000)) - 1;
    const int64_t got = h.quantile(part).us();
    EXPECT_GE(got, truth[rank]) << part;
    EXPECT_LE(static_cast<double>(got), static_cast<double>(truth[rank]) * 33 / 32 + 1) << part;
  }
  EXPECT_EQ(h.largest().us(), truth.back());
}

TEST(Histogram, TwoAreAddedUp) {
  Histogram a, b;
  a.add(base::Duration::micros(10));
  b.add(base::Duration::micros(30));
  b.add(base::Duration::micros(50));
  a.add(b);
  EXPECT_EQ(a.count(), 3U);
  EXPECT_EQ(a.quantile(0.5).us(), 30);
  EXPECT_EQ(a.largest().us(), 50);
}

}  // namespace
}  // namespace heliograph::load
