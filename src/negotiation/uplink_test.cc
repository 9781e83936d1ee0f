// SPDX-License-Identifier: Apache-2.0
#include "negotiation/uplink.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "negotiation/test_descriptions.h"

namespace heliograph::negotiation {
namespace {

using plan::Codec;
using plan::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Uplink accepted(const std::string& offer, const Capabilities& caps = capabilities()) {
  auto uplink = answer(offer, kLocalIce, kSession, caps);
  EXPECT_TRUE(uplink) << uplink.error().sentence << "\n" << offer;
  return uplink ? *uplink : Uplink{};
}

std::string refusal(const std::string& offer, const Capabilities& caps = capabilities()) {
  const auto uplink = answer(offer, kLocalIce, kSession, caps);
  if (uplink) return "";
  EXPECT_EQ(uplink.error().code, base::Code::kInvalidSignal);  // B-24
  return uplink.error().sentence;
}

const plan::UplinkTrack& track_of(const Uplink& uplink, Kind kind) {
  static const plan::UplinkTrack kNone;
  const auto found = std::ranges::find(uplink.tracks, kind, &plan::UplinkTrack::kind);
  EXPECT_NE(found, uplink.tracks.end());
  return found == uplink.tracks.end() ? kNone : *found;
}

// "VP8 96/97 [q h f] 3" : codec, payload types, rids, declared sources (with RTX: +).
std::string summary(const plan::UplinkTrack& track) {
  std::string text =
      fmt::format("{}: {} {}", track.mid, plan::encoding_name(track.codec.codec), track.codec.payload_type.value);
  if (track.codec.rtx_payload_type) text += fmt::format("/{}", track.codec.rtx_payload_type->value);
  if (!track.rids.empty()) text += fmt::format(" [{}]", fmt::join(track.rids, " "));
  for (const auto& source : track.sources) text += source.rtx ? " ssrc+rtx" : " ssrc";
  return text;
}

std::string directions(const std::string& answer_sdp) {
  std::string text;
  for (const auto& media : parsed(answer_sdp).medias) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", media.port == 0 ? "no" : to_text(*media.direction));
  }
  return text;
}

// Recorded offers: what is published, and what becomes of each line.
struct Recorded {
  std::string name;
  std::vector<std::string> tracks;
  std::string lines;
};
void PrintTo(const Recorded& r, std::ostream* out) { *out << r.name; }

class RecordedOffer : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedOffer, IsUnderstood) {
  const auto uplink = accepted(recording(GetParam().name));
  std::vector<std::string> tracks;
  for (const auto& track : uplink.tracks) tracks.push_back(summary(track));
  EXPECT_EQ(tracks, GetParam().tracks);
  EXPECT_EQ(directions(uplink.answer_sdp), GetParam().lines);
  EXPECT_EQ(uplink.remote.our_role, plan::DtlsRole::kServer);
}

// RFC 8829 section 5.3: what every browser checks before it takes an answer.
TEST_P(RecordedOffer, GetsAnAnswerThatFitsIt) {
  const auto offer = parsed(recording(GetParam().name));
  const auto reply = parsed(accepted(recording(GetParam().name)).answer_sdp);
  ASSERT_EQ(reply.medias.size(), offer.medias.size());
  EXPECT_TRUE(reply.ice_lite);
  size_t with_candidates = 0;
  for (size_t i = 0; i < offer.medias.size(); ++i) {
    const auto& asked = offer.medias[i];
    const auto& said = reply.medias[i];
    EXPECT_EQ(said.kind, asked.kind);
    EXPECT_EQ(said.mid, asked.mid);
    EXPECT_EQ(said.protocol, asked.protocol);
    for (const auto& format : said.formats) EXPECT_THAT(asked.formats, testing::Contains(format));
    for (const auto& map : said.extmaps) {
      EXPECT_TRUE(
          std::ranges::any_of(asked.extmaps, [&](const auto& e) { return e.id == map.id && e.uri == map.uri; }));
    }
    EXPECT_THAT(said.sources, IsEmpty());
    EXPECT_THAT(said.msids, IsEmpty());
    const auto* bundle = bundle_of(reply, said.mid);
    EXPECT_EQ(bundle != nullptr, said.port != 0 && bundle_of(offer, said.mid) != nullptr);
    if (said.port == 0) continue;
    EXPECT_EQ(said.transport.setup, sdp::Setup::kPassive);
    EXPECT_TRUE(said.rtcp_mux);
    EXPECT_EQ(said.candidates.empty(), !said.end_of_candidates);
    with_candidates += said.end_of_candidates;
  }
  EXPECT_EQ(with_candidates, 1u);  // B-20
}

TEST_P(RecordedOffer, GivesNoVideoToAnAudioRoom) {
  const auto offer = recording(GetParam().name);
  const auto uplink = answer(offer, kLocalIce, kSession, audio_only());
  const bool has_audio = std::ranges::any_of(GetParam().tracks, [](const auto& t) { return t.contains("opus"); });
  EXPECT_EQ(uplink.has_value(), has_audio);  // B-50
  if (!uplink) return;
  EXPECT_THAT(uplink->tracks, SizeIs(1));
  for (const auto& media : parsed(uplink->answer_sdp).medias) EXPECT_EQ(media.port != 0, media.kind == "audio");
}

TEST_P(RecordedOffer, CutShortOrDamagedIsAnsweredOrRefused) {
  const auto text = recording(GetParam().name);
  base::Rng rng(11);
  for (int i = 0; i < 200; ++i) {
    std::string damaged = text;
    for (int j = 0; j < 3; ++j) damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    if (rng.chance(0.3)) damaged.resize(rng.below(damaged.size()));
    const auto uplink = answer(damaged, kLocalIce, kSession, capabilities());
    if (uplink) EXPECT_TRUE(sdp::parse(uplink->answer_sdp)) << damaged;
    if (!uplink) EXPECT_THAT(uplink.error().sentence, Not(IsEmpty()));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Clients, RecordedOffer,
    ::testing::Values(
        Recorded{"aiortc140_H264_offer", {"0: H264 101/102 ssrc+rtx", "1: opus 96 ssrc"}, "recvonly recvonly no"},
        Recorded{"aiortc140_VP8_offer", {"0: VP8 97/98 ssrc+rtx", "1: opus 96 ssrc"}, "recvonly recvonly no"},
        Recorded{"aiortc140_default_offer", {"0: VP8 97/98 ssrc+rtx", "1: opus 96 ssrc"}, "recvonly recvonly no"},
        Recorded{
            "chromium156_all_default_offer", {"0: opus 111 ssrc", "1: VP8 96/97 ssrc+rtx"}, "recvonly recvonly no"},
        Recorded{"chromium156_av1_svc_L3T3_offer", {"0: opus 111 ssrc", "1: AV1 45/46 ssrc+rtx"}, "recvonly recvonly"},
        Recorded{"chromium156_av_plus_inactive_offer",
                 {"0: opus 111 ssrc", "1: VP8 96/97 ssrc+rtx"},
                 "recvonly recvonly inactive"},
        Recorded{"chromium156_h264_offer", {"0: opus 111 ssrc", "1: H264 108/109 ssrc+rtx"}, "recvonly recvonly"},
        Recorded{"chromium156_plain_video_sendonly_offer", {"0: VP8 96/97 ssrc+rtx"}, "recvonly"},
        Recorded{"chromium156_screenshare_offer", {"0: VP8 96/97 ssrc+rtx"}, "recvonly"},
        Recorded{
            "chromium156_simulcast_h264_offer", {"0: opus 111 ssrc", "1: H264 108/109 [q h f]"}, "recvonly recvonly"},
        Recorded{"chromium156_simulcast_vp8_offer", {"0: opus 111 ssrc", "1: VP8 96/97 [q h f]"}, "recvonly recvonly"},
        Recorded{
            "chromium156_vp9_svc_L3T3_KEY_offer", {"0: opus 111 ssrc", "1: VP9 98/99 ssrc+rtx"}, "recvonly recvonly"},
        Recorded{"chromium156_vp9_svc_L3T3_offer", {"0: opus 111 ssrc", "1: VP9 98/99 ssrc+rtx"}, "recvonly recvonly"},
        Recorded{"firefox153esr_simulcast_offer",
                 {"0: opus 109 ssrc", "1: VP8 120/124 [q h f] ssrc+rtx ssrc+rtx ssrc+rtx"},
                 "recvonly recvonly no"},
        Recorded{"gstreamer122_h264_offer", {"video0: H264 96 ssrc", "audio1: opus 97 ssrc"}, "recvonly recvonly"},
        Recorded{"gstreamer122_vp8_offer", {"video0: VP8 96 ssrc", "audio1: opus 97 ssrc"}, "recvonly recvonly"},
        Recorded{"libdatachannel_nodedc0334_offer", {"video: VP8 96 ssrc"}, "recvonly no"},
        Recorded{"pion3156_offer", {"0: VP8 96/97 ssrc", "1: opus 111 ssrc"}, "recvonly recvonly no"},
        Recorded{"werift0244_offer", {"0: VP8 98 ssrc"}, "recvonly no"},
        Recorded{"wrtc0100_offer", {"0: VP8 96/97 ssrc+rtx", "1: opus 111 ssrc"}, "recvonly recvonly no"}),
    [](const auto& param) { return param.param.name; });

TEST(Uplink, RefusesOffersThatOnlyReceive) {  // B-50; recorded answers look the same
  for (const auto& entry : std::filesystem::directory_iterator(HELIOGRAPH_SDP_TESTDATA)) {
    const auto name = entry.path().stem().string();
    if (name.contains("answer") || name.contains("recvonly")) {
      EXPECT_THAT(refusal(recording(name)), HasSubstr("no audio or video line that sends")) << name;
    }
  }
}

TEST(Uplink, TellsTheTransportOfTheOffer) {
  const auto remote = accepted(recording("chromium156_simulcast_vp8_offer")).remote;
  EXPECT_EQ(remote.ice, (plan::IceParameters{"bbUq", "sMQdTuylo3kuf6xr45AYK7Z4"}));
  EXPECT_THAT(remote.fingerprints, ElementsAre(*crypto::Fingerprint::parse(kFingerprintText)));
}

TEST(Uplink, AnswersWithAllCandidatesAndTheirEnd) {  // B-20
  const auto reply = parsed(accepted(kBothOffer).answer_sdp);
  EXPECT_THAT(reply.medias[0].candidates, ElementsAre("1 1 udp 2130706431 192.0.2.7 40000 typ host",
                                                      "2 1 udp 2130706175 2001:db8::1 40000 typ host"));
  EXPECT_EQ(reply.medias[0].connection, "IN IP4 192.0.2.7");
  EXPECT_EQ(reply.medias[1].port, 40000);
  for (const auto& media : reply.medias) {
    EXPECT_EQ(media.transport.ice_ufrag, kLocalIce.ufrag);
    EXPECT_EQ(media.transport.ice_pwd, kLocalIce.pwd);
    EXPECT_THAT(media.transport.fingerprints, ElementsAre(kFingerprintText));
  }
  EXPECT_EQ(reply.origin.session_id, "1234567");
  EXPECT_EQ(reply.origin.version, "1");
}

TEST(Uplink, TakesEitherDtlsRole) {  // B-20, B-50
  const auto setup_and_role = [](const std::string& theirs) {
    const auto uplink = accepted(replaced(kBothOffer, "a=setup:actpass\n", theirs));
    return std::pair(*parsed(uplink.answer_sdp).medias[0].transport.setup, uplink.remote.our_role);
  };
  EXPECT_EQ(setup_and_role("a=setup:active\n"), std::pair(sdp::Setup::kPassive, plan::DtlsRole::kServer));
  EXPECT_EQ(setup_and_role("a=setup:passive\n"), std::pair(sdp::Setup::kActive, plan::DtlsRole::kClient));
  EXPECT_EQ(setup_and_role(""), std::pair(sdp::Setup::kPassive, plan::DtlsRole::kServer));
  EXPECT_THAT(refusal(replaced(kBothOffer, "setup:actpass", "setup:holdconn")), HasSubstr("holdconn"));
}

TEST(Uplink, IsRefusedWithAReasonWhenItCannotWork) {  // B-24
  EXPECT_THAT(refusal("not sdp"), HasSubstr("line 1"));
  EXPECT_THAT(refusal(""), HasSubstr("no description"));
  EXPECT_THAT(refusal(kSessionPart), HasSubstr("no audio or video line"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=fingerprint:" + kFingerprintText + "\n", "")),
              HasSubstr("a=fingerprint"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "sha-256 16:", "sha-256 16:16:")), HasSubstr("a=fingerprint"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=ice-ufrag:clnt\n", "")), HasSubstr("a=ice-ufrag"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=ice-ufrag:clnt\n", "a=ice-ufrag:cl:nt\n")), HasSubstr("a=ice-ufrag"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=ice-pwd:0123456789012345678901\n", "a=ice-pwd:012345678901234567890\n")),
              HasSubstr("a=ice-pwd"));
  EXPECT_THAT(refusal(replaced_all(kBothOffer, "a=rtcp-mux\n", "")), HasSubstr("a=rtcp-mux"));
  EXPECT_THAT(refusal(kSessionPart + replaced(kVp8Line, "VP8", "H265")), HasSubstr("codec"));
  EXPECT_THAT(refusal(kSessionPart + "m=audio 9 UDP/TLS/RTP/SAVPF 0 8\na=rtcp-mux\n"), HasSubstr("codec"));
  EXPECT_THAT(refusal(kSessionPart + kVp8Line, audio_only()), HasSubstr("audio only"));  // B-50
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=mid:v", "a=mid:a")), HasSubstr("same a=mid"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=group:BUNDLE a v\n", "")), HasSubstr("BUNDLE"));
  EXPECT_THAT(refusal(replaced(kBothOffer, "a=group:BUNDLE a v\n", "a=group:BUNDLE a\n")), HasSubstr("BUNDLE"));
}

TEST(Uplink, NeedsNoBundleForOneLine) {
  const auto uplink = accepted(kSessionPart + replaced(kVp8Line, "a=mid:v\n", ""));
  EXPECT_THAT(parsed(uplink.answer_sdp).groups, IsEmpty());
  EXPECT_EQ(parsed(uplink.answer_sdp).medias[0].mid, "");
  EXPECT_THAT(uplink.tracks, SizeIs(1));
}

TEST(Uplink, PublishesTheFirstLineOfAKindThatSends) {  // B-21
  const auto second = replaced(kVp8Line, "mid:v", "mid:w");
  const auto third = replaced(kVp8Line, "mid:v", "mid:x");
  const auto offer =
      kSessionPart + "a=group:BUNDLE v w x\n" + kVp8Line + "a=recvonly\n" + second + "a=sendonly\n" + third;
  const auto uplink = accepted(offer);
  EXPECT_EQ(track_of(uplink, Kind::kVideo).mid, "w");
  EXPECT_EQ(directions(uplink.answer_sdp), "inactive recvonly no");
  EXPECT_THAT(parsed(uplink.answer_sdp).groups, ElementsAre(sdp::Group{"BUNDLE", {"v", "w"}}));
}

TEST(Uplink, LeavesNoLineIdleThatCannotShareItsPort) {
  const auto idle = replaced(kOpusLine, "a=rtcp-mux\n", "a=inactive\n");
  EXPECT_EQ(directions(accepted(kSessionPart + "a=group:BUNDLE v a\n" + kVp8Line + idle).answer_sdp), "recvonly no");
}

TEST(Uplink, PassesOverASendingLineInAForeignCodec) {
  const auto foreign = replaced(replaced(kVp8Line, "VP8", "H265"), "mid:v", "mid:w");
  const auto uplink = accepted(kSessionPart + "a=group:BUNDLE w v\n" + foreign + kVp8Line);
  EXPECT_EQ(directions(uplink.answer_sdp), "no recvonly");
  EXPECT_EQ(parsed(uplink.answer_sdp).medias[0].formats, parsed(kSessionPart + foreign).medias[0].formats);
}

// webrtcbin of GStreamer 1.22 reads credentials on refused lines too, pion 3.1 the a=rtpmap of each of their formats.
TEST(Uplink, RefusesALineInAFormThatAllClientsCanRead) {
  const auto uplink = answer(recording("chromium156_all_default_offer"), kLocalIce, kSession, audio_only());
  ASSERT_TRUE(uplink);
  const auto video = parsed(uplink->answer_sdp).medias.at(1);
  EXPECT_EQ(video.port, 0);
  ASSERT_EQ(video.formats.size(), 1u);
  ASSERT_EQ(video.rtpmaps.size(), 1u);
  EXPECT_EQ(video.formats[0], std::to_string(video.rtpmaps[0].payload_type));
  EXPECT_EQ(video.transport.ice_ufrag, kLocalIce.ufrag);
  EXPECT_EQ(video.transport.ice_pwd, kLocalIce.pwd);
  EXPECT_EQ(video.transport.fingerprints.size(), 1u);
  EXPECT_TRUE(video.transport.setup);
  EXPECT_TRUE(video.candidates.empty());
}

TEST(Uplink, RejectsUnknownKindsAndDeadLines) {
  const auto uplink = accepted(kSessionPart + "a=group:BUNDLE v t d\n" + kVp8Line +
                               "m=text 9 UDP/TLS/RTP/SAVPF 98\na=mid:t\nm=audio 0 UDP/TLS/RTP/SAVPF 111\na=mid:d\n"
                               "a=rtcp-mux\na=rtpmap:111 opus/48000/2\n");
  EXPECT_EQ(directions(uplink.answer_sdp), "recvonly no no");
}

TEST(Uplink, ReadsTheTransportOfTheBundlesFirstLineThatIsTaken) {  // RFC 8843 section 7.3.1
  const auto uplink = accepted(recording("aiortc140_H264_offer"));
  EXPECT_EQ(uplink.remote.ice.ufrag, "Pps5");
  EXPECT_EQ(accepted(recording("aiortc140_H264_offer"), audio_only()).remote.ice.ufrag, "gqH1");
}

TEST(Uplink, FindsTheTransportOnARejectedFirstLineOfALaterOffer) {  // RFC 8843 section 7.1.3
  std::string transport = "a=ice-ufrag:clnt\na=ice-pwd:0123456789012345678901\n";
  auto offer = replaced(kSessionPart, transport, "") + "a=group:BUNDLE d v\n" +
               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\n" + transport + kVp8Line;
  EXPECT_EQ(accepted(offer).remote.ice.ufrag, "clnt");
}

std::string h264_line(std::initializer_list<std::string> fmtps) {
  std::string formats;
  std::string maps;
  int payload_type = 96;
  for (const auto& fmtp : fmtps) {
    formats += fmt::format(" {}", payload_type);
    maps += fmt::format("a=rtpmap:{} H264/90000\n", payload_type);
    if (!fmtp.empty()) maps += fmt::format("a=fmtp:{} {}\n", payload_type, fmtp);
    ++payload_type;
  }
  return kSessionPart + "m=video 9 UDP/TLS/RTP/SAVPF" + formats + "\na=mid:v\na=rtcp-mux\n" + maps;
}

TEST(Uplink, PrefersPacketizationMode1AndConstrainedBaseline) {
  const auto chosen = [](std::initializer_list<std::string> fmtps) {
    return accepted(h264_line(fmtps)).tracks.at(0).codec.payload_type.value;
  };
  EXPECT_EQ(chosen({"packetization-mode=0;profile-level-id=42e01f", "packetization-mode=1;profile-level-id=640c1f"}),
            97);
  EXPECT_EQ(chosen({"packetization-mode=1;profile-level-id=640c1f", "packetization-mode=1;profile-level-id=42e01f"}),
            97);
  EXPECT_EQ(chosen({"packetization-mode=1;profile-level-id=42001f", "packetization-mode=1;profile-level-id=4d001f"}),
            96);
  EXPECT_EQ(chosen({"profile-level-id=42e01f"}), 96);
}

TEST(Uplink, TakesH264WithoutFmtp) {  // B-21
  const auto uplink = accepted(h264_line({""}));
  EXPECT_EQ(track_of(uplink, Kind::kVideo).codec.fmtp, "");
  EXPECT_THAT(parsed(uplink.answer_sdp).medias[0].fmtps, IsEmpty());
}

TEST(Uplink, PutsAPreferredCodecBeforeTheOffersOrder) {  // B-25, B-22
  const auto offer = recording("chromium156_all_default_offer");
  const auto chosen = [&](const Capabilities& caps) {
    return track_of(accepted(offer, caps), Kind::kVideo).codec.codec;
  };
  EXPECT_EQ(chosen(capabilities()), Codec::kVp8);
  EXPECT_EQ(chosen(preferring(Codec::kH264)), Codec::kH264);
  EXPECT_EQ(chosen(preferring(Codec::kAv1)), Codec::kAv1);
  auto several = preferring(Codec::kH264);
  several.preferred_video.insert(several.preferred_video.begin(), Codec::kVp9);
  EXPECT_EQ(chosen(several), Codec::kVp9);
  EXPECT_EQ(accepted(kBothOffer, several).tracks.at(1).codec.codec, Codec::kVp8);
  EXPECT_EQ(accepted(kBothOffer, preferring(Codec::kH264)).tracks.at(1).codec.codec, Codec::kVp8);
}

TEST(Uplink, MirrorsTheFeedbackThatItCanUse) {
  const auto codec = accepted(recording("werift0244_offer")).tracks.at(0).codec;
  EXPECT_TRUE(codec.nack && codec.nack_pli && codec.goog_remb);
  EXPECT_FALSE(codec.ccm_fir || codec.transport_cc);
  const auto any = accepted(kSessionPart + kVp8Line + "a=rtcp-fb:* nack\na=rtcp-fb:97 ccm fir\n").tracks.at(0).codec;
  EXPECT_TRUE(any.nack);
  EXPECT_FALSE(any.ccm_fir);
}

TEST(Uplink, TakesTransportCcOnlyWithItsHeaderExtension) {  // GStreamer 1.22 offers one without the other
  EXPECT_FALSE(accepted(recording("gstreamer122_h264_offer")).tracks.at(0).codec.transport_cc);
  const auto pion = accepted(recording("pion3156_offer"));
  EXPECT_TRUE(pion.tracks.at(0).codec.transport_cc);
  EXPECT_EQ(pion.tracks.at(0).extensions.transport_cc, 1);
}

TEST(Uplink, TakesHeaderExtensionsUnderTheOffersIds) {
  const auto uplink = accepted(recording("chromium156_simulcast_vp8_offer"));
  EXPECT_EQ(track_of(uplink, Kind::kAudio).extensions,
            (plan::ExtensionIds{.mid = 4, .abs_send_time = 2, .transport_cc = 3, .audio_level = 1}));
  EXPECT_EQ(track_of(uplink, Kind::kVideo).extensions, (plan::ExtensionIds{.mid = 4,
                                                                           .rid = 10,
                                                                           .repaired_rid = 11,
                                                                           .abs_send_time = 2,
                                                                           .transport_cc = 3,
                                                                           .video_orientation = 13,
                                                                           .playout_delay = 5,
                                                                           .dependency_descriptor = 12}));
}

TEST(Uplink, MirrorsTheDirectionOfHeaderExtensions) {  // RFC 8285 section 6
  const auto uplink = accepted(recording("firefox153esr_simulcast_offer"));
  const auto& extensions = track_of(uplink, Kind::kVideo).extensions;
  EXPECT_EQ(extensions.playout_delay, 0);  // offered recvonly
  EXPECT_EQ(extensions.rid, 9);
  const auto maps = parsed(uplink.answer_sdp).medias[1].extmaps;
  const auto rid = std::ranges::find(maps, 9, &sdp::ExtMap::id);
  ASSERT_NE(rid, maps.end());
  EXPECT_EQ(rid->direction, sdp::Direction::kRecvOnly);
}

TEST(Uplink, LetsAnIdMeanOneThingOnAllLines) {  // RFC 8843 section 15; aiortc 1.4: 2 is abs-send-time, then audio-level
  const auto uplink = accepted(recording("aiortc140_H264_offer"));
  EXPECT_EQ(track_of(uplink, Kind::kVideo).extensions, (plan::ExtensionIds{.mid = 1, .abs_send_time = 2}));
  EXPECT_EQ(track_of(uplink, Kind::kAudio).extensions, (plan::ExtensionIds{.mid = 1}));
}

TEST(Uplink, AnswersSimulcastWithItsRids) {  // RFC 8853 section 5.3
  const auto video = parsed(accepted(recording("chromium156_simulcast_vp8_offer")).answer_sdp).medias[1];
  EXPECT_THAT(video.rids,
              ElementsAre(sdp::Rid{"q", false, {}, {}}, sdp::Rid{"h", false, {}, {}}, sdp::Rid{"f", false, {}, {}}));
  ASSERT_TRUE(video.simulcast);
  EXPECT_THAT(video.simulcast->recv, SizeIs(3));
  EXPECT_THAT(video.simulcast->send, IsEmpty());
}

TEST(Uplink, TakesThreeLayersTheFirstAlternativeAndWhatTheCodecMaySend) {
  const auto rids = [](const std::string& attributes) {
    return accepted(kSessionPart + kVp8Line + attributes).tracks.at(0).rids;
  };
  const std::string four = "a=rid:1 send\na=rid:2 send\na=rid:3 send\na=rid:4 send\n";
  EXPECT_THAT(rids(four + "a=simulcast:send 4;3;2;1\n"), ElementsAre("4", "3", "2"));
  EXPECT_THAT(rids(four + "a=simulcast:send 1,2;~3\n"), ElementsAre("1", "3"));
  EXPECT_THAT(rids(four + "a=simulcast:send 9,2;8;1\n"), ElementsAre("2", "1"));  // 9 and 8 have no a=rid
  EXPECT_THAT(rids("a=rid:1 send pt=97\na=rid:2 send pt=96,97;max-fps=5\na=simulcast:send 1;2\n"), ElementsAre("2"));
  EXPECT_THAT(rids("a=rid:1 send\n"), ElementsAre("1"));
  EXPECT_THAT(rids("a=rid:1 recv\na=simulcast:recv 1\n"), IsEmpty());
}

TEST(Uplink, KeepsTheRestrictionsOfARid) {  // RFC 8851 section 6.3
  const auto offer = kSessionPart + kVp8Line + "a=rid:2 send pt=96,97;max-fps=5\na=simulcast:send 2\n";
  EXPECT_THAT(parsed(accepted(offer).answer_sdp).medias[0].rids,
              ElementsAre(sdp::Rid{"2", false, {96}, {{"max-fps", "5"}}}));
}

TEST(Uplink, ReadsSimAndFidGroups) {  // B-21
  const std::string rtx = replaced(replaced(kVp8Line, "SAVPF 96", "SAVPF 96 97"), "a=mid",
                                   "a=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\na=mid");
  const std::string groups =
      "a=ssrc-group:FID 3 13\na=ssrc-group:SIM 1 2 3 4\na=ssrc-group:FID 1 11\na=ssrc-group:FEC-FR 1 21\n"
      "a=ssrc:1 cname:x\na=ssrc:11 cname:x\na=ssrc:21 cname:x\na=ssrc:13 cname:x\n";
  using base::Ssrc;
  EXPECT_THAT(accepted(kSessionPart + rtx + groups).tracks.at(0).sources,
              ElementsAre(plan::DeclaredSource{Ssrc(1), Ssrc(11)}, plan::DeclaredSource{Ssrc(2), {}},
                          plan::DeclaredSource{Ssrc(3), Ssrc(13)}));
  EXPECT_THAT(accepted(kSessionPart + kVp8Line + "a=ssrc-group:FID 1 11\n").tracks.at(0).sources,
              ElementsAre(plan::DeclaredSource{Ssrc(1), {}}));
  EXPECT_THAT(accepted(kSessionPart + kVp8Line).tracks.at(0).sources, IsEmpty());
}

TEST(Uplink, AsksOpusForForwardErrorCorrectionAndWhatThePublisherWantsToSend) {
  const auto fmtp = [](const std::string& offered) {
    const auto offer = kSessionPart + kOpusLine + (offered.empty() ? "" : "a=fmtp:111 " + offered + "\n");
    return parsed(accepted(offer).answer_sdp).medias[0].fmtps.at(0).parameters;
  };
  EXPECT_EQ(fmtp(""), "useinbandfec=1");
  EXPECT_EQ(fmtp("minptime=10;useinbandfec=0"), "minptime=10;useinbandfec=1");
  EXPECT_EQ(fmtp("sprop-stereo=1; maxaveragebitrate=128000;x-y=1"), "maxaveragebitrate=128000;stereo=1;useinbandfec=1");
}

TEST(Uplink, MirrorsTheProfileOfVideo) {
  const auto fmtp = [](const std::string& name) {
    const auto reply = parsed(accepted(recording(name)).answer_sdp);
    return reply.medias[1].fmtps.at(0).parameters;
  };
  EXPECT_EQ(fmtp("chromium156_vp9_svc_L3T3_offer"), "profile-id=0");
  EXPECT_EQ(fmtp("chromium156_av1_svc_L3T3_offer"), "profile=0;level-idx=5;tier=0");
  EXPECT_EQ(fmtp("chromium156_h264_offer"), "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
  EXPECT_EQ(fmtp("firefox153esr_simulcast_offer"), "apt=120");  // VP8: none
}

TEST(Uplink, AnswersARenegotiationInTheOffersOrderUnderANewVersion) {
  const auto again = answer(kBothOffer, kLocalIce, {1234567, 2}, capabilities());
  ASSERT_TRUE(again);
  EXPECT_EQ(parsed(again->answer_sdp).origin.version, "2");
  EXPECT_EQ(again->tracks, accepted(kBothOffer).tracks);
}

TEST(Uplink, KnowsARestartFromANewPeerConnection) {  // B-22, B-23
  const auto before = accepted(kBothOffer).remote;
  EXPECT_EQ(classify(before, before), UplinkChange::kRenegotiation);
  auto restarted = before;
  restarted.ice = {"othr", "1111111111222222222233"};
  EXPECT_EQ(classify(before, restarted), UplinkChange::kIceRestart);
  auto other = restarted;
  other.fingerprints.at(0).value.at(0) ^= 1;
  EXPECT_EQ(classify(before, other), UplinkChange::kNewPeerConnection);
  other.ice = before.ice;
  EXPECT_EQ(classify(before, other), UplinkChange::kNewPeerConnection);
}

}  // namespace
}  // namespace heliograph::negotiation
