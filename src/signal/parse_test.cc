// SPDX-License-Identifier: Apache-2.0
#include "signal/parse.h"

#include <string>

#include <gtest/gtest.h>

#include "signal/write.h"

namespace heliograph::signal {
namespace {

using base::Code;

const std::string kSs = R"({"userId":"u1","sessionId":"s1","category":"stream","host":"Web","deviceId":"d"})";

std::string message(const std::string& action, const std::string& data) {
  return R"({"action":")" + action + R"(","data":)" + data + "}";
}
std::string data(const std::string& s, const std::string& rest, const std::string& ch = "m2m") {
  return R"({"s":")" + s + R"(","ch":")" + ch + R"(","ss":)" + kSs + R"(,"rid":"r1")" +
         (rest.empty() ? "" : "," + rest) + "}";
}

template <class Body>
Body body(const std::string& text) {
  auto signal = parse(text);
  EXPECT_TRUE(signal.has_value()) << (signal ? "" : signal.error().refusal.sentence) << " in " << text;
  return signal ? std::get<Body>(signal->body) : Body{};
}

TEST(Parse, AnOfferIsReadWithItsHeader) {
  const auto text =
      message("offer", data("OFFER", R"("sdp":"v=0","tid":7,"op":{"restarting":true,"hlsForwarding":false})"));
  const auto signal = parse(text);
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->header.name, Name::kOffer);
  EXPECT_EQ(signal->header.channel, Channel::kM2m);
  EXPECT_EQ(signal->header.from, (SessionInfo{"u1", "s1", "stream", "Web", "d"}));
  EXPECT_EQ(signal->header.rid, "r1");
  EXPECT_EQ(signal->header.tid, "7");  // B-8
  const auto& offer = std::get<Offer>(signal->body);
  EXPECT_EQ(offer.sdp, "v=0");
  EXPECT_TRUE(offer.restarting);
  EXPECT_EQ(offer.hls_forwarding, false);
  EXPECT_EQ(offer.op, R"({"restarting":true,"hlsForwarding":false})");
}

// B-1, B-5: spacing, order, unknown fields and escapes stay.
TEST(Parse, DataIsKeptByteForByte) {
  const std::string raw = R"({ "x" : [1, 2.50 ,{"y":null}] ,"s":"LEAVE", "ch":"m2m","ss":)" + kSs +
                          R"(  ,"rid":"r\u0031" , "tid" : "a\"b"  })";
  const auto signal = parse(R"( {"data": )" + raw + R"(  , "action":"leave"} )");
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->header.data, raw);
  EXPECT_EQ(signal->header.rid, "r1");
  EXPECT_EQ(signal->header.tid, R"("a\"b")");
}

struct Wrong {
  const char* why;
  std::string text;
  Name name;
  bool has_data;
};

// B-4, B-11, B-51: all 2001, and the name that the answer carries.
TEST(Parse, WhatIsNoSignalIsAnsweredWith2001AndTheRightName) {
  const auto leave = data("LEAVE", "");
  const auto with_ss = [](const std::string& ss) { return R"({"s":"LEAVE","ch":"m2m","rid":"r","ss":)" + ss + "}"; };
  const Wrong table[] = {
      {"not JSON", "hello", Name::kUnknown, false},
      {"empty", "", Name::kUnknown, false},
      {"not an object", "[1]", Name::kUnknown, false},
      {"no action", R"({"data":)" + leave + "}", Name::kLeave, true},
      {"unknown action", message("fly", leave), Name::kLeave, true},
      {"action in another case", message("Leave", leave), Name::kLeave, true},
      {"nothing known", message("fly", R"({"s":"FLY"})"), Name::kUnknown, true},
      {"no data", R"({"action":"leave"})", Name::kLeave, false},
      {"data is no object", R"({"action":"leave","data":5})", Name::kLeave, true},
      {"s missing", message("watch", R"({"ch":"m2m"})"), Name::kWatch, true},
      {"a push", message("watch", R"({"s":"KEEP_ALIVE"})"), Name::kWatch, true},
      {"disagreeing", message("offer", leave), Name::kLeave, true},
      {"no ch", message("leave", R"({"s":"LEAVE","rid":"r","ss":)" + kSs + "}"), Name::kLeave, true},
      {"ch is no string", message("leave", R"({"s":"LEAVE","ch":1,"rid":"r","ss":)" + kSs + "}"), Name::kLeave, true},
      {"no rid", message("leave", R"({"s":"LEAVE","ch":"m2m","ss":)" + kSs + "}"), Name::kLeave, true},
      {"long rid",
       message("leave", R"({"s":"LEAVE","ch":"m2m","rid":")" + std::string(257, 'r') + R"(","ss":)" + kSs + "}"),
       Name::kLeave, true},
      {"no ss", message("leave", R"({"s":"LEAVE","ch":"m2m","rid":"r"})"), Name::kLeave, true},
      {"empty userId", message("leave", with_ss(R"({"userId":"","sessionId":"s","category":"stream","host":"Web"})")),
       Name::kLeave, true},
      {"bad host", message("leave", with_ss(R"({"userId":"u","sessionId":"s","category":"stream","host":"web"})")),
       Name::kLeave, true},
      {"bad category", message("leave", with_ss(R"({"userId":"u","sessionId":"s","category":"x","host":"Web"})")),
       Name::kLeave, true},
      {"deviceId is no string",
       message("leave", with_ss(R"({"userId":"u","sessionId":"s","category":"stream","host":"Web","deviceId":1})")),
       Name::kLeave, true},
      {"tid is an object", message("leave", data("LEAVE", R"("tid":{})")), Name::kLeave, true},
      {"sdp missing", message("offer", data("OFFER", "")), Name::kOffer, true},
      {"sdp is null", message("offer", data("OFFER", R"("sdp":null)")), Name::kOffer, true},
      {"op is no object", message("offer", data("OFFER", R"("sdp":"x","op":1)")), Name::kOffer, true},
      {"restarting is no Bool", message("offer", data("OFFER", R"("sdp":"x","op":{"restarting":"yes"})")), Name::kOffer,
       true},
      {"WATCH of a String", message("watch", data("WATCH", R"("to":"u2")")), Name::kWatch, true},  // B-30
      {"WATCH of nobody", message("watch", data("WATCH", "")), Name::kWatch, true},                // B-30
      {"WATCH of itself", message("watch", data("WATCH", R"("to":{"userId":"u1","sessionId":"s1"})")), Name::kWatch,
       true},  // B-30
      {"WATCH of itself in p2p", message("watch", data("WATCH", R"("to":{"userId":"u1","sessionId":"s1"})", "p2p")),
       Name::kWatch, true},
      {"ANSWER to a String", message("answer", data("ANSWER", R"("sdp":"x","to":"u2")")), Name::kAnswer, true},  // B-40
      {"ANSWER to nobody", message("answer", data("ANSWER", R"("sdp":"x")")), Name::kAnswer, true},
      {"ICE to another user", message("iceCandidate", data("ICE", R"("sdp":"","to":"u2")")), Name::kIce, true},  // B-41
      {"UPDATE of nothing", message("updateVideo", data("UPDATE", "")), Name::kUpdate, true},                    // B-51
      {"bid is an object", message("heartbeat", data("HEARTBEAT", R"("bid":{})")), Name::kHeartbeat, true},
      {"UNWATCH of a String", message("unwatch", data("UNWATCH", R"("to":"u2")")), Name::kUnwatch, true},
      {"UNWATCH of nobody", message("unwatch", data("UNWATCH", R"("to":null)")), Name::kUnwatch, true},
      {"a wish for a String", message("simulcastUpdate", data("SIMULCAST_UPDATE", R"("to":"u2","layer":"h")")),
       Name::kSimulcastUpdate, true},
      {"a wish for a user", message("simulcastUpdate", data("SIMULCAST_UPDATE", R"("to":{"userId":"u2"},"layer":"h")")),
       Name::kSimulcastUpdate, true},
      {"no layer", message("simulcastUpdate", data("SIMULCAST_UPDATE", R"("to":{"userId":"u2","sessionId":"s"})")),
       Name::kSimulcastUpdate, true},
      {"an unknown layer",
       message("simulcastUpdate", data("SIMULCAST_UPDATE", R"("to":{"userId":"u2","sessionId":"s"},"layer":"H")")),
       Name::kSimulcastUpdate, true},
      {"pause is no Bool",
       message("simulcastUpdate",
               data("SIMULCAST_UPDATE", R"("to":{"userId":"u2","sessionId":"s"},"layer":"h","pause":1)")),
       Name::kSimulcastUpdate, true},
      {"KICK of nobody", message("kick", data("KICK", "")), Name::kKick, true},
      {"KICK of a number", message("kick", data("KICK", R"("to":5)")), Name::kKick, true},
      {"ban is no Bool", message("kick", data("KICK", R"("to":"u2","op":{"ban":"yes"})")), Name::kKick, true},
      {"ACCEPT of nobody", message("publishAccept", data("PUBLISH_ACCEPT", "")), Name::kPublishAccept, true},
      {"REJECT of an empty String", message("publishReject", data("PUBLISH_REJECT", R"("to":"")")),
       Name::kPublishReject, true},
      {"ve is no Bool", message("publishRequest", data("PUBLISH_REQUEST", R"("ve":1)")), Name::kPublishRequest, true},
      {"ICE_SERVERS with an unknown ch", message("iceServers", data("ICE_SERVERS", "", "x")), Name::kIceServers,
       true},  // B-52
      {"HEARTBEAT with an unknown ch", message("heartbeat", data("HEARTBEAT", "", "x")), Name::kHeartbeat,
       true},  // B-52
      {"duplicate key", message("leave", data("LEAVE", R"("rid":"r2")")), Name::kLeave, true},
      {"duplicate key far inside", message("leave", data("LEAVE", R"("z":[{"q":{"a":1,"a":2}}])")), Name::kLeave, true},
      {"duplicate key, written otherwise", message("leave", data("LEAVE", R"("\u0072id":"r2")")), Name::kLeave, true},
  };
  for (const auto& wrong : table) {
    const auto result = parse(wrong.text);
    ASSERT_FALSE(result) << wrong.why;
    EXPECT_EQ(result.error().refusal.code, Code::kInvalidSignal) << wrong.why;
    EXPECT_EQ(result.error().name, wrong.name) << wrong.why;
    EXPECT_EQ(!result.error().data.empty(), wrong.has_data) << wrong.why;
    EXPECT_FALSE(result.error().refusal.sentence.empty()) << wrong.why;
  }
}

TEST(Parse, HostileTextIsRefusedAndNothingElse) {
  const auto deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string table[] = {
      message("leave", data("LEAVE", R"("z":)" + deep)),
      message("leave", data("LEAVE", R"("z":1e999)")),
      message("leave", data("LEAVE", R"("z":123456789012345678901234567890)")),
      message("leave", data("LEAVE", R"("z":"\ud800")")),
      message("leave", data("LEAVE", R"("z":"\udc00\ud800")")),
      message("leave", data("LEAVE", "\"z\":\"\xff\"")),
      message("leave", data("LEAVE", "\"z\":\"\xed\xa0\x80\"")),
      message("leave", data("LEAVE", "\"z\":\"\n\"")),
      message("leave", data("LEAVE", "")) + "x",
      std::string(R"({"action":"leave","data":{)") + std::string(1, '\0') + "}}",
  };
  for (const auto& text : table) {
    const auto result = parse(text);
    ASSERT_FALSE(result) << text.substr(0, 200);
    EXPECT_EQ(result.error().refusal.code, Code::kInvalidSignal);
  }
}

// B-20: real clients send leftovers.
TEST(Parse, ToOfAnOfferIsIgnoredWhateverItIs) {
  for (const auto* to : {R"("x")", R"("")", "5", "null", "[]", R"({"userId":7})", R"({"userId":"","sessionId":""})"})
    body<Offer>(message("offer", data("OFFER", std::string(R"("sdp":"x","to":)") + to)));
}

TEST(Parse, ToIsAnObjectOrAStringInP2p) {
  EXPECT_EQ(body<Offer>(message("offer", data("OFFER", R"("sdp":"x","to":"u2")", "p2p"))).to, To(UserTarget{"u2"}));
  EXPECT_EQ(
      body<Answer>(message("answer", data("ANSWER", R"("sdp":"x","to":{"userId":"u2","sessionId":"s2"})", "p2p"))).to,
      To(Target{"u2", "s2"}));
  EXPECT_EQ(body<Ice>(message("iceCandidate", data("ICE", R"("sdp":"x","to":null)", "p2p"))).to, To(std::monostate()));
  EXPECT_FALSE(parse(message("offer", data("OFFER", R"("sdp":"x","to":5)", "p2p"))));
}

TEST(Parse, TheOwnUserIdIsATargetOfIce) {  // B-41
  EXPECT_EQ(body<Ice>(message("iceCandidate", data("ICE", R"("sdp":"","to":"u1")"))).to, To(UserTarget{"u1"}));
}

TEST(Parse, WatchMayNameAUserAlone) {  // B-30
  const auto watch = body<Watch>(message("watch", data("WATCH", R"("to":{"userId":"u2"},"op":{"restarting":true})")));
  EXPECT_EQ(watch.to, (Target{"u2", std::nullopt}));
  EXPECT_TRUE(watch.restarting);
}

TEST(Parse, ToOfAKickIsAUserOrASession) {  // section 5
  const auto user = body<Kick>(message("kick", data("KICK", R"("to":"u2")")));
  EXPECT_EQ(user.to, (Target{"u2", std::nullopt}));
  EXPECT_FALSE(user.ban);
  const auto session =
      body<Kick>(message("kick", data("KICK", R"("to":{"userId":"u2","sessionId":"s2"},"op":{"ban":true})")));
  EXPECT_EQ(session.to, (Target{"u2", "s2"}));
  EXPECT_TRUE(session.ban);
  EXPECT_EQ(body<PublishAccept>(message("publishAccept", data("PUBLISH_ACCEPT", R"("to":"u2")"))).to, user.to);
  EXPECT_EQ(body<PublishReject>(message("publishReject", data("PUBLISH_REJECT", R"("to":{"userId":"u2"})"))).to,
            user.to);
}

TEST(Parse, AWishIsReadWhole) {
  const auto wish = [](const std::string& rest) {
    return body<SimulcastUpdate>(
        message("simulcastUpdate", data("SIMULCAST_UPDATE", R"("to":{"userId":"u2","sessionId":"s2"},)" + rest)));
  };
  EXPECT_EQ(wish(R"("layer":"h")").layer, Layer::kHigh);
  EXPECT_EQ(wish(R"("layer":"m")").layer, Layer::kMedium);
  EXPECT_EQ(wish(R"("layer":"l")").layer, Layer::kLow);
  EXPECT_EQ(wish(R"("layer":"auto")").layer, Layer::kAuto);
  EXPECT_FALSE(wish(R"("layer":"h")").pause);
  EXPECT_TRUE(wish(R"("layer":"h","pause":true)").pause);
}

TEST(Parse, MissingFieldsHaveTheirDefaults) {  // B-51
  const auto join = body<Join>(message("join", data("JOIN", "")));
  EXPECT_TRUE(join.video && join.audio);
  EXPECT_FALSE(join.room_creating || join.members);
  const auto update = body<Update>(message("updateVideo", data("UPDATE", R"("ae":false)")));
  EXPECT_EQ(update.video, std::nullopt);
  EXPECT_EQ(update.audio, false);
  EXPECT_TRUE(body<Heartbeat>(message("heartbeat", data("HEARTBEAT", R"("bid":"b1")"))).send_ack);
  const auto signal = parse(message(
      "leave",
      R"({"s":"LEAVE","ch":"m2m","rid":"r","ss":{"userId":"u","sessionId":"s","category":"screenshare","host":"iOS_EX"}})"));
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->header.from.device_id, "");
}

// B-6, B-52: after the shape.
TEST(Parse, AChannelThatTheSignalDoesNotHaveIs2002) {
  const auto code = [](const std::string& text) { return parse(text).error().refusal.code; };
  EXPECT_EQ(code(message("offer", data("OFFER", R"("sdp":"x")", "x2x"))), Code::kUnsupportedChannel);
  EXPECT_EQ(code(message("watch", data("WATCH", R"("to":{"userId":"u2"})", "p2p"))), Code::kUnsupportedChannel);
  EXPECT_EQ(code(message("watch", data("WATCH", "", "p2p"))), Code::kInvalidSignal);
  const std::string to = R"("to":{"userId":"u2","sessionId":"s2"},"layer":"h")";
  EXPECT_EQ(code(message("simulcastUpdate", data("SIMULCAST_UPDATE", to, "a2m"))), Code::kUnsupportedChannel);
  for (const auto& [action, s] : {std::pair{"unpublish", "UNPUBLISH"},
                                  {"unwatch", "UNWATCH"},
                                  {"kick", "KICK"},
                                  {"publishRequest", "PUBLISH_REQUEST"},
                                  {"publishAccept", "PUBLISH_ACCEPT"},
                                  {"publishReject", "PUBLISH_REJECT"}})
    EXPECT_EQ(code(message(action, data(s, to, "p2p"))), Code::kUnsupportedChannel) << s;
}

TEST(Parse, TheTidOfARefusedSignalIsEchoed) {
  EXPECT_EQ(parse(message("offer", data("OFFER", R"("tid":1.50)"))).error().tid, "1.50");
  EXPECT_EQ(parse(message("offer", data("OFFER", R"("tid":[1])"))).error().tid, "");
}

TEST(Candidate, ComesInFourForms) {  // B-41
  const std::string plain = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
  EXPECT_EQ(candidate_attribute(plain), plain);
  EXPECT_EQ(candidate_attribute("a=" + plain + "\r\n"), plain);
  EXPECT_EQ(candidate_attribute(R"({"candidate":")" + plain + R"(","sdpMid":"0","sdpMLineIndex":0})"), plain);
  EXPECT_EQ(candidate_attribute(R"({"candidate":""})"), "");
  EXPECT_EQ(candidate_attribute(""), "");
  EXPECT_EQ(candidate_attribute("a=end-of-candidates"), "");
  for (const auto* bad : {"hello", "{", "{}", R"({"candidate":5})", "[]"})
    EXPECT_FALSE(candidate_attribute(bad)) << bad;
}

TEST(Names, EverySignalOfAClientIsFoundByItsActionAndItsName) {
  for (int i = 1; i <= static_cast<int>(Name::kIceServers); ++i)
    EXPECT_EQ(name_of_text(to_text(static_cast<Name>(i))), static_cast<Name>(i));
  EXPECT_EQ(name_of_action("iceCandidate"), Name::kIce);
  EXPECT_EQ(name_of_action("updateVideo"), Name::kUpdate);
  EXPECT_EQ(name_of_text("PUBLISH_LIST_CHANGED"), Name::kUnknown);
  EXPECT_EQ(name_of_action(""), Name::kUnknown);
}

TEST(Names, TheSetsOfCodesAreClosed) {  // B-6
  EXPECT_TRUE(may_answer(Name::kOffer, Code::kPermissionNotFound));
  EXPECT_FALSE(may_answer(Name::kOffer, Code::kUserLeft));
  EXPECT_TRUE(may_answer(Name::kWatch, Code::kUserLeft));
  EXPECT_FALSE(may_answer(Name::kWatch, Code::kRecipientNotMember));
  EXPECT_FALSE(may_answer(Name::kHeartbeat, Code::kUnsupportedChannel));
}

}  // namespace
}  // namespace heliograph::signal
