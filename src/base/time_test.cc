// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include "base/data_rate.h"
#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(Duration, IsMicrosecondsUnderEveryUnit) {
  EXPECT_EQ(Duration::seconds(2), Duration::millis(2000));
  EXPECT_EQ(Duration::millis(3), Duration::micros(3000));
  EXPECT_EQ(Duration::from_seconds(0.25), Duration::millis(250));
  EXPECT_EQ(Duration::millis(1500).ms(), 1500);
  EXPECT_DOUBLE_EQ(Duration::millis(1500).to_seconds(), 1.5);
  EXPECT_EQ(Duration::seconds(1) - Duration::millis(1200), -Duration::millis(200));
}

TEST(Duration, InfiniteStaysLaterThanAnythingWhenAdded) {
  EXPECT_GT(Timestamp::from_micros(0) + Duration::infinite(), Timestamp::from_micros(0) + Duration::seconds(1'000'000));
}

TEST(Timestamp, NeverIsLaterThanAnyOther) {
  EXPECT_TRUE(Timestamp::never().is_never());
  EXPECT_FALSE(Timestamp::from_micros(1).is_never());
  EXPECT_LT(Timestamp::from_micros(0) + Duration::infinite(), Timestamp::never());
  EXPECT_TRUE((Timestamp::never() + Duration::infinite()).is_never());
}

TEST(Timestamp, DifferenceIsADuration) {
  const auto t = Timestamp::from_micros(10);
  EXPECT_EQ(t + Duration::millis(7) - t, Duration::millis(7));
  EXPECT_EQ(t - Duration::micros(4), Timestamp::from_micros(6));
}

TEST(NtpTime, CountsFrom1900) {
  EXPECT_EQ(NtpTime::from_unix_micros(0).value, uint64_t{2'208'988'800} << 32);
  EXPECT_EQ(NtpTime::from_unix_micros(500'000).value & 0xffff'ffff, 0x8000'0000u);
}

TEST(NtpTime, CompactIsTheMiddle32Bits) { EXPECT_EQ(NtpTime{0x0123'4567'89ab'cdef}.compact(), 0x4567'89abu); }

TEST(NtpTime, SumAndDifferenceAgreeToAMicrosecond) {
  const auto start = NtpTime::from_unix_micros(1'700'000'000'000'000);
  for (const auto d : {Duration::micros(1), Duration::millis(-250), Duration::seconds(86'400), Duration::micros(-1)}) {
    const auto back = (start + d) - start;
    EXPECT_LE(std::abs(back.us() - d.us()), 1) << d.us();
  }
}

TEST(DataRate, OfBytesOverASpan) {
  EXPECT_EQ(DataRate::of(1250, Duration::millis(10)), DataRate::kbps(1000));
  EXPECT_EQ(DataRate::of(1250, Duration()), DataRate());
  EXPECT_EQ(DataRate::of(1250, -Duration::millis(1)), DataRate());
}

TEST(DataRate, IsNeverNegative) {
  EXPECT_EQ(DataRate::bps(-5), DataRate());
  EXPECT_EQ(DataRate::kbps(100) * -1.0, DataRate());
}

}  // namespace
}  // namespace heliograph::base
