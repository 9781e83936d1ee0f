// SPDX-License-Identifier: Apache-2.0
// What clients here say is what a server's parser takes, and the other way round.
#include "load/signals.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "load/descriptions.h"
#include "sdp/description.h"
#include "signal/parse.h"
#include "signal/write.h"

namespace heliograph::load {
namespace {

const Session kWho{.room = "r\"oom", .user = "viewer-1", .session = "s"};
const Session kPublisher{.room = "r\"oom", .user = "publisher-0", .session = "t"};
const LocalEnd kLocal{.ice = {"abcdefgh", "abcdefghabcdefghabcdefgh"},
                      .fingerprint = {"sha-256", std::vector<uint8_t>(32, 0xab)}};
const OfferedStreams kStreams{
    .audio = base::Ssrc(11), .video = base::Ssrc(22), .video_rtx = base::Ssrc(33), .cname = "publisher-0"};

TEST(Signals, AreTakenByTheParser) {
  for (const auto& text : {join(kWho, true), leave(kWho), heartbeat(kWho), offer(kWho, "v=0\r\n"),
                           watch(kWho, kPublisher), answer(kWho, kPublisher, "v=0\r\n")}) {
    const auto parsed = signal::parse(text);
    ASSERT_TRUE(parsed) << parsed.error().refusal.sentence << text;
    EXPECT_EQ(parsed->header.rid, kWho.room);
    EXPECT_EQ(parsed->header.from.user_id, "viewer-1");
  }
  const auto watched = signal::parse(watch(kWho, kPublisher));
  EXPECT_EQ(std::get<signal::Watch>(watched->body).to, (signal::Target{"publisher-0", "t"}));
  EXPECT_TRUE(std::get<signal::Join>(signal::parse(join(kWho, true))->body).room_creating);
}

TEST(Signals, AcksAndRefusalsAreHeard) {
  const auto request = signal::parse(watch(kWho, kPublisher))->header;
  signal::Entry entry;
  entry.user_id = "publisher-0";
  entry.session_id = "t";
  entry.sdp = "v=0\r\n";
  const auto ack = hear(signal::watch_ack(request, {&entry, 1}));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->code, 200);
  EXPECT_EQ(ack->name, "WATCH");
  ASSERT_EQ(ack->publications.size(), 1U);
  EXPECT_EQ(ack->publications[0].user, "publisher-0");
  EXPECT_EQ(ack->publications[0].sdp, "v=0\r\n");
  const auto refused = hear(signal::refusal(signal::Name::kWatch, {base::Code::kInternalServerError, "not yet"}, "{}",
                                            "", base::Duration::millis(700)));
  EXPECT_EQ(refused->code, 500);
  EXPECT_EQ(refused->retry_after, base::Duration::millis(700));
  EXPECT_NE(refused->message.find("not yet"), std::string::npos);
}

TEST(Signals, WhatIsNoAckIsNotHeard) {
  for (const auto* text : {"", "x", "[]", "{}", R"({"c":"200"})", R"({"c":200})"}) EXPECT_FALSE(hear(text)) << text;
}

TEST(Descriptions, AnOfferHasBothLinesOnOneTransport) {
  const auto parsed = sdp::parse(publisher_offer(kStreams, kLocal));
  ASSERT_TRUE(parsed) << parsed.error().what;
  ASSERT_EQ(parsed->medias.size(), 2U);
  EXPECT_NE(sdp::bundle_of(*parsed, "1"), nullptr);
  for (const auto& media : parsed->medias) {
    EXPECT_EQ(media.direction, sdp::Direction::kSendOnly);
    EXPECT_EQ(media.transport.setup, sdp::Setup::kActPass);
    EXPECT_TRUE(media.rtcp_mux);
  }
  EXPECT_EQ(parsed->medias[1].source_groups[0].ssrcs, (std::vector<uint32_t>{22, 33}));
}

// An offer of ours, as a server that sends it to a viewer would write it.
std::string downlink_offer() {
  auto description = *sdp::parse(publisher_offer(kStreams, kLocal));
  description.medias[0].candidates = {"1 1 udp 2130706431 192.0.2.1 40000 typ host",
                                      "2 1 udp 2130706175 abc.local 40000 typ host",
                                      "3 1 tcp 2130706175 192.0.2.1 9 typ host tcptype active"};
  return sdp::to_string(description);
}

TEST(Descriptions, SimulcastIsOfferedByRidWithoutSsrcs) {  // as Chromium 156 and Firefox 153 do
  OfferedStreams streams = kStreams;
  streams.video.reset();
  streams.layers = {{"q", base::Ssrc(1), base::Ssrc(2)}, {"f", base::Ssrc(3), base::Ssrc(4)}};
  const auto parsed = sdp::parse(publisher_offer(streams, kLocal));
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->medias.size(), 2U);
  const auto& video = parsed->medias[1];
  EXPECT_TRUE(video.sources.empty());
  ASSERT_EQ(video.rids.size(), 2U);
  EXPECT_EQ(video.rids[1].id, "f");
  ASSERT_TRUE(video.simulcast);
  EXPECT_EQ(video.simulcast->send.size(), 2U);
  const auto has = [](const sdp::Media& media, std::string_view uri) {
    return std::ranges::any_of(media.extmaps, [&](const auto& e) { return e.uri == uri; });
  };
  EXPECT_TRUE(has(video, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"));
  EXPECT_FALSE(has(parsed->medias[0], "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"));
  EXPECT_FALSE(has(sdp::parse(publisher_offer(kStreams, kLocal))->medias[1],
                   "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"));
}

TEST(Descriptions, AViewerAnswersActiveAndTakesEverythingButTransportCc) {
  const auto agreed = answer_offer(downlink_offer(), kLocal);
  ASSERT_TRUE(agreed) << agreed.error();
  EXPECT_EQ(agreed->remote.candidates, std::vector{*base::SocketAddress::parse("192.0.2.1:40000")});
  EXPECT_EQ(agreed->remote.transport.our_role, plan::DtlsRole::kClient);
  ASSERT_EQ(agreed->lines.size(), 2U);
  EXPECT_EQ(agreed->lines[0].ssrc, base::Ssrc(11));
  EXPECT_FALSE(agreed->lines[0].codec.nack);
  EXPECT_EQ(agreed->lines[1].ssrc, base::Ssrc(22));
  EXPECT_EQ(agreed->lines[1].rtx_ssrc, base::Ssrc(33));
  EXPECT_TRUE(agreed->lines[1].codec.nack);
  const auto answer = *sdp::parse(agreed->answer);
  for (const auto& media : answer.medias) {
    EXPECT_EQ(media.direction, sdp::Direction::kRecvOnly);
    EXPECT_EQ(media.transport.setup, sdp::Setup::kActive);
  }
  EXPECT_EQ(agreed->answer.find("transport-cc"), std::string::npos);
}

TEST(Descriptions, WhatAnAnswerAgreedOnIsRead) {
  auto description = *sdp::parse(downlink_offer());
  for (auto& media : description.medias) media.transport.setup = sdp::Setup::kPassive;
  description.medias[1].formats = {"102"};
  auto agreed = read_answer(sdp::to_string(description));
  ASSERT_TRUE(agreed) << agreed.error();
  EXPECT_TRUE(agreed->audio && agreed->video);
  EXPECT_FALSE(agreed->rtx);
  EXPECT_EQ(agreed->video_extensions.transport_cc, 3);
  description.medias[1].port = 0;
  EXPECT_FALSE(read_answer(sdp::to_string(description))->video);
}

TEST(Descriptions, WhatCannotBeConnectedIsSaid) {
  EXPECT_FALSE(read_answer("nonsense"));
  EXPECT_FALSE(read_answer(publisher_offer(kStreams, kLocal)));  // no candidate
  EXPECT_FALSE(answer_offer("v=0\r\n", kLocal));
}

}  // namespace
}  // namespace heliograph::load
