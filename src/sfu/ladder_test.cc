// SPDX-License-Identifier: Apache-2.0
#include "sfu/ladder.h"

#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;
using plan::Layer;

using Rates = std::array<int64_t, kMaxLayers>;

class Encodings : public testing::Test {
 protected:
  // kbit/s of each for `span`, in packets of 1,000 bytes; ranked as a shard does.
  void run(Rates kbps, Duration span) {
    const auto end = now_ + span;
    std::array<Timestamp, kMaxLayers> next{now_, now_, now_};
    for (; now_ < end; now_ = now_ + Duration::millis(1)) {
      for (uint8_t l = 0; l < kMaxLayers; ++l)
        for (; kbps[l] > 0 && next[l] <= now_; next[l] = next[l] + Duration::micros(8'000'000 / kbps[l]))
          ladder_.on_packet(now_, l, 1000);
      if (now_.us() / 1000 % 200 == 0) ladder_.rank(now_);
    }
  }
  void expect(int high, int medium, int low) {
    EXPECT_EQ(ladder_.choose(now_, Layer::kAuto), high);
    EXPECT_EQ(ladder_.choose(now_, Layer::kHigh), high);
    EXPECT_EQ(ladder_.choose(now_, Layer::kMedium), medium);
    EXPECT_EQ(ladder_.choose(now_, Layer::kLow), low);
  }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  Ladder ladder_;
};

TEST_F(Encodings, NoneIsMeantBeforeTheFirstPacket) { EXPECT_FALSE(ladder_.choose(now_, Layer::kAuto)); }

TEST_F(Encodings, AreOrderedByWhatTheyCarry) {
  run({150, 500, 1500}, Duration::seconds(2));
  expect(2, 1, 0);
}

TEST_F(Encodings, AreNotOrderedByTheirPlaces) {
  run({1500, 150, 500}, Duration::seconds(2));
  expect(0, 2, 1);
}

TEST_F(Encodings, UntilTheirRatesSaySomethingTheyCountAsTheyWereNamed) {
  run({1500, 500, 150}, Duration::millis(300));
  expect(2, 1, 0);
  run({1500, 500, 150}, Duration::millis(1'200));
  expect(0, 1, 2);
}

TEST_F(Encodings, OfTwoTheLowerIsMedium) {
  run({150, 0, 1500}, Duration::seconds(2));
  expect(2, 0, 0);
}

TEST_F(Encodings, OneIsAllThree) {
  run({0, 150, 0}, Duration::seconds(2));
  expect(1, 1, 1);
}

TEST_F(Encodings, LikeRatesThatTakeTurnsKeepTheirPlaces) {
  run({300, 500, 1500}, Duration::seconds(3));
  for (int i = 0; i < 20; ++i) {
    run({300, i % 2 == 0 ? 1700 : 1300, 1300}, Duration::seconds(2));
    expect(2, 1, 0);
  }
}

TEST_F(Encodings, ALullOfSecondsDoesNotTurnTheOrder) {
  run({150, 500, 1500}, Duration::seconds(10));
  run({150, 500, 100}, Duration::seconds(3));
  expect(2, 1, 0);
}

TEST_F(Encodings, OneThatForLongCarriesClearlyMoreIsTheHigher) {
  run({150, 500, 1500}, Duration::seconds(10));
  run({150, 1500, 500}, Duration::seconds(20));
  expect(1, 2, 0);
}

TEST_F(Encodings, ASilentOneIsNotOffered) {
  run({150, 500, 1500}, Duration::seconds(2));
  run({150, 500, 0}, Ladder::kAliveWithin - Duration::millis(20));
  expect(2, 1, 0);
  run({150, 500, 0}, Duration::millis(40));
  expect(1, 1, 0);
  now_ = now_ + Duration::seconds(2);
  EXPECT_FALSE(ladder_.choose(now_, Layer::kLow));
}

TEST_F(Encodings, MediumStaysWhatItWasWhenTheHighestIsSilent) {
  run({150, 500, 1500}, Duration::seconds(2));
  run({150, 500, 0}, Duration::seconds(5));
  expect(1, 1, 0);
  run({0, 500, 0}, Duration::seconds(5));
  expect(1, 1, 1);
}

TEST_F(Encodings, WhatMediumWasIsReplacedByItsNeighbourTheLowerFirst) {
  run({150, 500, 1500}, Duration::seconds(2));
  run({150, 0, 1500}, Duration::seconds(5));
  expect(2, 0, 0);
  run({0, 0, 1500}, Duration::seconds(5));
  expect(2, 2, 2);
}

// It has its place at once, though its rate has to grow first.
TEST_F(Encodings, OneThatComesBackHasItsPlace) {
  run({150, 500, 1500}, Duration::seconds(2));
  run({150, 500, 0}, Duration::seconds(5));
  for (int i = 0; i < 20; ++i) {
    run({150, 500, 1500}, Duration::millis(100));
    expect(2, 1, 0);
  }
}

TEST_F(Encodings, ANewOneIsNotOfferedBeforeItIsCompared) {
  run({150, 500, 0}, Duration::seconds(3));
  run({150, 500, 1500}, Duration::millis(900));
  expect(1, 0, 0);
  run({150, 500, 1500}, Duration::millis(400));
  expect(2, 1, 0);
}

TEST_F(Encodings, OneThatHasEndedIsSilentAtOnce) {
  run({150, 500, 1500}, Duration::seconds(2));
  ladder_.end(2);
  expect(1, 1, 0);
  EXPECT_FALSE(ladder_.alive(now_, 2));
}

}  // namespace
}  // namespace heliograph::sfu
