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

Outbox::Text text(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

TEST(Outbox, TakesAMessageHoweverLargeButNotAPile) {
  const Limits limits{.max_queued_bytes = 1'000, .max_queued_messages = 3};
  Outbox large(limits);
  EXPECT_TRUE(large.push(text(std::string(5'000, 'x'))));
  EXPECT_FALSE(large.push(text("y")));
  Outbox many(limits);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(many.push(text("m")));
  EXPECT_FALSE(many.push(text("m")));
  const size_t three = many.bytes();
  EXPECT_GT(three, 3u);  // they cost more than their text
  many.pop();
  EXPECT_EQ(many.bytes(), three / 3 * 2);
  EXPECT_FALSE(many.push(text(std::string(1'000 - many.bytes(), '9'))));
  EXPECT_TRUE(many.is_fuller_than(1, 2));  // messages, though not bytes
  many.keep_front();
  EXPECT_EQ(many.messages(), 1u);
  EXPECT_EQ(many.bytes(), three / 3);
  EXPECT_FALSE(many.is_fuller_than(1, 2));
  many.clear();
  EXPECT_EQ(many.bytes(), 0u);
  EXPECT_TRUE(many.push(text(std::string(600, 'x'))));
  EXPECT_TRUE(many.is_fuller_than(1, 2));  // bytes, though not messages
}

TEST(Counters, CountKnownCloseCodesByThemselvesAndTheRestTogether) {
  Counters counters;
  for (const int code : {1000, 1015, 1016, 4000, 0, 65535}) counters.close(static_cast<uint16_t>(code));
  EXPECT_EQ(counters.closed(1000), 1u);
  EXPECT_EQ(counters.closed(1015), 1u);
  EXPECT_EQ(counters.closes.back(), 4u);
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "none";
}

// RFC 6750 section 3
TEST(Denied, ChallengesWhoBroughtNoTokenAndSaysWhatIsWrongWithOne) {
  EXPECT_EQ(header(denied({.status = 401, .sentence = "A token is needed."}), "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(header(denied({.status = 401, .sentence = "\"a\\b\" has\texpired.", .error = "invalid_token"}),
                   "WWW-Authenticate"),
            "Bearer error=\"invalid_token\", error_description=\"'a'b' has'expired.\"");
  EXPECT_EQ(header(denied({.status = 403, .sentence = "No.", .error = "insufficient_scope"}), "WWW-Authenticate"),
            "Bearer error=\"insufficient_scope\", error_description=\"No.\"");
  EXPECT_EQ(header(denied({.status = 403, .sentence = "No."}), "WWW-Authenticate"), "none");
}

// RFC 9110 section 10.2.3, RFC 9457
TEST(Denied, SaysWhenToComeBackInWholeSecondsAndNotTooEarly) {
  const auto response = denied({.status = 429, .sentence = "Too many.", .retry_after = base::Duration::millis(2'001)});
  EXPECT_EQ(header(response, "Retry-After"), "3");
  EXPECT_EQ(header(response, "WWW-Authenticate"), "none");
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, R"({"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Too many."})");
  EXPECT_EQ(header(denied({.status = 503, .sentence = "Full."}), "Retry-After"), "none");
}

}  // namespace
}  // namespace heliograph::gateway
