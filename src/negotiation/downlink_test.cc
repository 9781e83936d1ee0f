// SPDX-License-Identifier: Apache-2.0
#include "negotiation/downlink.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "negotiation/test_descriptions.h"
#include "negotiation/uplink.h"

namespace heliograph::negotiation {
namespace {

using plan::Codec;
using plan::Kind;
using sdp::Direction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DownlinkOffer offer_of(const std::string& uplink_offer, const Capabilities& caps = capabilities(),
                       const std::string& stream_id = "stream") {
  const auto uplink = answer(uplink_offer, kLocalIce, kSession, capabilities());
  EXPECT_TRUE(uplink) << uplink.error().sentence;
  base::Rng rng(1);
  return offer({uplink->tracks, stream_id, "cname"}, kLocalIce, kSession, caps, rng);
}

// What a browser that takes everything answers.
std::string full_answer(const DownlinkOffer& made) {
  auto description = parsed(made.sdp);
  description.ice_lite = false;
  for (auto& media : description.medias) {
    media.direction = Direction::kRecvOnly;
    media.transport.setup = sdp::Setup::kActive;
    media.transport.ice_ufrag = "view";
    media.sources.clear();
    media.source_groups.clear();
    media.msids.clear();
    media.candidates.clear();
  }
  return to_string(description);
}

// The same, changed by `change(Description&)`.
template <class Change>
std::string changed_answer(const DownlinkOffer& made, Change change) {
  auto description = parsed(full_answer(made));
  change(description);
  return to_string(description);
}

DownlinkAnswer taken(const std::string& answer_sdp, const DownlinkOffer& made) {
  auto accepted = accept(answer_sdp, made);
  EXPECT_TRUE(accepted) << accepted.error().sentence;
  return accepted ? *accepted : DownlinkAnswer{};
}

std::string refusal(const std::string& answer_sdp, const DownlinkOffer& made) {
  const auto accepted = accept(answer_sdp, made);
  if (accepted) return "";
  EXPECT_EQ(accepted.error().code, base::Code::kInvalidSignal);
  return accepted.error().sentence;
}

TEST(Downlink, OffersAudioThenVideoOnOneTransport) {                 // B-31
  const auto made = offer_of(recording("aiortc140_default_offer"));  // a publisher who has video first
  const auto d = parsed(made.sdp);
  ASSERT_THAT(d.medias, SizeIs(2));
  EXPECT_TRUE(d.ice_lite);
  EXPECT_THAT(d.groups, ElementsAre(sdp::Group{"BUNDLE", {"0", "1"}}));
  EXPECT_EQ(d.medias[0].kind, "audio");
  EXPECT_EQ(d.medias[0].mid, "0");
  EXPECT_EQ(d.medias[1].kind, "video");
  EXPECT_EQ(d.medias[1].mid, "1");
  for (const auto& media : d.medias) {
    EXPECT_EQ(media.direction, Direction::kSendOnly);
    EXPECT_EQ(media.transport.setup, sdp::Setup::kActPass);
    EXPECT_EQ(media.transport.ice_ufrag, kLocalIce.ufrag);
    EXPECT_TRUE(media.rtcp_mux);
    EXPECT_EQ(media.port, 40000);
  }
  EXPECT_THAT(d.medias[0].candidates, SizeIs(2));
  EXPECT_TRUE(d.medias[0].end_of_candidates);
}

TEST(Downlink, OffersOurOwnPayloadTypesExtensionsAndFeedback) {
  const auto made = offer_of(recording("firefox153esr_simulcast_offer"));
  ASSERT_THAT(made.tracks, SizeIs(2));
  const auto& audio = made.tracks[0];
  EXPECT_EQ(audio.codec.payload_type.value, 111);
  EXPECT_FALSE(audio.codec.rtx_payload_type || audio.rtx_ssrc || audio.codec.nack);
  EXPECT_TRUE(audio.codec.transport_cc);
  EXPECT_EQ(audio.extensions, (plan::ExtensionIds{.mid = 1, .abs_send_time = 2, .transport_cc = 3, .audio_level = 4}));
  const auto& video = made.tracks[1];
  EXPECT_EQ(video.codec.payload_type.value, 96);
  EXPECT_EQ(video.codec.rtx_payload_type->value, 97);
  EXPECT_TRUE(video.codec.nack && video.codec.nack_pli && video.codec.ccm_fir && video.codec.transport_cc);
  EXPECT_EQ(video.extensions,
            (plan::ExtensionIds{
                .mid = 1, .abs_send_time = 2, .transport_cc = 3, .video_orientation = 5, .playout_delay = 6}));
  EXPECT_THAT(parsed(made.sdp).medias[1].formats, ElementsAre("96", "97"));
}

TEST(Downlink, OffersTheDependencyDescriptorWithAv1) {
  EXPECT_EQ(offer_of(recording("chromium156_av1_svc_L3T3_offer")).tracks.at(1).extensions.dependency_descriptor, 7);
  EXPECT_EQ(offer_of(recording("chromium156_vp9_svc_L3T3_offer")).tracks.at(1).extensions.dependency_descriptor, 0);
}

TEST(Downlink, NamesItsStreams) {
  const auto made = offer_of(recording("chromium156_all_default_offer"));
  const auto video = parsed(made.sdp).medias[1];
  const uint32_t media = made.tracks[1].ssrc.value;
  const uint32_t rtx = made.tracks[1].rtx_ssrc->value;
  EXPECT_THAT(video.source_groups, ElementsAre(sdp::SourceGroup{"FID", {media, rtx}}));
  EXPECT_THAT(video.msids, ElementsAre("stream stream-video"));
  EXPECT_THAT(video.sources, ElementsAre(sdp::SourceAttribute{media, "cname", "cname"},
                                         sdp::SourceAttribute{media, "msid", "stream stream-video"},
                                         sdp::SourceAttribute{rtx, "cname", "cname"},
                                         sdp::SourceAttribute{rtx, "msid", "stream stream-video"}));
  const std::set<uint32_t> all = {made.tracks[0].ssrc.value, media, rtx};
  EXPECT_THAT(all, SizeIs(3));
}

TEST(Downlink, LetsNoNameBreakOutOfItsLine) {
  const auto made = offer_of(kBothOffer, capabilities(), "a b\r\na=ice-lite:" + std::string(300, 'x'));
  EXPECT_EQ(made.stream_id, "a_b__a_ice-lite_" + std::string(48, 'x'));
  EXPECT_THAT(parsed(made.sdp).medias[0].msids, SizeIs(1));
  EXPECT_EQ(offer_of(kBothOffer, capabilities(), "").stream_id, "-");
}

TEST(Downlink, OffersNoVideoInAnAudioRoom) {
  const auto made = offer_of(kBothOffer, audio_only());
  EXPECT_THAT(made.tracks, SizeIs(1));
  EXPECT_EQ(parsed(made.sdp).medias.at(0).kind, "audio");
}

TEST(Downlink, OffersH264OfThePublishersProfile) {
  const auto fmtp = [](const std::string& uplink) { return offer_of(uplink).tracks.back().codec.fmtp; };
  EXPECT_EQ(fmtp(recording("gstreamer122_h264_offer")),
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42c015");
  EXPECT_EQ(fmtp(kSessionPart + replaced(kVp8Line, "VP8", "H264")),
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
}

TEST(Downlink, TellsOfStereoWhenThePublisherSendsIt) {
  const auto fmtp = [](const std::string& offered) {
    return offer_of(kSessionPart + kOpusLine + offered).tracks.at(0).codec.fmtp;
  };
  EXPECT_EQ(fmtp(""), "minptime=10;useinbandfec=1");
  EXPECT_EQ(fmtp("a=fmtp:111 stereo=1\n"), "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1");
}

TEST(Downlink, TakesAnAnswerThatTakesEverything) {
  for (const char* name : {"chromium156_all_default_offer", "chromium156_h264_offer", "chromium156_av1_svc_L3T3_offer",
                           "chromium156_vp9_svc_L3T3_offer"}) {
    const auto made = offer_of(recording(name));
    const auto accepted = taken(full_answer(made), made);
    EXPECT_EQ(accepted.tracks, made.tracks) << name;
    EXPECT_EQ(accepted.remote.ice.ufrag, "view");
    EXPECT_EQ(accepted.remote.our_role, plan::DtlsRole::kServer);
  }
}

TEST(Downlink, TakesChromiumsAnswer) {  // recorded: Chromium 156's answer to this offer
  const auto made = offer_of(recording("chromium156_all_default_offer"));
  const auto accepted = taken(recording("chromium156_answer_to_downlink"), made);
  EXPECT_EQ(accepted.tracks, made.tracks);
  EXPECT_EQ(accepted.remote.ice.ufrag, "vrP4");
}

// Answers to other offers: payload types and extension ids that are not ours.
TEST(Downlink, TakesThePayloadTypesOfTheAnswer) {
  const auto made = offer_of(recording("chromium156_vp9_svc_L3T3_offer"));
  auto text = replaced_all(full_answer(made), ":98 ", ":108 ");
  text = replaced(replaced_all(text, "apt=98", "apt=108"), "SAVPF 98 99", "SAVPF 108 99");
  const auto codec = taken(text, made).tracks.at(1).codec;
  EXPECT_EQ(codec.payload_type.value, 108);
  EXPECT_EQ(codec.rtx_payload_type->value, 99);
  EXPECT_TRUE(codec.nack);
}

TEST(Downlink, DropsWhatTheAnswerLeavesOut) {
  const auto made = offer_of(recording("chromium156_simulcast_vp8_offer"));
  const auto accepted = taken(recording("aiortc140_answer_to_chromium156"), made);
  const auto& video = accepted.tracks.at(1);
  EXPECT_EQ(video.extensions, (plan::ExtensionIds{.abs_send_time = 2}));  // its 4 is the mid, ours is 1
  EXPECT_TRUE(video.codec.nack && video.codec.nack_pli && video.codec.goog_remb);
  EXPECT_FALSE(video.codec.ccm_fir || video.codec.transport_cc);
  EXPECT_EQ(video.codec.rtx_payload_type->value, 97);
  EXPECT_EQ(accepted.tracks.at(0).extensions, (plan::ExtensionIds{}));
  EXPECT_EQ(accepted.remote.ice.ufrag, "O238");
}

TEST(Downlink, SendsNoRtxWhereTheAnswerHasNone) {
  const auto made = offer_of(kBothOffer);
  const auto text = replaced(replaced(full_answer(made), "SAVPF 96 97", "SAVPF 96"), "a=rtpmap:97 rtx/90000\r\n", "");
  const auto video = taken(text, made).tracks.at(1);
  EXPECT_FALSE(video.rtx_ssrc || video.codec.rtx_payload_type);
}

TEST(Downlink, MayBeTakenByHalf) {  // B-34
  const auto made = offer_of(kBothOffer);
  const auto no_video = changed_answer(made, [](auto& d) {
    d.medias[1].port = 0;
    d.groups[0].mids = {"0"};
  });
  EXPECT_EQ(taken(no_video, made).tracks, (std::vector{made.tracks[0]}));
  const auto no_audio = changed_answer(made, [](auto& d) { d.medias[0].direction = Direction::kInactive; });
  EXPECT_EQ(taken(no_audio, made).tracks, (std::vector{made.tracks[1]}));
  const auto other_codec = changed_answer(made, [](auto& d) { d.medias[1].rtpmaps[0].encoding = "VP9"; });
  EXPECT_EQ(taken(other_codec, made).tracks, (std::vector{made.tracks[0]}));
}

TEST(Downlink, IsRefusedWhenBothLinesAre) {  // B-34
  const auto made = offer_of(kBothOffer);
  const auto text = changed_answer(made, [](auto& d) {
    d.medias[0].port = 0;
    d.medias[1].direction = Direction::kSendOnly;
  });
  EXPECT_THAT(refusal(text, made), HasSubstr("takes no line"));
}

TEST(Downlink, ReadsTheRolesOfTheAnswer) {
  const auto made = offer_of(kBothOffer);
  const auto with = [&](std::optional<sdp::Setup> setup) {
    return changed_answer(made, [&](auto& d) {
      for (auto& media : d.medias) media.transport.setup = setup;
    });
  };
  EXPECT_EQ(taken(with(sdp::Setup::kPassive), made).remote.our_role, plan::DtlsRole::kClient);
  EXPECT_EQ(taken(with(std::nullopt), made).remote.our_role, plan::DtlsRole::kServer);
  EXPECT_THAT(refusal(with(sdp::Setup::kActPass), made), HasSubstr("actpass"));
  EXPECT_THAT(refusal(with(sdp::Setup::kHoldConn), made), HasSubstr("holdconn"));
}

TEST(Downlink, RefusesAnswersThatAreNotToThisOffer) {
  const auto made = offer_of(kBothOffer);
  const auto refused = [&](auto change) { return refusal(changed_answer(made, change), made); };
  EXPECT_THAT(refusal("nonsense", made), HasSubstr("line 1"));
  EXPECT_THAT(refused([](auto& d) { d.medias.pop_back(); }), HasSubstr("1 m= lines, the offer has 2"));
  EXPECT_THAT(refused([](auto& d) { d.medias.push_back(d.medias[0]); }), HasSubstr("3 m= lines"));
  EXPECT_THAT(refused([](auto& d) { std::swap(d.medias[0].mid, d.medias[1].mid); }), HasSubstr("a=mid:1"));
  EXPECT_THAT(refused([](auto& d) { std::swap(d.medias[0], d.medias[1]); }), HasSubstr("kind"));
  EXPECT_THAT(refused([](auto& d) {
                for (auto& media : d.medias) media.transport.ice_ufrag.reset();
              }),
              HasSubstr("a=ice-ufrag"));
  EXPECT_THAT(refused([](auto& d) {
                for (auto& media : d.medias) media.transport.fingerprints.clear();
              }),
              HasSubstr("a=fingerprint"));
  EXPECT_THAT(refused([](auto& d) {
                d.groups.clear();
                d.medias[1].transport.ice_ufrag = "othr";
              }),
              HasSubstr("BUNDLE"));
}

TEST(Downlink, TakesAnswersThatSpeakLoosely) {
  const auto made = offer_of(kBothOffer);
  const auto no_mids = changed_answer(made, [](auto& d) {
    d.groups.clear();
    for (auto& media : d.medias) media.mid.clear();
  });
  EXPECT_EQ(taken(no_mids, made).tracks, made.tracks);  // one ufrag for both: one transport
  EXPECT_EQ(taken(replaced_all(full_answer(made), "\r\n", "\n"), made).tracks, made.tracks);
  EXPECT_EQ(taken(replaced(full_answer(made), "opus/48000", "OPUS/48000"), made).tracks, made.tracks);
}

TEST(Downlink, IsOfferedAgainForAnIceRestart) {  // B-33
  const auto made = offer_of(kBothOffer);
  const auto again = reoffer(made, made.tracks, {"frsh", "9999999999999999999999"}, capabilities());
  EXPECT_EQ(again.tracks, made.tracks);
  EXPECT_EQ(again.session.version, made.session.version + 1);
  auto before = parsed(made.sdp);
  const auto after = parsed(again.sdp);
  EXPECT_EQ(after.origin.version, "2");
  EXPECT_EQ(after.medias[1].transport.ice_ufrag, "frsh");
  before.origin = after.origin;
  for (auto& media : before.medias) {
    media.transport.ice_ufrag = "frsh";
    media.transport.ice_pwd = "9999999999999999999999";
  }
  EXPECT_EQ(before, after);
}

TEST(Downlink, KeepsARefusedLineDeadInLaterOffers) {  // RFC 8829 section 5.2.2
  const auto made = offer_of(kBothOffer);
  const auto first = taken(changed_answer(made, [](auto& d) { d.medias[0].port = 0; }), made);
  const auto again = reoffer(made, first.tracks, kLocalIce, capabilities());
  const auto d = parsed(again.sdp);
  EXPECT_EQ(d.medias.at(0).port, 0);
  EXPECT_THAT(d.groups, ElementsAre(sdp::Group{"BUNDLE", {"1"}}));
  EXPECT_TRUE(d.medias.at(1).end_of_candidates);
  EXPECT_EQ(taken(full_answer(again), again).tracks, first.tracks);
  EXPECT_THAT(reoffer(again, first.tracks, kLocalIce, capabilities()).refused, ElementsAre("0"));
}

TEST(Downlink, SurvivesDamagedAnswers) {
  const auto made = offer_of(recording("chromium156_all_default_offer"));
  const auto text = recording("chromium156_answer_to_downlink");
  base::Rng rng(3);
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = text;
    for (int j = 0; j < 4; ++j) damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    const auto accepted = accept(damaged, made);
    if (accepted) EXPECT_THAT(accepted->tracks, testing::Not(IsEmpty()));
  }
}

}  // namespace
}  // namespace heliograph::negotiation
