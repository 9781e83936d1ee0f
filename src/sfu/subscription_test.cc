// SPDX-License-Identifier: Apache-2.0
#include "sfu/subscription.h"

#include <algorithm>
#include <map>

#include "gtest/gtest.h"
#include "sfu/testing_laws.h"
#include "sfu/testing_packets.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;
using testing::vp8;
using Bytes = std::vector<uint8_t>;

constexpr base::NtpTime kNtpNow{uint64_t{5'000'000'000} << 32};

plan::DownlinkTrack line(plan::Codec codec = plan::Codec::kVp8) {
  plan::DownlinkTrack t;
  t.kind = plan::kind_of(codec);
  t.codec.codec = codec;
  t.codec.payload_type = base::PayloadType(100);
  t.codec.rtx_payload_type = base::PayloadType(101);
  t.extensions = plan::kDownlinkExtensions;
  t.ssrc = base::Ssrc(0xabcd);
  t.rtx_ssrc = base::Ssrc(0xabce);
  return t;
}

// A track that a test feeds by hand, and one viewer of it.
class Viewer : public ::testing::Test {
 protected:
  struct Spec {
    uint8_t layer = 0;
    uint64_t source = 1;
    int64_t sequence = 0;
    uint32_t timestamp = 0;
    bool keyframe = false;
    uint16_t picture_id = 0;
    uint8_t extension_ids = 0;
    Bytes extensions = {};
    uint16_t descriptor_at = 0;
    int32_t frame_number = -1;
    bool empty = false;
  };
  const MediaPacket* append(const Spec& s) {
    const auto payload = s.empty ? Bytes() : vp8(s.keyframe, s.picture_id, static_cast<uint8_t>(s.picture_id), {1, 2});
    MediaPacket p;
    p.layer = s.layer;
    p.source = s.source;
    p.sequence = s.sequence;
    p.timestamp = s.timestamp;
    p.arrival = now_;
    p.keyframe = s.keyframe;
    p.payload = payload;
    p.numbers = read_picture_numbers(plan::Codec::kVp8, payload);
    p.numbers.frame_number = s.frame_number;
    p.extensions = s.extensions;
    p.extension_ids = s.extension_ids;
    p.descriptor_at = s.descriptor_at;
    return track_.append(p);
  }
  std::optional<Rewrite> forward(const Spec& s) {
    const auto* packet = append(s);
    const auto rewrite = viewer_.forward(track_, *packet);
    if (rewrite) laws_.sent(viewer_, *packet, *rewrite);
    EXPECT_FALSE(laws_.breach()) << *laws_.breach();
    return rewrite;
  }
  Bytes header(const MediaPacket& packet, const Rewrite& rewrite) {
    Bytes bytes(12 + kMaxExtensions);
    bytes.resize(viewer_.write_header(packet, rewrite, bytes.data()));
    return bytes;
  }
  void wait(int64_t ms) { now_ = now_ + Duration::millis(ms); }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  base::Rng rng_{7};
  Track track_{plan::Codec::kVp8};
  Subscription viewer_{line(), rng_};
  testing::Laws laws_;
};

TEST_F(Viewer, VideoBeginsWithAKeyframe) {
  EXPECT_TRUE(viewer_.waits_for_keyframe(track_));
  EXPECT_FALSE(forward({.sequence = 1}));
  EXPECT_TRUE(forward({.sequence = 2, .keyframe = true}));
  EXPECT_FALSE(viewer_.waits_for_keyframe(track_));
  EXPECT_TRUE(forward({.sequence = 3}));
  EXPECT_FALSE(forward({.sequence = 0})) << "from before the keyframe";
}

TEST_F(Viewer, AudioBeginsAnywhere) {
  Track track(plan::Codec::kOpus);
  Subscription viewer(line(plan::Codec::kOpus), rng_);
  EXPECT_FALSE(viewer.waits_for_keyframe(track));
  MediaPacket p;
  p.payload = base::as_bytes("opus");
  EXPECT_TRUE(viewer.forward(track, *track.append(p)));
}

// RFC 3711 section 3.3.1: a receiver takes the first packet to be of lap 0.
TEST_F(Viewer, NumbersBeginInTheLowerHalfOfTheFirstLap) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    base::Rng rng(seed);
    Track track(plan::Codec::kOpus);
    Subscription viewer(line(plan::Codec::kOpus), rng);
    MediaPacket p;
    const auto first = viewer.forward(track, *track.append(p));
    EXPECT_LT(first->index, 0x8000u);
    EXPECT_GT(first->index, 0u);
    EXPECT_LT(viewer.next_rtx_index(), 0x8000u);
  }
}

// RFC 3550 section 5.1.
TEST_F(Viewer, TheHeaderSaysWhatTheViewerNegotiated) {
  MediaPacket shape;
  const auto rewrite = *forward({.sequence = 2, .timestamp = 99, .keyframe = true});
  shape = *track_.find(0, 1, 2);
  shape.marker = true;
  const auto bytes = header(shape, rewrite);
  const Bytes expected{0x80,
                       0x80 | 100,
                       static_cast<uint8_t>(rewrite.index >> 8),
                       static_cast<uint8_t>(rewrite.index),
                       0,
                       0,
                       0,
                       99,
                       0,
                       0,
                       0xab,
                       0xcd};
  EXPECT_EQ(bytes, expected);
  Bytes rtx(12 + kMaxExtensions);
  rtx.resize(viewer_.write_rtx_header(shape, rewrite, 0x1234, rtx.data()));
  EXPECT_EQ(rtx[1], 0x80 | 101);
  EXPECT_EQ(rtx[2] << 8 | rtx[3], 0x1234);
  EXPECT_EQ(rtx[11], 0xce);
}

// RFC 3550 section 5.1: P. A retransmission (RFC 4588) carries the payload without it.
TEST_F(Viewer, TheHeaderSaysThatThereIsPadding) {
  const auto rewrite = *forward({.keyframe = true});
  track_.pad(*track_.find(0, 1, 0), 2);
  const auto& packet = *track_.find(0, 1, 0);
  EXPECT_EQ(header(packet, rewrite)[0], 0xa0);
  Bytes rtx(12 + kMaxExtensions);
  rtx.resize(viewer_.write_rtx_header(packet, rewrite, 0x1234, rtx.data()));
  EXPECT_EQ(rtx[0], 0x80);
}

const Bytes kThree{0xbe, 0xde, 0, 2, 0x50, 0x03, 0x40, 0x85, 0x72, 0x80, 0x12, 0x34};
constexpr uint8_t kThreeIds = 1 << 4 | 1 << 5 | 1 << 7;

TEST_F(Viewer, ExtensionsThatAllWereTakenAreCopied) {
  const auto rewrite = *forward(
      {.keyframe = true, .extension_ids = kThreeIds, .extensions = kThree, .descriptor_at = 9, .frame_number = 0x1234});
  const auto bytes = header(*track_.find(0, 1, 0), rewrite);
  EXPECT_EQ(bytes[0], 0x90);
  EXPECT_EQ(Bytes(bytes.begin() + 12, bytes.end()), kThree);
}

// RFC 8285 section 5: what the answer left out is not sent.
TEST_F(Viewer, ExtensionsThatWereNotTakenAreLeftOut) {
  auto l = line();
  l.extensions = {.video_orientation = 5, .dependency_descriptor = 7};
  viewer_ = Subscription(l, rng_);
  const auto rewrite = *forward(
      {.keyframe = true, .extension_ids = kThreeIds, .extensions = kThree, .descriptor_at = 9, .frame_number = 0x1234});
  const auto bytes = header(*track_.find(0, 1, 0), rewrite);
  EXPECT_EQ(Bytes(bytes.begin() + 12, bytes.end()),
            (Bytes{0xbe, 0xde, 0, 2, 0x50, 0x03, 0x72, 0x80, 0x12, 0x34, 0, 0}));

  l.extensions = {.mid = 1, .transport_cc = 3};
  viewer_ = Subscription(l, rng_);
  const auto none = header(*track_.find(0, 1, 0), rewrite);
  EXPECT_EQ(none.size(), 12u);
  EXPECT_EQ(none[0], 0x80);
}

// AV1 RTP specification, appendix A: frame numbers tell loss, so they go on after a switch.
TEST_F(Viewer, FrameNumbersOfTheDependencyDescriptorGoOn) {
  const auto packet = [](uint8_t layer, int64_t sequence, uint16_t number) {
    Bytes extensions = kThree;
    base::store_be(&extensions[10], number);
    return Spec{.layer = layer,
                .sequence = sequence,
                .timestamp = static_cast<uint32_t>(sequence),
                .keyframe = true,
                .extension_ids = kThreeIds,
                .extensions = extensions,
                .descriptor_at = 9,
                .frame_number = number};
  };
  const auto number_of = [&](uint8_t layer, int64_t sequence, const Rewrite& rewrite) {
    const auto bytes = header(*track_.find(layer, 1, sequence), rewrite);
    return base::load_be<uint16_t>(&bytes[12 + 10]);
  };
  for (const bool filtered : {false, true}) {
    track_ = Track(plan::Codec::kVp8);
    auto l = line();
    if (filtered) l.extensions.playout_delay = l.extensions.audio_level = 0;
    viewer_ = Subscription(l, rng_);
    laws_ = testing::Laws();
    const auto at = [&](uint8_t layer, int64_t sequence, uint16_t number) {
      const auto rewrite = *forward(packet(layer, sequence, number));
      if (!filtered) return number_of(layer, sequence, rewrite);
      const auto bytes = header(*track_.find(layer, 1, sequence), rewrite);
      return base::load_be<uint16_t>(&bytes[12 + 4 + 2 + 2]);
    };
    EXPECT_EQ(at(0, 1, 0xfffe), 0xfffe);
    viewer_.aim(1);
    EXPECT_EQ(at(1, 1, 500), 0xffff);
    EXPECT_EQ(at(1, 2, 501), 0);
    viewer_.aim(0);
    EXPECT_EQ(at(0, 9, 7), 1);
  }
}

TEST_F(Viewer, PaddingDoesNotMakePictureNumbersJump) {
  forward({.sequence = 1, .keyframe = true, .picture_id = 50});
  forward({.sequence = 2, .empty = true});
  viewer_.aim(1);
  wait(30);
  const auto rewrite = forward({.layer = 1, .sequence = 1, .keyframe = true, .picture_id = 9'000});
  ASSERT_TRUE(rewrite);
  EXPECT_EQ(read_picture_numbers(plan::Codec::kVp8, rewrite->patch.span()).picture_id, 51);
}

TEST_F(Viewer, ASwitchWaitsForAKeyframeOfTheLayerAimedAt) {
  forward({.sequence = 1, .keyframe = true});
  append({.layer = 2, .sequence = 0});
  viewer_.aim(2);
  EXPECT_FALSE(forward({.layer = 1, .sequence = 1, .keyframe = true}));
  EXPECT_FALSE(forward({.layer = 2, .sequence = 1}));
  EXPECT_TRUE(forward({.sequence = 2})) << "meanwhile the old one goes on";
  EXPECT_EQ(viewer_.current_layer(), 0);
  wait(30);
  EXPECT_TRUE(forward({.layer = 2, .sequence = 2, .keyframe = true}));
  EXPECT_EQ(viewer_.current_layer(), 2);
  EXPECT_FALSE(forward({.sequence = 3}));
}

TEST_F(Viewer, ASourceThatIsGoneIsFollowedByAnyLayerWhenTheOneAimedAtIsSilent) {
  forward({.layer = 2, .sequence = 1, .keyframe = true});
  viewer_.aim(2);
  EXPECT_FALSE(forward({.layer = 1, .sequence = 1, .keyframe = true})) << "it goes on";
  wait(30);
  constexpr auto kOther = first_source_of(1);
  append({.layer = 0, .source = kOther, .sequence = 1});  // the uplink that takes over: no layer 2 yet
  append({.layer = 2, .source = kOther, .sequence = 1});
  EXPECT_FALSE(forward({.layer = 1, .source = kOther, .sequence = 2, .keyframe = true})) << "it will begin soon";
  wait(Ladder::kAliveWithin.ms());
  EXPECT_TRUE(forward({.layer = 1, .source = kOther, .sequence = 3, .keyframe = true}));
}

// B-22: the SSRC or the whole PeerConnection changed.
TEST_F(Viewer, AnotherSourceGoesOnAtItsKeyframe) {
  const auto first = forward({.sequence = 60'000, .timestamp = 4'000'000'000, .keyframe = true});
  wait(40);
  append({.source = 2, .sequence = 9, .timestamp = 5});
  EXPECT_FALSE(viewer_.forward(track_, *track_.find(0, 2, 9)));
  EXPECT_TRUE(viewer_.waits_for_keyframe(track_)) << "somebody must ask for one";
  const auto second = forward({.source = 2, .sequence = 10, .timestamp = 6, .keyframe = true});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->index, first->index + 1);
  EXPECT_EQ(second->timestamp - first->timestamp, 3600u) << "by the time between their arrivals";
  EXPECT_FALSE(viewer_.waits_for_keyframe(track_));
}

TEST_F(Viewer, TwoSourcesAtTheSameMomentStillFollowEachOther) {
  const auto first = forward({.sequence = 1, .timestamp = 10, .keyframe = true});
  const auto second = forward({.source = 2, .sequence = 1, .timestamp = 10, .keyframe = true});
  EXPECT_EQ(second->timestamp, first->timestamp + 1);
}

// Both layers' sender reports say where they are in the publisher's time (RFC 3550 section 6.4.1).
TEST_F(Viewer, ASwitchLiesWhereSenderReportsSay) {
  const auto ntp = base::NtpTime::from_unix_micros(1'700'000'000'000'000);
  forward({.sequence = 1, .timestamp = 1'000'000, .keyframe = true});
  append({.layer = 1, .sequence = 1, .timestamp = 77});
  track_.on_sender_report(0, 1, {ntp, 1'000'000});
  track_.on_sender_report(1, 1, {ntp, 500});
  viewer_.aim(1);
  wait(70);  // 40 ms later by the publisher's clock, 70 by arrival
  const auto second = forward({.layer = 1, .sequence = 2, .timestamp = 500 + 3600, .keyframe = true});
  ASSERT_TRUE(second);
  EXPECT_NEAR(second->timestamp, 1'003'600, 1);
}

TEST_F(Viewer, SenderReportsThatMakeNoSenseAreNotBelieved) {
  forward({.sequence = 1, .timestamp = 1'000'000, .keyframe = true});
  append({.layer = 1, .sequence = 1, .timestamp = 77});
  track_.on_sender_report(0, 1, {base::NtpTime{0}, 1'000'000});
  track_.on_sender_report(1, 1, {base::NtpTime{uint64_t{1} << 63}, 500});
  viewer_.aim(1);
  wait(70);
  EXPECT_EQ(forward({.layer = 1, .sequence = 2, .timestamp = 4100, .keyframe = true})->timestamp, 1'000'000u + 6300);
}

TEST_F(Viewer, AReportOfTheSourceThatFollowedIsNotUsedForTheOldOne) {
  const auto ntp = base::NtpTime::from_unix_micros(1'700'000'000'000'000);
  forward({.sequence = 1, .timestamp = 1'000'000, .keyframe = true});
  append({.source = 2, .sequence = 1, .timestamp = 9});  // layer 0 is another source's now, whose keyframe is lost
  track_.on_sender_report(0, 2, {ntp, 1'000'000 + 45'000});
  append({.layer = 1, .source = 3, .sequence = 1, .timestamp = 77});
  track_.on_sender_report(1, 3, {ntp, 500});
  viewer_.aim(1);
  wait(70);
  EXPECT_EQ(forward({.layer = 1, .source = 3, .sequence = 2, .timestamp = 500, .keyframe = true})->timestamp,
            1'000'000u + 6300);
  const auto report = [&] {
    Subscription other(line(), rng_);
    return other.sender_report(now_, kNtpNow, track_);
  };
  EXPECT_FALSE(report());
}

// SIMULCAST_UPDATE: for the viewer a pause is nothing at all.
TEST_F(Viewer, APauseLeavesNoHoleInTheNumbersAndKeepsTheTime) {
  forward({.sequence = 10, .timestamp = 1'000, .keyframe = true, .picture_id = 5});
  const auto last = *forward({.sequence = 11, .timestamp = 4'000, .picture_id = 6});
  viewer_.set_paused(true);
  EXPECT_FALSE(viewer_.waits_for_keyframe(track_)) << "nobody is to ask for one";
  EXPECT_FALSE(forward({.sequence = 12, .timestamp = 7'000, .picture_id = 7}));
  EXPECT_FALSE(forward({.sequence = 13, .timestamp = 10'000, .keyframe = true, .picture_id = 8}));
  viewer_.set_paused(false);
  laws_.resumed();
  EXPECT_TRUE(viewer_.waits_for_keyframe(track_));
  EXPECT_FALSE(forward({.sequence = 14, .timestamp = 13'000, .picture_id = 9}));
  wait(133);  // what arrives is late; the source's own time stands
  const auto next = forward({.sequence = 15, .timestamp = 16'000, .keyframe = true, .picture_id = 10});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->index, last.index + 1);
  EXPECT_EQ(next->timestamp, last.timestamp + 12'000);
  EXPECT_EQ(read_picture_numbers(plan::Codec::kVp8, next->patch.span()).picture_id, 7);
}

TEST_F(Viewer, ThePictureUnderWayIsSentWhole) {
  forward({.sequence = 10, .timestamp = 1'000, .keyframe = true});
  append({.sequence = 12, .timestamp = 1'000});
  forward({.sequence = 13, .timestamp = 4'000});
  viewer_.set_paused(true);
  EXPECT_TRUE(forward({.sequence = 14, .timestamp = 4'000})) << "the rest of it";
  EXPECT_TRUE(forward({.sequence = 11, .timestamp = 1'000})) << "a repair of what was before";
  EXPECT_FALSE(forward({.sequence = 15, .timestamp = 7'000}));
  EXPECT_FALSE(forward({.sequence = 16, .timestamp = 4'000})) << "once cut, nothing newer follows";
}

TEST_F(Viewer, APauseInWhichNothingCameIsNoBreak) {
  const auto first = *forward({.sequence = 10, .timestamp = 1'000, .keyframe = true});
  viewer_.set_paused(true);
  viewer_.set_paused(false);
  EXPECT_FALSE(viewer_.waits_for_keyframe(track_));
  EXPECT_EQ(forward({.sequence = 11, .timestamp = 4'000})->index, first.index + 1);
}

TEST_F(Viewer, WhoeverIsPausedFromTheBeginningGetsNothing) {
  viewer_.set_paused(true);
  EXPECT_FALSE(forward({.sequence = 10, .keyframe = true}));
  viewer_.set_paused(false);
  EXPECT_TRUE(forward({.sequence = 11, .keyframe = true}));
}

TEST_F(Viewer, WhatWasSentBeforeAPauseIsSentAgainAfterIt) {
  const auto first = *forward({.sequence = 10, .timestamp = 1'000, .keyframe = true});
  viewer_.set_paused(true);
  forward({.sequence = 11, .timestamp = 4'000});
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(first.index)).packet, track_.find(0, 1, 10));
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(first.index + 1)).packet, nullptr);
  viewer_.set_paused(false);
  laws_.resumed();
  const auto second = *forward({.sequence = 12, .timestamp = 7'000, .keyframe = true});
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(first.index)).packet, track_.find(0, 1, 10));
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(second.index)).packet, track_.find(0, 1, 12));
}

// What is sent again has the same bytes under the same index (RFC 7714 section 8.1).
TEST_F(Viewer, AResendIsThePacketAsItWasSent) {
  forward({.sequence = 60, .timestamp = 5, .keyframe = true, .picture_id = 3});
  viewer_.aim(1);
  wait(30);
  const auto sent = *forward({.layer = 1, .sequence = 7, .timestamp = 9, .keyframe = true, .picture_id = 900});
  forward({.layer = 1, .sequence = 8, .timestamp = 10, .picture_id = 901});
  const auto again = viewer_.resend(now_, track_, static_cast<uint16_t>(sent.index));
  ASSERT_NE(again.packet, nullptr);
  EXPECT_EQ(again.packet->sequence, 7);
  EXPECT_EQ(again.rewrite.index, sent.index);
  laws_.sent(viewer_, *again.packet, again.rewrite);
  EXPECT_FALSE(laws_.breach()) << *laws_.breach();
  const auto before = viewer_.resend(now_, track_, static_cast<uint16_t>(sent.index - 1));
  ASSERT_NE(before.packet, nullptr);
  EXPECT_EQ(before.packet->layer, 0) << "of the layer before";
}

TEST_F(Viewer, WhatWasNeverSentIsNotSentAgain) {
  EXPECT_EQ(viewer_.resend(now_, track_, 5).packet, nullptr);
  const auto first = *forward({.sequence = 60, .keyframe = true});
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(first.index + 1)).packet, nullptr);
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(first.index - 1)).packet, nullptr);
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(first.index + 0x8000)).packet, nullptr);
}

TEST_F(Viewer, ResendsHaveABudget) {
  const auto sent = *forward({.sequence = 60, .keyframe = true});
  const auto ask = [&] { return viewer_.resend(now_, track_, static_cast<uint16_t>(sent.index)).packet != nullptr; };
  int64_t given = 0;
  for (int i = 0; i < 2000; ++i) given += ask() ? 1 : 0;
  EXPECT_EQ(given, Subscription::kMaxResendsPerSecond);
  wait(100);
  given = 0;
  for (int i = 0; i < 2000; ++i) given += ask() ? 1 : 0;
  EXPECT_EQ(given, Subscription::kMaxResendsPerSecond / 10);
  wait(60'000);
  given = 0;
  for (int i = 0; i < 2000; ++i) given += ask() ? 1 : 0;
  EXPECT_EQ(given, Subscription::kMaxResendsPerSecond) << "no more than a second is saved up";
}

TEST_F(Viewer, AResumedLineGoesOnInItsNumbers) {
  const auto before = *forward({.sequence = 60, .timestamp = 100, .keyframe = true});
  auto l = line();
  l.codec.payload_type = base::PayloadType(120);
  l.extensions = {};
  viewer_.resume(l);
  laws_.resumed();
  EXPECT_EQ(viewer_.resend(now_, track_, static_cast<uint16_t>(before.index)).packet, nullptr)
      << "its header would be another";
  EXPECT_TRUE(viewer_.waits_for_keyframe(track_));
  for (int64_t s = 61; s < 60 + 40'000; s += 100) append({.sequence = s});
  EXPECT_FALSE(forward({.sequence = 40'061}));
  wait(1000);
  const auto after = *forward({.sequence = 40'062, .timestamp = 90'150, .keyframe = true});
  EXPECT_EQ(after.index, before.index + 1);
  EXPECT_EQ(after.timestamp, before.timestamp + 90'050) << "where the source says";
  EXPECT_EQ(header(*track_.find(0, 1, 40'062), after)[1] & 0x7f, 120);
  EXPECT_NE(viewer_.resend(now_, track_, static_cast<uint16_t>(after.index)).packet, nullptr);
}

// RFC 3550 section 6.4.1.
TEST_F(Viewer, ASenderReportSaysThePublishersTime) {
  EXPECT_FALSE(viewer_.sender_report(now_, kNtpNow, track_));
  EXPECT_EQ(viewer_.next_report(), now_ + Subscription::kFirstReportWait);
  const auto sent = *forward({.sequence = 1, .timestamp = 9'000, .keyframe = true});
  viewer_.on_sent(1000);
  viewer_.on_sent(500);
  const auto then = base::NtpTime::from_unix_micros(1'700'000'000'000'000);
  track_.on_sender_report(0, 1, {then, 9'000 + 90});
  EXPECT_FALSE(viewer_.sender_report(now_, kNtpNow, track_)) << "not yet";
  wait(200);
  const auto report = viewer_.sender_report(now_, kNtpNow, track_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, base::Ssrc(0xabcd));
  EXPECT_EQ(report->rtp_timestamp, sent.timestamp + 18'000);
  EXPECT_NEAR(static_cast<double>((report->ntp - then).us()), 199'000, 1);
  EXPECT_EQ(report->packet_count, 2u);
  EXPECT_EQ(report->octet_count, 1500u);
  EXPECT_EQ(viewer_.next_report(), now_ + Subscription::kReportInterval);
}

TEST_F(Viewer, AReportFollowsASwitchAtOnceWhenTheNewSourceHasToldItsTime) {
  const auto then = base::NtpTime::from_unix_micros(1'700'000'000'000'000);
  forward({.sequence = 1, .timestamp = 9'000, .keyframe = true});
  append({.layer = 1, .sequence = 1, .timestamp = 500});
  track_.on_sender_report(0, 1, {then, 9'000});
  track_.on_sender_report(1, 1, {then, 500});
  ASSERT_TRUE(viewer_.sender_report(now_, kNtpNow, track_));
  viewer_.aim(1);
  wait(40);
  const auto sent = forward({.layer = 1, .sequence = 2, .timestamp = 500 + 3'600, .keyframe = true});
  const auto report = viewer_.sender_report(now_, kNtpNow, track_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rtp_timestamp, sent->timestamp);
  EXPECT_NEAR(static_cast<double>((report->ntp - then).us()), 40'000, 1);
  EXPECT_FALSE(viewer_.sender_report(now_, kNtpNow, track_)) << "once";
}

TEST_F(Viewer, NoReportIsSentInAPause) {
  forward({.sequence = 1, .timestamp = 9'000, .keyframe = true});
  viewer_.set_paused(true);
  EXPECT_FALSE(viewer_.sender_report(now_, kNtpNow, track_));
  EXPECT_EQ(viewer_.next_report(), now_ + Subscription::kReportInterval);
}

// Until a new source tells its time, that of the one before goes on: sound and picture must not part.
TEST_F(Viewer, ThePublishersTimeGoesOnUntilAnotherSourceTellsIts) {
  const auto then = base::NtpTime::from_unix_micros(1'700'000'000'000'000);
  forward({.sequence = 1, .timestamp = 9'000, .keyframe = true});
  track_.on_sender_report(0, 1, {then, 9'000});
  ASSERT_TRUE(viewer_.sender_report(now_, kNtpNow, track_));
  wait(1'000);
  forward({.source = 2, .sequence = 7, .timestamp = 5, .keyframe = true});
  const auto report = viewer_.sender_report(now_, kNtpNow + Duration::millis(1'000), track_);
  ASSERT_TRUE(report);
  EXPECT_NEAR(static_cast<double>((report->ntp - then).us()), 1'000'000, 1);
}

TEST_F(Viewer, WithoutThePublishersTimeOursIsSaid) {
  forward({.sequence = 1, .keyframe = true});
  const auto report = viewer_.sender_report(now_, kNtpNow, track_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ntp, kNtpNow);
}

// RFC 3550 section 6.4.1: A − LSR − DLSR.
TEST_F(Viewer, TheRoundTripIsWhatAReportTookMinusWhatItWasHeld) {
  forward({.sequence = 1, .keyframe = true});
  const auto report = *viewer_.sender_report(now_, kNtpNow, track_);
  wait(350);
  rtcp::ReportBlock block;
  viewer_.on_report_block(now_, block);
  EXPECT_FALSE(viewer_.rtt()) << "it has seen no report of ours";
  block.last_sender_report = report.ntp.compact() + 1;
  viewer_.on_report_block(now_, block);
  EXPECT_FALSE(viewer_.rtt()) << "nor this one";
  block.last_sender_report = report.ntp.compact();
  block.delay_since_last = 65'536 / 4;
  viewer_.on_report_block(now_, block);
  EXPECT_EQ(viewer_.rtt()->ms(), 100);
  block.delay_since_last = 0xffff'ffff;
  viewer_.on_report_block(now_, block);
  EXPECT_GT(viewer_.rtt()->us(), 0);
}

// Any sequence of switches, losses, reordering, takeovers, retransmissions and pauses.
class Property : public ::testing::TestWithParam<uint64_t> {};

class World {
 public:
  explicit World(uint64_t seed) : rng_(seed), viewer_(line(), rng_) {
    for (uint8_t l = 0; l < kMaxLayers; ++l) restart(l);
  }

  void step() {
    const auto dice = rng_.below(1000);
    if (dice < 2) return restart(static_cast<uint8_t>(rng_.below(kMaxLayers)));
    if (dice < 12) return void(viewer_.aim(static_cast<uint8_t>(rng_.below(kMaxLayers))));
    if (dice < 14) return resume();
    if (dice < (paused_ ? 60 : 17)) return pause();
    if (dice < 100) return nack();
    if (dice < 160) return repair();
    picture(static_cast<uint8_t>(rng_.below(kMaxLayers)));
  }
  const testing::Laws& laws() const { return laws_; }
  uint64_t resent() const { return resent_; }
  uint64_t switches() const { return switches_; }

 private:
  struct Source {
    uint64_t number = 0;
    int64_t next = 0;
    uint32_t timestamp = 0;
    uint16_t picture_id = 0;
    uint32_t clock_offset = 0;
  };
  struct Late {
    uint8_t layer;
    uint64_t source;
    MediaPacket packet;
    Bytes payload;
  };

  void restart(uint8_t layer) {
    auto& s = sources_[layer];
    s = {++source_count_, static_cast<int64_t>(65'536 + rng_.below(65'536)), 0,
         static_cast<uint16_t>(rng_.below(0x8000)), rng_.u32()};
  }
  void resume() {
    auto l = line();
    l.codec.payload_type = base::PayloadType(static_cast<uint8_t>(96 + rng_.below(30)));
    if (rng_.chance(0.5)) l.extensions = {};
    viewer_.resume(l);
    laws_.resumed();
  }
  void pause() {
    paused_ = !paused_;
    viewer_.set_paused(paused_);
    if (!paused_ && viewer_.waits_for_keyframe(track_)) laws_.resumed();
  }
  // Up to four packets of one picture, some of them lost on the way, some late.
  void picture(uint8_t layer) {
    now_ = now_ + Duration::micros(static_cast<int64_t>(1000 + rng_.below(30'000)));
    auto& s = sources_[layer];
    const auto ticks = static_cast<uint32_t>(now_.us() * 9 / 100);
    s.timestamp = std::max(s.timestamp + 1, ticks);
    const bool keyframe = rng_.chance(0.1);
    const auto count = 1 + rng_.below(4);
    for (uint64_t i = 0; i < count; ++i) {
      MediaPacket p;
      p.layer = layer;
      p.source = s.number;
      p.sequence = s.next++;
      p.timestamp = s.timestamp + s.clock_offset;
      p.arrival = now_;
      p.keyframe = keyframe && i == 0;
      p.marker = i + 1 == count;
      Bytes payload = vp8(keyframe, s.picture_id, static_cast<uint8_t>(s.picture_id), random(40), i == 0);
      p.numbers = read_picture_numbers(plan::Codec::kVp8, payload);
      if (rng_.chance(0.1)) {
        late_.push_back({layer, s.number, p, payload});
      } else if (!rng_.chance(0.03)) {
        arrive(p, payload);
      }
    }
    s.picture_id = (s.picture_id + 1) & 0x7fff;
    if (rng_.chance(0.02)) report(layer);
  }
  void report(uint8_t layer) {
    const auto& s = sources_[layer];
    track_.on_sender_report(
        layer, s.number,
        {rng_.chance(0.9) ? base::NtpTime::from_unix_micros(1'700'000'000'000'000 + now_.us()) : base::NtpTime{rng_()},
         static_cast<uint32_t>(now_.us() * 9 / 100) + s.clock_offset});
  }
  void arrive(MediaPacket p, const Bytes& payload) {
    p.payload = payload;
    const Bytes extensions = kThree;
    p.extensions = extensions;
    p.extension_ids = kThreeIds;
    const auto* kept = track_.append(p);
    if (kept == nullptr) return;
    const auto before = viewer_.current_layer();
    const auto rewrite = viewer_.forward(track_, *kept);
    if (!rewrite) return;
    if (before != viewer_.current_layer()) ++switches_;
    laws_.sent(viewer_, *kept, *rewrite);
  }
  // What was late arrives, in any order, if its source still is.
  void repair() {
    if (late_.empty()) return;
    const auto at = static_cast<std::ptrdiff_t>(rng_.below(late_.size()));
    const auto late = late_[static_cast<size_t>(at)];
    late_.erase(late_.begin() + at);
    if (sources_[late.layer].number == late.source) arrive(late.packet, late.payload);
  }
  void nack() {
    for (int i = 0; i < 8; ++i) {
      const auto number = static_cast<uint16_t>(rng_.chance(0.9) ? laws_.newest() - rng_.below(60) : rng_());
      const auto found = viewer_.resend(now_, track_, number);
      if (found.packet == nullptr) continue;
      ++resent_;
      laws_.sent(viewer_, *found.packet, found.rewrite);
    }
  }
  Bytes random(size_t most) {
    Bytes bytes(rng_.below(most));
    for (auto& b : bytes) b = static_cast<uint8_t>(rng_());
    return bytes;
  }

  base::Rng rng_;
  Timestamp now_ = Timestamp::from_micros(1'000'000);
  Track track_{plan::Codec::kVp8};
  Subscription viewer_;
  testing::Laws laws_;
  std::array<Source, kMaxLayers> sources_;
  std::vector<Late> late_;
  bool paused_ = false;
  uint64_t source_count_ = 0;
  uint64_t resent_ = 0;
  uint64_t switches_ = 0;
};

TEST_P(Property, ViewersSeeOneStreamWhateverHappens) {
  World world(GetParam());
  for (int i = 0; i < 8'000 && !world.laws().breach(); ++i) world.step();
  EXPECT_FALSE(world.laws().breach()) << *world.laws().breach();
  EXPECT_GT(world.laws().count(), 1'000u);
  EXPECT_GT(world.resent(), 500u);
  EXPECT_GT(world.switches(), 20u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, ::testing::Range<uint64_t>(1, 11));

}  // namespace
}  // namespace heliograph::sfu
