// SPDX-License-Identifier: Apache-2.0
#include "server/door.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using base::Duration;
using gateway::Upgrade;
using testing::HasSubstr;

constexpr int64_t kUnix = 1'800'000'000;
const std::string kSecret(32, 's');
const Moment kStart{base::Timestamp::from_micros(1'000'000'000), kUnix};

Moment after(Duration time) { return {kStart.now + time, kStart.unix + time.ms() / 1'000}; }

std::string token_of(const std::string& user, const token::Expected& expected = {}) {
  return token::mint({.subject = user, .expires = kUnix + 60}, expected, {kSecret, "web"}, kUnix);
}

Options with_keys() {
  Options options;
  options.token_secrets = {"web:" + kSecret};
  return options;
}

// A door with settings of its own.
struct House {
  explicit House(const Options& options = with_keys())
      : gate(*TokenGate::open(options)), door(DoorRules::of(options), gate) {}

  // The status that the next upgrade is answered with; 101: let in and open.
  unsigned knock(Upgrade upgrade, Moment at = kStart) {
    upgrade.id = ++last_id;
    const auto admitted = door.admit(at, upgrade);
    denial = admitted ? gateway::Denial{} : admitted.error();
    if (!admitted) return denial.status;
    guest = door.opened(upgrade);
    return 101;
  }

  TokenGate gate;
  Door door;
  gateway::ConnectionId last_id = 0;
  gateway::Denial denial;
  Door::Guest guest;
};

Upgrade from(const char* address, std::string token = {}) {
  return {.address = *base::IpAddress::parse(address), .path = "/ws", .token = std::move(token), .origin = {}};
}

TEST(Door, AGoodTokenIsLetInAsWhomItNames) {  // B-2
  House house;
  EXPECT_EQ(house.knock(from("192.0.2.1", token_of("ann"))), 101u);
  EXPECT_EQ(house.guest.identity.user_id, "ann");
  EXPECT_EQ(house.guest.address, *base::IpAddress::parse("192.0.2.1"));
}

TEST(Door, ABadTokenIsRefusedWithTheReason) {  // B-2, RFC 6750 section 3.1
  House house;
  EXPECT_EQ(house.knock(from("192.0.2.1", "nonsense")), 401u);
  EXPECT_EQ(house.denial.error, "invalid_token");
  EXPECT_THAT(house.denial.sentence, HasSubstr("three parts"));
  EXPECT_EQ(house.knock(from("192.0.2.1", token_of("ann")), after(Duration::seconds(91))), 401u);
  EXPECT_THAT(house.denial.sentence, HasSubstr("expired"));
}

TEST(Door, AGoodTokenThatIsForOthersIsForbidden) {  // B-2
  auto options = with_keys();
  options.token_audience = "rooms";
  House house(options);
  EXPECT_EQ(house.knock(from("192.0.2.1", token_of("ann", {.issuer = {}, .audience = "chat"}))), 403u);
  EXPECT_EQ(house.denial.error, "insufficient_scope");
  EXPECT_EQ(house.knock(from("192.0.2.1", token_of("ann", {.issuer = {}, .audience = "rooms"}))), 101u);
}

TEST(Door, WhoBringsNoTokenIsNobodyYet) {  // B-59: JOIN has to bring it
  House house;
  EXPECT_EQ(house.knock(from("192.0.2.1")), 101u);
  EXPECT_EQ(house.guest.identity.user_id, "");
}

TEST(Door, InOpenModeNoTokenIsLookedAt) {
  House house{Options()};
  EXPECT_EQ(house.knock(from("192.0.2.1", "nonsense")), 101u);
  EXPECT_EQ(house.guest.identity.user_id, "");
}

unsigned of_page(House& house, std::string origin, std::string host = "rooms.example.org") {
  auto upgrade = from("192.0.2.1");
  upgrade.origin = std::move(origin);
  upgrade.host = std::move(host);
  return house.knock(upgrade);
}

TEST(Door, WithoutAListAnyPageMayConnect) {
  House house;
  EXPECT_EQ(of_page(house, "https://anywhere.example"), 101u);
}

TEST(Door, OnlyTheListedPagesAndOurOwnMayConnect) {
  auto options = with_keys();
  options.allowed_origins = {"https://*.example.org", "http://localhost:5173"};
  House house(options);
  EXPECT_EQ(of_page(house, "https://app.example.org"), 101u);
  EXPECT_EQ(of_page(house, "http://localhost:5173"), 101u);
  EXPECT_EQ(of_page(house, ""), 101u);  // no browser
  EXPECT_EQ(of_page(house, "https://Rooms.Example.net:8443", "rooms.example.net:8443"), 101u);
  for (const auto* other : {"http://app.example.org", "https://example.org", "https://app.example.org.evil.example",
                            "http://localhost:5174", "null", "https://", "x"}) {
    EXPECT_EQ(of_page(house, other), 403u) << other;
    EXPECT_THAT(house.denial.sentence, HasSubstr("allowed_origins"));
    EXPECT_EQ(house.denial.error, "");  // the token is not what is wrong
  }
  EXPECT_EQ(of_page(house, "https://rooms.example.net:8444", "rooms.example.net:8443"), 403u);
  EXPECT_EQ(house.door.turned_away()[static_cast<size_t>(TurnedAway::kOrigin)], 8u);
}

TEST(Door, AnAddressThatConnectsTooFastIsToldWhenToComeBack) {
  auto options = with_keys();
  options.connection_rate_per_address = 2;
  options.connection_burst_per_address = 3;
  House house(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(house.knock(from("2001:db8::1")), 101u);
  EXPECT_EQ(house.knock(from("2001:db8::2")), 429u);  // the same /64
  EXPECT_GT(house.denial.retry_after, Duration::millis(400));
  EXPECT_LE(house.denial.retry_after, Duration::millis(501));
  EXPECT_EQ(house.knock(from("2001:db8:0:1::1")), 101u);
  EXPECT_EQ(house.knock(from("2001:db8::1"), after(house.denial.retry_after)), 429u);
  EXPECT_EQ(house.knock(from("2001:db8::1"), after(Duration::millis(600))), 101u);
  EXPECT_EQ(house.door.turned_away()[static_cast<size_t>(TurnedAway::kRate)], 2u);
}

TEST(Door, BadTokensAreNoFasterThanTheRate) {
  auto options = with_keys();
  options.connection_burst_per_address = 2;
  House house(options);
  EXPECT_EQ(house.knock(from("192.0.2.1", "guess 1")), 401u);
  EXPECT_EQ(house.knock(from("192.0.2.1", "guess 2")), 401u);
  EXPECT_EQ(house.knock(from("192.0.2.1", "guess 3")), 429u);
}

TEST(Door, AnAddressHasSoManyConnectionsAndNoMore) {
  auto options = with_keys();
  options.connections_per_address = 2;
  House house(options);
  EXPECT_EQ(house.knock(from("192.0.2.1")), 101u);
  EXPECT_EQ(house.knock(from("192.0.2.1")), 101u);
  EXPECT_EQ(house.knock(from("192.0.2.1")), 429u);
  EXPECT_GT(house.denial.retry_after, Duration());
  EXPECT_EQ(house.knock(from("192.0.2.2")), 101u);
  house.door.closed(1);
  EXPECT_EQ(house.knock(from("192.0.2.1")), 101u);
  house.door.closed(1);  // is gone already
  EXPECT_EQ(house.knock(from("192.0.2.1")), 429u);
}

TEST(Door, UpgradesUnderWayCountAndThoseThatNeverCameAreForgotten) {
  auto options = with_keys();
  options.connections_per_address = 2;
  House house(options);
  auto upgrade = from("192.0.2.1");
  for (upgrade.id = 101; upgrade.id < 103; ++upgrade.id) EXPECT_TRUE(house.door.admit(kStart, upgrade));
  EXPECT_FALSE(house.door.admit(kStart, upgrade));
  upgrade.id = 104;
  EXPECT_FALSE(house.door.admit(after(Duration::seconds(59)), upgrade));
  EXPECT_TRUE(house.door.admit(after(Duration::seconds(61)), upgrade));
}

TEST(Door, BehindATrustedProxyTheClientIsWhoItForwardsFor) {
  auto options = with_keys();
  options.trusted_proxies = {"10.0.0.0/8"};
  options.connections_per_address = 1;
  House house(options);
  auto upgrade = from("10.0.0.1");
  upgrade.forwarded_for = "203.0.113.1";
  EXPECT_EQ(house.knock(upgrade), 101u);
  EXPECT_EQ(house.guest.address, *base::IpAddress::parse("203.0.113.1"));
  EXPECT_EQ(house.knock(upgrade), 429u);
  upgrade.forwarded_for = "203.0.113.2";
  EXPECT_EQ(house.knock(upgrade), 101u);
  upgrade.address = *base::IpAddress::parse("198.51.100.1");  // no proxy of ours
  upgrade.forwarded_for = "203.0.113.3";
  EXPECT_EQ(house.knock(upgrade), 101u);
  EXPECT_EQ(house.guest.address, upgrade.address);
}

}  // namespace
}  // namespace heliograph::server
