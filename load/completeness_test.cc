// SPDX-License-Identifier: Apache-2.0
#include "load/completeness.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/unwrapper.h"

namespace heliograph::load {
namespace {

using Arrival = Completeness::Arrival;

TEST(Completeness, WhatNeverCameIsMissing) {
  Completeness c;
  EXPECT_EQ(c.add(10), Arrival::kNext);
  EXPECT_EQ(c.add(11), Arrival::kNext);
  EXPECT_EQ(c.add(14), Arrival::kAhead);
  EXPECT_EQ(c.missing(), 2U);
  EXPECT_EQ(c.add(12), Arrival::kLate);
  EXPECT_EQ(c.missing(), 1U);
  EXPECT_EQ(c.expected(), 5U);
}

TEST(Completeness, TheTailCountsAsWell) {
  Completeness c;
  for (int n = 0; n < 10; ++n) c.add(n);
  EXPECT_EQ(c.missing(), 0U);
  EXPECT_EQ(c.missing(12), 3U);
}

TEST(Completeness, NothingIsExpectedBeforeTheFirst) {
  Completeness c;
  EXPECT_EQ(c.expected(1000), 0U);
  c.add(1000);
  EXPECT_EQ(c.expected(), 1U);
}

TEST(Completeness, OneThatOvertookTheFirstIsExpectedToo) {
  Completeness c;
  c.add(5);
  EXPECT_EQ(c.add(4), Arrival::kLate);
  EXPECT_EQ(c.expected(), 2U);
  EXPECT_EQ(c.missing(), 0U);
}

TEST(Completeness, TheSameNumberCountsOnce) {
  Completeness c;
  c.add(1);
  c.add(2);
  EXPECT_EQ(c.add(2), Arrival::kDuplicate);
  EXPECT_EQ(c.add(1), Arrival::kDuplicate);
  EXPECT_EQ(c.received(), 2U);
  EXPECT_EQ(c.duplicates(), 2U);
}

TEST(Completeness, AJumpFurtherThanTheWindowLosesAllBetween) {
  Completeness c;
  c.add(0);
  c.add(10'000);
  EXPECT_EQ(c.missing(), 9999U);
  EXPECT_EQ(c.add(1), Arrival::kDuplicate);  // too late to tell
  EXPECT_EQ(c.add(9999), Arrival::kLate);
}

TEST(Completeness, CountsAsASetDoesWhileSequenceNumbersWrap) {
  base::Rng rng(11);
  for (int round = 0; round < 20; ++round) {
    base::Unwrapper<uint16_t> unwrapper;
    Completeness c;
    std::set<int64_t> truth;
    const uint64_t start = 65'000 + rng.below(1000);
    std::vector<uint64_t> order;
    for (uint64_t i = 0; i < 70'000; ++i)
      if (i == 0 || !rng.chance(0.01)) order.push_back(start + i);
    for (size_t i = 1; i + 20 < order.size(); ++i)
      if (rng.chance(0.05)) std::swap(order[i], order[i + rng.below(20)]);
    for (const uint64_t n : order) {
      const int64_t number = unwrapper.unwrap(static_cast<uint16_t>(n));
      EXPECT_EQ(c.add(number) != Arrival::kDuplicate, truth.insert(number).second);
    }
    EXPECT_EQ(c.received(), truth.size());
    EXPECT_EQ(c.missing(), static_cast<uint64_t>(*truth.rbegin() - *truth.begin() + 1) - truth.size());
  }
}

}  // namespace
}  // namespace heliograph::load
