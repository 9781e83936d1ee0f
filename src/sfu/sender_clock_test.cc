// SPDX-License-Identifier: Apache-2.0
#include "sfu/sender_clock.h"

#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::NtpTime;

// RFC 3550 section 6.4.1: NTP and RTP timestamp are the same moment.
TEST(SenderClock, TimestampsLieAroundTheLatestReport) {
  SenderClock clock(90'000);
  EXPECT_FALSE(clock.synchronised());
  const auto then = NtpTime::from_unix_micros(1'700'000'000'000'000);
  clock.on_report({then, 1000});
  ASSERT_TRUE(clock.synchronised());
  EXPECT_EQ(clock.time_of(1000), then);
  EXPECT_EQ((clock.time_of(1000 + 45'000) - then).ms(), 500);
  EXPECT_NEAR(static_cast<double>((clock.time_of(1000U - 90'000U) - then).us()), -1e6, 1);
}

TEST(SenderClock, TimestampsMayWrapAfterTheReport) {
  SenderClock clock(48'000);
  const auto then = NtpTime::from_unix_micros(1'700'000'000'000'000);
  clock.on_report({then, 0xffff'ff00});
  EXPECT_NEAR(static_cast<double>((clock.time_of(0xffff'ff00 + 48'000U) - then).us()), 1e6, 1);
}

TEST(SenderClock, TicksAndTimeAreEachOthersInverse) {
  const SenderClock clock(90'000);
  EXPECT_EQ(clock.time_to_ticks(Duration::millis(-20)), -1800);
  EXPECT_EQ(clock.ticks_to_time(1800), Duration::millis(20));
}

TEST(SenderClock, ACenturyBetweenTwoReportsIsNoOverflow) {
  const SenderClock clock(90'000);
  EXPECT_EQ(clock.time_to_ticks(Duration::seconds(2'147'483'648)), int64_t{2'147'483'648} * 90'000);
}

}  // namespace
}  // namespace heliograph::sfu
