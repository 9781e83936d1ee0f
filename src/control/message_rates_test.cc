// SPDX-License-Identifier: Apache-2.0
#include "control/message_rates.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

const base::Timestamp kNow = base::Timestamp::from_micros(1'000'000'000);
constexpr auto kNone = base::Duration();

Limits limits() {
  Limits limits;
  limits.user_rate = {.messages_per_second = 10, .messages_burst = 5};
  limits.address_rate = {.messages_per_second = 20, .messages_burst = 8};
  return limits;
}

TEST(MessageRates, ABurstPassesAndThenOnlyTheRate) {
  MessageRates rates(limits());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rates.of_user(kNow, "u"), kNone);
  const auto wait = rates.of_user(kNow, "u");
  EXPECT_GE(wait.ms(), 200);  // one is missing, and the refused one took another
  EXPECT_LE(wait.ms(), 202);
  EXPECT_EQ(rates.of_user(kNow + wait, "u"), kNone) << "what b.retryAfter says is true";
  EXPECT_EQ(rates.of_user(kNow, "other"), kNone);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(rates.of_address(kNow, {}), kNone);
  EXPECT_NE(rates.of_address(kNow, {}), kNone);
}

TEST(MessageRates, WhoDoesNotSlowDownIsRefusedUntilTheyPause) {
  MessageRates rates(limits());
  auto now = kNow;
  size_t passed = 0;
  for (int i = 0; i < 1'000; ++i, now = now + base::Duration::millis(10))
    passed += rates.of_user(now, "u") == kNone ? 1 : 0;
  EXPECT_LE(passed, 6u);
  EXPECT_LE(rates.of_user(now, "u").ms(), 1'301) << "no debt of more than a second";
  EXPECT_EQ(rates.of_user(now + base::Duration::millis(1'300), "u"), kNone);
}

TEST(MessageRates, ZeroIsNoLimit) {
  auto none = limits();
  none.user_rate = {};
  MessageRates rates(none);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(rates.of_user(kNow, "u"), kNone);
  EXPECT_EQ(rates.size(), 0u);
}

TEST(MessageRates, ItsTableIsBoundedAndForgetsWhoIsQuiet) {
  auto small = limits();
  small.rate_buckets = 4;
  MessageRates rates(small);
  for (const auto* user : {"a", "b", "c", "d"}) EXPECT_EQ(rates.of_user(kNow, user), kNone);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rates.of_user(kNow, "e" + std::to_string(i)), kNone);
  EXPECT_NE(rates.of_user(kNow, "e9"), kNone) << "those without a place share one bucket";
  EXPECT_EQ(rates.size(), 4u);
  EXPECT_EQ(rates.of_user(kNow + base::Duration::seconds(2), "e9"), kNone);
  EXPECT_EQ(rates.size(), 1u) << "the four are as good as new: forgotten";
}

TEST(MessageRates, ANetworkOfIpv6IsOneAddress) {
  MessageRates rates(limits());
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(rates.of_address(kNow, *base::IpAddress::parse("2001:db8::" + std::to_string(i))), kNone);
  EXPECT_NE(rates.of_address(kNow, *base::IpAddress::parse("2001:db8::ffff")), kNone);
  EXPECT_EQ(rates.of_address(kNow, *base::IpAddress::parse("2001:db8:0:1::1")), kNone);
  EXPECT_EQ(rates.of_address(kNow, *base::IpAddress::parse("192.0.2.1")), kNone);
  EXPECT_EQ(rates.of_address(kNow, *base::IpAddress::parse("192.0.2.2")), kNone);
}

class Hasty : public ControlTest {
 protected:
  Hasty() : ControlTest(config()) {}
  static Config config() {
    auto config = test_config();
    config.limits.user_rate = {.messages_per_second = 10, .messages_burst = 3};
    config.limits.address_rate = {.messages_per_second = 10, .messages_burst = 5};
    config.limits.refusals_in_a_row = 20;
    return config;
  }
};

TEST_F(Hasty, TheyAreAnsweredInTheirSignalsNameAndMayTryAgain) {
  const auto beat = say("heartbeat", "HEARTBEAT", alice, R"("tid":4)");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(summary(world.tell(kAlice, beat)), "4001 HEARTBEAT");
  const auto heard = world.tell(kAlice, beat);
  ASSERT_EQ(summary(heard), "500 HEARTBEAT");
  EXPECT_EQ(at(heard[0], "/b/tid"), "4");
  EXPECT_EQ(at(heard[0], "/b/req/s"), "HEARTBEAT");
  EXPECT_TRUE(at(heard[0], "/b/msg").starts_with("INTERNAL_SERVER_ERROR: "));
  EXPECT_EQ(summary(world.tell(kAlice, "x")), "500 UNKNOWN");
  world.pass(base::Duration::millis(std::stoi(at(world.tell(kAlice, beat).at(0), "/b/retryAfter"))));
  EXPECT_EQ(summary(world.tell(kAlice, beat)), "4001 HEARTBEAT");
}

TEST_F(Hasty, WhatIsRefusedIsNotDone) {
  create(kAlice, alice);
  for (int i = 0; i < 10; ++i) world.tell(kAlice, say("heartbeat", "HEARTBEAT", alice));
  EXPECT_EQ(summary(world.tell(kAlice, say("leave", "LEAVE", alice))), "500 LEAVE");
  EXPECT_EQ(world.control.numbers().sessions, 1u);
}

TEST_F(Hasty, WhoNeverStopsIsClosed) {
  create(kAlice, alice);
  for (int i = 0; i < 23; ++i) world.tell(kAlice, "x");
  EXPECT_FALSE(world.closed.contains(kAlice));
  world.tell(kAlice, "x");
  EXPECT_EQ(world.closed.at(kAlice), 1008);
  EXPECT_TRUE(world.tell(kAlice, "x").empty());
  EXPECT_EQ(world.control.numbers().connections, 2u);
  EXPECT_EQ(world.control.numbers().sessions, 1u) << "B-13: its grace";
}

TEST_F(Hasty, WhoWasHeardInBetweenIsNotClosed) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5 + 15; ++i) world.tell(kAlice, "x");
    world.pass(base::Duration::seconds(3));  // the bucket is full again
  }
  EXPECT_TRUE(world.closed.empty());
}

TEST_F(Hasty, AUserIsCountedOverAllTheirConnectionsAndNobodyElse) {
  world.open(7, {.user_id = "dora"}, *base::IpAddress::parse("192.0.2.7"));
  world.open(8, {.user_id = "dora"}, *base::IpAddress::parse("192.0.2.8"));
  world.open(9, {.user_id = "emil"}, *base::IpAddress::parse("192.0.2.7"));
  const auto beat = [](const char* user) { return say("heartbeat", "HEARTBEAT", {.user = user}); };
  for (const ConnectionId c : {7, 8, 7}) EXPECT_EQ(summary(world.tell(c, beat("dora"))), "4001 HEARTBEAT");
  EXPECT_EQ(summary(world.tell(8, beat("dora"))), "500 HEARTBEAT");
  EXPECT_EQ(summary(world.tell(9, beat("emil"))), "4001 HEARTBEAT");
}

}  // namespace
}  // namespace heliograph::control
