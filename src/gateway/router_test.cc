// SPDX-License-Identifier: Apache-2.0
#include "gateway/router.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::gateway {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr Asset kAssets[] = {{"/index.html", "text/html", "page", "\"p1\""},
                             {"/app.js", "text/javascript", "code", "\"c1\""}};

Route route(std::string method, std::string path, bool below, std::string says) {
  return {
      .method = std::move(method), .path = std::move(path), .below = below, .answer = [says](const Request& request) {
        return Response{.content_type = "text/plain", .body = says + request.path};
      }};
}

Router router() {
  return Router({route("GET", "/v1/rooms", true, "get "), route("POST", "/v1/rooms", false, "post "),
                 route("GET", "/v1/rooms/special", false, "special ")},
                kAssets);
}

Response ask(std::string method, std::string path, std::string if_none_match = {}) {
  return router().answer({.method = std::move(method),
                          .path = std::move(path),
                          .query = {},
                          .authorization = {},
                          .if_none_match = std::move(if_none_match),
                          .content_type = {},
                          .body = {},
                          .address = {}});
}

TEST(Router, TheMostSpecificRouteAnswers) {
  EXPECT_EQ(ask("GET", "/v1/rooms").body, "get /v1/rooms");
  EXPECT_EQ(ask("GET", "/v1/rooms/a/b").body, "get /v1/rooms/a/b");
  EXPECT_EQ(ask("HEAD", "/v1/rooms/a").body, "get /v1/rooms/a");
  EXPECT_EQ(ask("POST", "/v1/rooms").body, "post /v1/rooms");
  EXPECT_EQ(ask("GET", "/v1/rooms/special").body, "special /v1/rooms/special");
}

TEST(Router, AnAssetIsServedWithTagAndPolicies) {
  const auto response = ask("GET", "/");
  EXPECT_EQ(response.payload(), "page");
  EXPECT_EQ(response.fixed_body.data(), kAssets[0].bytes.data());  // not copied
  EXPECT_THAT(response.headers, Contains(Pair("ETag", "\"p1\"")));
  EXPECT_THAT(response.headers, Contains(Pair("Cache-Control", "no-cache")));
  EXPECT_THAT(response.headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("connect-src 'self' https: ws: wss:"))));
  EXPECT_EQ(ask("GET", "/app.js").payload(), "code");
}

// RFC 9110 section 13.1.2
TEST(Router, ATagThatIsKnownIsAnsweredWith304) {
  for (const auto* known : {"\"c1\"", "W/\"c1\"", "\"other\", \"c1\"", "*"}) {
    const auto response = ask("GET", "/app.js", known);
    EXPECT_EQ(response.status, 304u) << known;
    EXPECT_EQ(response.payload(), "");
    EXPECT_THAT(response.headers, Contains(Pair("ETag", "\"c1\"")));
  }
  for (const auto* unknown : {"\"c2\"", "c1", "", ",,"})
    EXPECT_EQ(ask("GET", "/app.js", unknown).status, 200u) << unknown;
}

TEST(Router, WhatIsNotThereIsAProblemUnderAnApiPathAndAPageElsewhere) {
  const auto api = ask("GET", "/v1/nothing");
  EXPECT_EQ(api.status, 404u);
  EXPECT_EQ(api.content_type, "application/problem+json");
  EXPECT_THAT(api.body, HasSubstr(R"("status":404)"));
  const auto page = ask("GET", "/nothing");
  EXPECT_EQ(page.status, 404u);
  EXPECT_THAT(page.content_type, HasSubstr("text/html"));
  EXPECT_EQ(ask("GET", "/v1x").content_type, page.content_type);
  EXPECT_EQ(ask("GET", "/v1/roomsx").status, 404u);
  EXPECT_EQ(ask("GET", "/../etc/passwd").status, 404u);
}

TEST(Router, AMethodThatAPathDoesNotTakeIsAnsweredWithThoseItTakes) {
  const auto api = ask("DELETE", "/v1/rooms");
  EXPECT_EQ(api.status, 405u);
  EXPECT_EQ(api.content_type, "application/problem+json");
  EXPECT_THAT(api.headers, Contains(Pair("Allow", "GET, HEAD, POST")));
  const auto page = ask("PUT", "/app.js");
  EXPECT_EQ(page.status, 405u);
  EXPECT_THAT(page.headers, Contains(Pair("Allow", "GET, HEAD")));
  EXPECT_THAT(page.content_type, HasSubstr("text/html"));
}

TEST(Router, AProblemsDetailIsJson) {
  EXPECT_EQ(problem(403, "\"no\"\n").body,
            R"({"type":"about:blank","title":"Forbidden","status":403,"detail":"\"no\"\n"})");
}

}  // namespace
}  // namespace heliograph::gateway
