// SPDX-License-Identifier: Apache-2.0
#include "token/claims.h"

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::token {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kNow = 1'800'000'000;

std::expected<Claims, Refused> read(const std::string& more, const Expected& expected = {}, int64_t now = kNow) {
  return read_claims(fmt::format(R"({{"sub":"ann","exp":{}{}{}}})", kNow + 60, more.empty() ? "" : ",", more), expected,
                     now);
}

TEST(Claims, AreReadWithAnyOthersBesideThem) {
  const auto claims = read(
      R"("rid":["a*","b"],"role":"viewer","create":false,"name":"A","fullname":"Ann","avatar":"x","foo":{"bar":[1]})");
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, "ann");
  EXPECT_EQ(claims->expires, kNow + 60);
  EXPECT_THAT(claims->rooms, ElementsAre("a*", "b"));
  EXPECT_EQ(claims->role, Role::kViewer);
  EXPECT_EQ(claims->create, false);
  EXPECT_EQ(claims->fullname, "Ann");
}

TEST(Claims, WhatIsNotThereIsLeftOpen) {  // B-59
  const auto claims = read("");
  ASSERT_TRUE(claims);
  EXPECT_THAT(claims->rooms, IsEmpty());
  EXPECT_EQ(claims->role, std::nullopt);
  EXPECT_EQ(claims->create, std::nullopt);
  EXPECT_EQ(claims->username, "");
}

TEST(Claims, ARoomMayBeAString) { EXPECT_THAT(read(R"("rid":"tea*")")->rooms, ElementsAre("tea*")); }

TEST(Claims, OfAWrongTypeAreRefusedByName) {
  for (const auto& [more, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {R"("rid":7)", "rid"},
           {R"("rid":["a",7])", "rid"},
           {R"("rid":"")", "rid"},
           {R"("rid":[])", "rid"},
           {R"("rid":null)", "rid"},
           {R"("role":"owner")", "role"},
           {R"("role":1)", "role"},
           {R"("role":"")", "role"},
           {R"("create":"true")", "create"},
           {R"("create":1)", "create"},
           {R"("name":7)", "name"},
           {R"("fullname":[])", "fullname"},
           {R"("avatar":{})", "avatar"},
           {R"("nbf":"now")", "nbf"},
           {R"("iat":true)", "iat"},
           {R"("nbf":-1)", "nbf"},
           {R"("iat":1e300)", "iat"},
           {R"("iss":7)", "iss"},
           {fmt::format(R"("rid":"{}")", std::string(257, 'r')), "rid"},
           {fmt::format(R"("name":"{}")", std::string(1'025, 'n')), "name"}}) {
    const auto claims = read(more);
    ASSERT_FALSE(claims) << more;
    EXPECT_EQ(claims.error().reason, Reason::kClaim);
    EXPECT_THAT(claims.error().sentence, HasSubstr("claim " + name + " "));
  }
}

TEST(Claims, SubAndExpAreNeeded) {
  for (const auto& [json, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {R"({"exp":1800000060})", "sub"},
           {R"({"sub":"","exp":1800000060})", "sub"},
           {R"({"sub":7,"exp":1800000060})", "sub"},
           {fmt::format(R"({{"sub":"{}","exp":1800000060}})", std::string(257, 's')), "sub"},
           {R"({"sub":"ann"})", "exp"},
           {R"({"sub":"ann","exp":"1800000060"})", "exp"},
           {R"({"sub":"ann","exp":null})", "exp"},
           {R"({"sub":"ann","exp":99999999999999999})", "exp"}}) {
    const auto claims = read_claims(json, {}, kNow);
    ASSERT_FALSE(claims) << json;
    EXPECT_EQ(claims.error().reason, Reason::kClaim) << json;
    EXPECT_THAT(claims.error().sentence, HasSubstr("claim " + name));
  }
  EXPECT_TRUE(read_claims(fmt::format(R"({{"sub":"{}","exp":1800000060}})", std::string(256, 's')), {}, kNow));
}

TEST(Claims, ATokenEndsAtItsTimeAndTheLeewayAfterIt) {  // RFC 7519 section 4.1.4
  EXPECT_TRUE(read("", {}, kNow + 60 + kLeeway - 1));
  const auto late = read("", {}, kNow + 60 + kLeeway);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, Reason::kExpired);
  EXPECT_THAT(late.error().sentence, HasSubstr("expired 30 seconds ago"));
}

TEST(Claims, ATokenBeginsAtItsTimeAndTheLeewayBeforeIt) {  // RFC 7519 sections 4.1.5 and 4.1.6
  for (const auto* name : {"nbf", "iat"}) {
    EXPECT_TRUE(read(fmt::format("\"{}\":{}", name, kNow + kLeeway)));
    EXPECT_TRUE(read(fmt::format("\"{}\":{}.5", name, kNow - 100)));
    const auto early = read(fmt::format("\"{}\":{}", name, kNow + kLeeway + 1));
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().reason, Reason::kNotYet);
    EXPECT_THAT(early.error().sentence, HasSubstr(name));
  }
}

TEST(Claims, WhereAnIssuerIsExpectedItMustBeThatOne) {
  const Expected expected{.issuer = "https://id.example", .audience = {}};
  EXPECT_TRUE(read(R"("iss":"https://id.example")", expected));
  EXPECT_EQ(read(R"("iss":"https://id.example.")", expected).error().reason, Reason::kForeign);
  EXPECT_EQ(read("", expected).error().reason, Reason::kForeign);
}

TEST(Claims, WhereAnAudienceIsExpectedItMustBeNamed) {
  const Expected expected{.issuer = {}, .audience = "rooms"};
  EXPECT_TRUE(read(R"("aud":"rooms")", expected));
  EXPECT_TRUE(read(R"("aud":["chat","rooms"])", expected));
  for (const auto* other : {R"("aud":"chat")", R"("aud":[])", R"("aud":["chat",7])", R"("aud":7)", ""})
    EXPECT_EQ(read(other, expected).error().reason, Reason::kForeign) << other;
}

TEST(Claims, ANameThatStandsTwiceIsRefused) {  // RFC 7519 section 4
  EXPECT_EQ(read(R"("role":"viewer","role":"admin")").error().reason, Reason::kMalformed);
  EXPECT_EQ(read(R"("x":{"a":1,"a":2})").error().reason, Reason::kMalformed);
  EXPECT_EQ(read("\"\\u0073ub\":\"bob\"").error().reason, Reason::kMalformed);
}

TEST(Claims, AreWrittenAsTheyAreRead) {
  const Claims claims{.subject = "ann", .expires = kNow + 5, .rooms = {"a"}, .role = Role::kPublisher};
  const auto json = write_claims(claims, {}, kNow);
  EXPECT_EQ(json, R"({"sub":"ann","iat":1800000000,"exp":1800000005,"rid":"a","role":"publisher"})");
  EXPECT_EQ(*read_claims(json, {}, kNow), claims);
}

}  // namespace
}  // namespace heliograph::token
