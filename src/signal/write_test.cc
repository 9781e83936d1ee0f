// SPDX-License-Identifier: Apache-2.0
#include "signal/write.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "signal/json_object.h"

namespace heliograph::signal {
namespace {

const Header kHeader{.name = Name::kOffer,
                     .channel = Channel::kM2m,
                     .from = {"u1", "s1", "stream", "Web", ""},
                     .rid = "r1",
                     .data = "{}",
                     .tid = "7"};

TEST(Write, QuotesEscapeWhatJsonForbids) {
  EXPECT_EQ(quoted("a\"b\\c\r\n\t\x01é"), "\"a\\\"b\\\\c\\r\\n\\t\\u0001é\"");
}

TEST(Write, WhatIsQuotedIsReadBackTheSame) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  simdjson::dom::parser parser;
  std::string_view back;
  ASSERT_EQ(parser.parse(simdjson::padded_string(signal::quoted(all))).get(back), simdjson::SUCCESS);
  EXPECT_EQ(back, all);
}

TEST(Write, ARefusalCarriesTheRequestAndAReason) {  // B-5
  EXPECT_EQ(refusal(Name::kWatch, {base::Code::kUserLeft, "gone"}, R"({ "x":1 })", "\"t\""),
            R"({"c":4024,"s":"WATCH","b":{"req":{ "x":1 },"msg":"USER_LEFT: gone","tid":"t"}})");
}

TEST(Write, ARefusalWithoutDataHasANullRequest) {  // B-51
  EXPECT_EQ(refusal(Name::kUnknown, {base::Code::kInvalidSignal, "x"}, "", ""),
            R"({"c":2001,"s":"UNKNOWN","b":{"req":null,"msg":"INVALID_SIGNAL: x"}})");
}

TEST(Write, ARetryIsTimedInMilliseconds) {  // B-32
  EXPECT_NE(refusal(Name::kWatch, {base::Code::kInternalServerError, "x"}, "{}", "", base::Duration::seconds(2))
                .find(R"("retryAfter":2000)"),
            std::string::npos);
}

TEST(Write, AnOfferAckCarriesAnswerSessionAndTid) {  // B-8
  EXPECT_EQ(offer_ack(kHeader, "v=0\r\n"),
            R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"sdp":"v=0\r\n","sessionId":"s1"}})");
}

TEST(Write, AnOfferAckCarriesAUrlWhereThereIsOne) {  // B-25
  EXPECT_EQ(offer_ack(kHeader, "v=0\r\n", "/hls/r1/u/s1/index.m3u8"),
            R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"sdp":"v=0\r\n","sessionId":"s1",)"
            R"("hls":"/hls/r1/u/s1/index.m3u8"}})");
}

TEST(Write, AnEntryHasTheUserTwiceAndSdpOnlyWhereItIs) {  // B-12
  Entry entry{.user_id = "u",
              .session_id = "s",
              .username = "n",
              .fullname = "",
              .avatar = "",
              .category = "stream",
              .host = "Web",
              .device_id = "d",
              .video = true,
              .audio = false,
              .sdp = std::nullopt};
  EXPECT_EQ(
      entries({{entry}}),
      R"([{"id":"u","userId":"u","sessionId":"s","video":true,"audio":false,"username":"n","fullname":"","avatar":"","host":"Web","category":"stream","deviceId":"d"}])");
  entry.sdp = "v=0";
  EXPECT_NE(entries({{entry}}).find(R"("sdp":"v=0")"), std::string::npos);
}

TEST(Write, AJoinAckSaysAllThatAClientNeeds) {
  const IceServer servers[] = {{{"stun:a:1"}, "", ""}, {{"turn:b:2"}, "name", "secret"}};
  const JoinAck ack{.role = "publisher",
                    .owner = "u1",
                    .rev = 3,
                    .ice_servers = servers,
                    .heartbeat_interval = base::Duration::seconds(3),
                    .heartbeat_timeout = base::Duration::seconds(10),
                    .pps = "[]"};
  EXPECT_EQ(
      join_ack(kHeader, ack),
      R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"pt":"publisher","eg":"native","owner":"u1","rev":3,"icfg":{"is":["stun:a:1"],"iceServers":[{"urls":["stun:a:1"]},{"urls":["turn:b:2"],"username":"name","credential":"secret"}]},"hb":{"interval":3000,"timeout":10000},"pps":[]}})");
}

TEST(Write, TheAcksOfTheOtherSignals) {  // section 5
  const Target user{"u2", std::nullopt}, session{"u2", "s2"};
  EXPECT_EQ(unpublish_ack(kHeader), R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"sessionId":"s1"}})");
  EXPECT_EQ(unwatch_ack(kHeader, user), R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"to":{"userId":"u2"}}})");
  EXPECT_EQ(simulcast_ack(kHeader, session, Layer::kAuto),
            R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"to":{"userId":"u2","sessionId":"s2"},"layer":"auto"}})");
  EXPECT_EQ(kick_ack(kHeader), R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7}})");
  EXPECT_EQ(ice_servers_ack(kHeader, {}),
            R"({"c":200,"s":"OFFER","b":{"rid":"r1","tid":7,"icfg":{"is":[],"iceServers":[]}}})");
}

TEST(Write, PushesCarry200) {  // B-57
  EXPECT_EQ(kicked("r", "s", "u"), R"({"c":200,"s":"KICKED","b":{"rid":"r","sessionId":"s","by":"u"}})");
  EXPECT_EQ(keep_alive(), R"({"c":200,"s":"KEEP_ALIVE","b":{}})");
  EXPECT_EQ(session_replaced("r", "s"), R"({"c":200,"s":"SESSION_REPLACED","b":{"rid":"r","sessionId":"s"}})");
  EXPECT_EQ(publish_list_changed("r", 2, "[]"),
            R"({"c":200,"s":"PUBLISH_LIST_CHANGED","b":{"rid":"r","rev":2,"pps":[]}})");
}

}  // namespace
}  // namespace heliograph::signal
