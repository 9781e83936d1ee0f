// SPDX-License-Identifier: Apache-2.0
#include "server/address_limits.h"

#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using base::Duration;

base::IpAddress ip(uint32_t n) { return base::IpAddress::v4(n); }
constexpr auto kStart = base::Timestamp::from_micros(1'000'000'000);

TEST(AddressLimits, ABurstIsTakenThenTheRate) {
  AddressLimits limits({.connections = 0, .per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.take(kStart, ip(1)), Duration());
  const auto wait = limits.take(kStart, ip(1));
  EXPECT_GT(wait, Duration::millis(99));
  EXPECT_LE(wait, Duration::millis(101));
  EXPECT_EQ(limits.take(kStart, ip(2)), Duration());  // another is not disturbed
  EXPECT_GT(limits.take(kStart + Duration::millis(99), ip(1)), Duration());
  EXPECT_EQ(limits.take(kStart + wait, ip(1)), Duration());
  EXPECT_GT(limits.take(kStart + wait, ip(1)), Duration());
}

TEST(AddressLimits, AfterARestTheBurstIsThereAgainAndNoMore) {
  AddressLimits limits({.connections = 0, .per_second = 10, .burst = 3});
  for (int i = 0; i < 4; ++i) (void)limits.take(kStart, ip(1));
  const auto later = kStart + Duration::seconds(3'600);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.take(later, ip(1)), Duration());
  EXPECT_GT(limits.take(later, ip(1)), Duration());
}

TEST(AddressLimits, TheLargestRatesDoNotOverflow) {
  AddressLimits limits({.connections = 0, .per_second = 1'000'000, .burst = 1'000'000});
  for (int i = 0; i < 1'000; ++i)
    EXPECT_EQ(limits.take(kStart + Duration::seconds(i * 1'000'000LL), ip(1)), Duration());
}

TEST(AddressLimits, ConnectionsAreCountedByAddress) {
  AddressLimits limits({.connections = 2, .per_second = 0, .burst = 1});
  limits.opened(kStart, ip(1));
  EXPECT_FALSE(limits.is_full(ip(1)));
  limits.opened(kStart, ip(1));
  EXPECT_TRUE(limits.is_full(ip(1)));
  EXPECT_FALSE(limits.is_full(ip(2)));
  EXPECT_EQ(limits.full(), 1u);
  limits.closed(ip(1));
  EXPECT_FALSE(limits.is_full(ip(1)));
  EXPECT_EQ(limits.full(), 0u);
}

TEST(AddressLimits, WithoutLimitsNothingIsKept) {
  AddressLimits limits({});
  for (uint32_t i = 0; i < 1'000; ++i) {
    EXPECT_EQ(limits.take(kStart, ip(i)), Duration());
    limits.opened(kStart, ip(i));
    EXPECT_FALSE(limits.is_full(ip(i)));
  }
  EXPECT_EQ(limits.known(), 0u);
}

TEST(AddressLimits, WhoIsAsNewIsForgotten) {
  AddressLimits limits({.connections = 5, .per_second = 10, .burst = 10});
  limits.opened(kStart, ip(7));
  for (uint32_t i = 100; i < 50'000; ++i) {
    (void)limits.take(kStart + Duration::millis(i), ip(i));
    ASSERT_LT(limits.known(), 5'000u);  // they come 1 ms apart, and after 100 ms each is as new
  }
  for (int i = 0; i < 4; ++i) limits.opened(kStart, ip(7));
  EXPECT_TRUE(limits.is_full(ip(7)));  // who has a connection was not forgotten
}

TEST(AddressLimits, WhoFindsNoPlaceSharesOne) {
  AddressLimits limits({.connections = 0, .per_second = 1, .burst = 100});
  for (uint32_t i = 0; i < AddressLimits::kMaxAddresses + 100; ++i) ASSERT_EQ(limits.take(kStart, ip(i)), Duration());
  EXPECT_EQ(limits.known(), AddressLimits::kMaxAddresses);
  EXPECT_GT(limits.take(kStart, ip(0xffffffff)), Duration());
  EXPECT_EQ(limits.take(kStart, ip(5)), Duration());  // who has a place keeps it
}

}  // namespace
}  // namespace heliograph::server
