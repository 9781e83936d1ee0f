// SPDX-License-Identifier: Apache-2.0
#include "control/test_says.h"
#include "rest/test_api.h"

namespace heliograph::rest {
namespace {

constexpr const char* kHls = "/v1/rooms/r/participants/ann/s/hls";

TEST_F(RestTest, a_publication_is_forwarded_and_stopped) {
  post(R"({"rid":"r","ch":"m2m"})");
  join(1, {.user = "ann"});
  EXPECT_EQ(problem_of(send(request("PUT", kHls))), "409 not-publishing");
  EXPECT_EQ(problem_of(get(kHls)), "404 hls-not-found");
  world.tell(1, say("offer", "OFFER", {.user = "ann"}, control::sdp_field(control::OfferSdp{}.text())));
  const auto started = send(request("PUT", kHls));
  EXPECT_EQ(started.status, 201);
  EXPECT_EQ(started.body, R"({"url":"/hls/r/ann/s/index.m3u8","state":"starting"})");
  world.on_hls({{"r", "ann", "s"}, plan::HlsState::kLive});
  const auto again = send(request("PUT", kHls));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(at(again, "/state"), "\"live\"");
  EXPECT_EQ(get(kHls).body, again.body);
  EXPECT_EQ(send(request("HEAD", kHls)).status, 200);
  EXPECT_EQ(at(get("/v1/rooms/r/participants"), "/participants/0/sessions/0/hls"), again.body);
  EXPECT_EQ(del(kHls).status, 204);
  EXPECT_EQ(del(kHls).status, 204);
  EXPECT_EQ(problem_of(get(kHls)), "404 hls-not-found");
  EXPECT_TRUE(world.streams.empty());
}

TEST_F(RestTest, only_what_goes_through_the_server_can_be_forwarded) {
  post(R"({"rid":"r","ch":"m2m"})");
  post(R"({"rid":"two","ch":"p2p"})");
  for (const auto* method : {"GET", "PUT", "DELETE"}) {
    EXPECT_EQ(problem_of(send(request(method, "/v1/rooms/none/participants/ann/s/hls"))), "404 room-not-found");
    EXPECT_EQ(problem_of(send(request(method, kHls))), "404 participant-not-found");
    EXPECT_EQ(problem_of(send(request(method, "/v1/rooms/two/participants/ann/s/hls"))), "409 wrong-room-type");
    EXPECT_EQ(problem_of(send(request(method, std::string(kHls) + "?x=1"))), "400 invalid-request");
  }
  EXPECT_EQ(problem_of(get("/v1/rooms/r/participants/ann/s/hsl")), "404 not-found");
  EXPECT_EQ(problem_of(get(std::string(kHls) + "/x")), "404 not-found");
}

TEST_F(RestTest, a_room_may_ask_who_watches_by_hls_for_a_token) {
  EXPECT_EQ(at(post(R"({"rid":"r","ch":"m2m","hlsTokens":true})"), "/hlsTokens"), "true");
  EXPECT_EQ(problem_of(post(R"({"rid":"r","ch":"m2m","hlsTokens":false})")), "409 room-conflict");
  EXPECT_EQ(at(with_body("PATCH", "/v1/rooms/r", R"({"hlsTokens":false})"), "/hlsTokens"), "false");
  EXPECT_EQ(at(get("/v1/rooms/r"), "/hlsTokens"), "false");
  EXPECT_EQ(problem_of(with_body("PATCH", "/v1/rooms/r", R"({"hlsTokens":1})")), "400 invalid-request");
  EXPECT_EQ(problem_of(post(R"({"rid":"two","ch":"p2p","hlsTokens":true})")), "409 wrong-room-type");
}

TEST(RestHlsTest, a_server_without_hls_knows_no_stream) {
  auto config = control::test_config();
  config.hls = false;
  TestWorld world(config);
  control::Out out;
  const gateway::Router router(
      routes({.authorize = [](const gateway::Request&) { return Operator{.sub = "boss", .rooms = {}}; },
              .control = [&]() -> control::Control& { return world.control; },
              .now = [&] { return world.now; },
              .speak = [](control::Out&) {}}),
      {});
  gateway::Request request;
  request.path = kHls;
  for (const auto* method : {"GET", "PUT", "DELETE"}) {
    request.method = method;
    const auto response = router.answer(request);
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr("/problems/hls-not-found"));
  }
}

}  // namespace
}  // namespace heliograph::rest
