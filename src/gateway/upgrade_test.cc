// SPDX-License-Identifier: Apache-2.0
#include "gateway/upgrade.h"

#include "gateway/counters.h"
#include "gateway/listen_address.h"
#include "gateway/outbox.h"
#include "gtest/gtest.h"

namespace heliograph::gateway {
namespace {

TEST(Upgrade, ATargetIsAPathAndAQuery) {
  EXPECT_EQ(split_target("/a?b=c?d").path, "/a");
  EXPECT_EQ(split_target("/a?b=c?d").query, "b=c?d");
  EXPECT_EQ(split_target("/a").query, "");
}

TEST(Upgrade, AQueryValueIsFoundAndDecoded) {
  EXPECT_EQ(query_value("a=1&token=x%20y%2b+z&token=2", "token"), "x y+ z");
  EXPECT_EQ(query_value("atoken=1", "token"), "");
  EXPECT_EQ(query_value("token", "token"), "");
  EXPECT_EQ(query_value("&&token=end%41", "token"), "endA");
  for (const auto* broken : {"token=%", "token=%4", "token=%zz", "token=a%4"})
    EXPECT_EQ(query_value(broken, "token"), "") << broken;
}

// B-2, RFC 6750 section 2.1
TEST(Upgrade, TheTokenIsInTheQueryOrElseInTheHeader) {
  EXPECT_EQ(token_of("token=q", "Bearer h"), "q");
  EXPECT_EQ(token_of("x=1", "Bearer h"), "h");
  EXPECT_EQ(token_of("", "bEARER   h.i.j"), "h.i.j");
  EXPECT_EQ(token_of("", "Basic h"), "");
  EXPECT_EQ(token_of("", "Bearer"), "");
  EXPECT_EQ(token_of("", "Bearer   "), "");
}

TEST(ListenAddress, IsAHostAndAPort) {
  EXPECT_EQ(ListenAddress::parse("127.0.0.1:8080")->host, "127.0.0.1");
  EXPECT_EQ(ListenAddress::parse("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(ListenAddress::parse("[::1]:0")->host, "::1");
  EXPECT_EQ(ListenAddress::parse("example.org:443")->host, "example.org");
  for (const auto* bad : {"", ":80", "host", "host:", "host:x", "host:70000", "host:-1", "::1:80", "[::1:80",
                          "[1.2.3.4]:80", "[]:80", "http://a:80"})
    EXPECT_FALSE(ListenAddress::parse(bad)) << bad;
}

TEST(ListenAddress, KnowsWhatOnlyThisMachineReaches) {
  for (const auto* local : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"})
    EXPECT_TRUE(ListenAddress::parse(local)->is_loopback()) << local;
  for (const auto* open : {"0.0.0.0:1", "[::]:1", "192.0.2.1:1", "example.org:1"})
    EXPECT_FALSE(ListenAddress::parse(open)->is_loopback()) << open;
}

TEST(Outbox, TakesAMessageHoweverLargeButNotAPile) {
  const Limits limits{.max_queued_bytes = 10, .max_queued_messages = 3};
  Outbox large(limits);
  EXPECT_TRUE(large.push(std::string(50, 'x')));
  EXPECT_FALSE(large.push("y"));
  Outbox many(limits);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(many.push("m"));
  EXPECT_FALSE(many.push("m"));
  many.pop();
  EXPECT_TRUE(many.push("12345678"));
  EXPECT_EQ(many.bytes(), 10u);
  EXPECT_FALSE(many.push("9"));
  many.keep_front();
  EXPECT_EQ(many.messages(), 1u);
  EXPECT_EQ(many.bytes(), 1u);
}

TEST(Counters, CountKnownCloseCodesByThemselvesAndTheRestTogether) {
  Counters counters;
  for (const int code : {1000, 1015, 1016, 4000, 0, 65535}) counters.close(static_cast<uint16_t>(code));
  EXPECT_EQ(counters.closed(1000), 1u);
  EXPECT_EQ(counters.closed(1015), 1u);
  EXPECT_EQ(counters.closes.back(), 4u);
}

}  // namespace
}  // namespace heliograph::gateway
