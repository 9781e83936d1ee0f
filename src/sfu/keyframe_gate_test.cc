// SPDX-License-Identifier: Apache-2.0
#include "sfu/keyframe_gate.h"

#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;

constexpr auto kStart = Timestamp::from_micros(5'000'000);

TEST(KeyframeGate, AsksAtOnceTheFirstTime) {
  KeyframeGate gate;
  EXPECT_TRUE(gate.next_time().is_never());
  EXPECT_FALSE(gate.take_due(kStart));
  gate.request(kStart);
  EXPECT_EQ(gate.next_time(), kStart);
  EXPECT_TRUE(gate.take_due(kStart));
}

TEST(KeyframeGate, AsksAtOnceAtTheBeginningOfTime) {
  KeyframeGate gate;
  gate.request(Timestamp());
  EXPECT_TRUE(gate.take_due(Timestamp()));
}

TEST(KeyframeGate, ManyWishesAreOneRequest) {
  KeyframeGate gate;
  for (int i = 0; i < 100; ++i) gate.request(kStart + Duration::millis(i / 10));
  EXPECT_TRUE(gate.take_due(kStart + Duration::millis(10)));
  for (int i = 0; i < 100; ++i) gate.request(kStart + Duration::millis(11));
  EXPECT_FALSE(gate.take_due(kStart + Duration::millis(11)));
}

TEST(KeyframeGate, TheNextRequestWaitsForTheMinimum) {
  KeyframeGate gate;
  gate.request(kStart);
  gate.take_due(kStart);
  gate.on_keyframe();
  EXPECT_TRUE(gate.next_time().is_never());
  gate.request(kStart + Duration::millis(100));
  EXPECT_EQ(gate.next_time(), kStart + KeyframeGate::kMinInterval);
  EXPECT_FALSE(gate.take_due(kStart + Duration::millis(499)));
  EXPECT_TRUE(gate.take_due(kStart + Duration::millis(500)));
}

TEST(KeyframeGate, RepeatsWithGrowingPatienceUntilAKeyframeComes) {
  KeyframeGate gate;
  gate.request(kStart);
  auto now = kStart;
  for (const int64_t wait : {500, 1000, 2000, 4000, 4000, 4000}) {
    EXPECT_TRUE(gate.take_due(now));
    EXPECT_EQ(gate.next_time() - now, Duration::millis(wait));
    EXPECT_FALSE(gate.take_due(now + Duration::millis(wait) - Duration::micros(1)));
    now = now + Duration::millis(wait);
  }
  gate.on_keyframe();
  EXPECT_FALSE(gate.take_due(now + Duration::seconds(60)));
  EXPECT_FALSE(gate.wanted());
}

TEST(KeyframeGate, PatienceBeginsAnewWithEachWish) {
  KeyframeGate gate;
  gate.request(kStart);
  for (int i = 0; i < 5; ++i) gate.take_due(gate.next_time());
  gate.on_keyframe();
  const auto later = kStart + Duration::seconds(60);
  gate.request(later);
  gate.take_due(later);
  EXPECT_EQ(gate.next_time(), later + KeyframeGate::kMinInterval);
}

}  // namespace
}  // namespace heliograph::sfu
