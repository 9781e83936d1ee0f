// SPDX-License-Identifier: Apache-2.0
#include "sfu/uplink.h"

#include <algorithm>
#include <deque>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rtcp/fir.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "sfu/testing_packets.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;
using ::testing::ElementsAre;
using testing::Packet;
using testing::vp8;
using testing::Wire;
using Bytes = std::vector<uint8_t>;

constexpr base::Ssrc kUs(0xfeed);
constexpr uint64_t kFirstSource = uint64_t{3} << 40;

plan::UplinkTrack video() {
  plan::UplinkTrack t;
  t.kind = plan::Kind::kVideo;
  t.mid = "1";
  t.codec.codec = plan::Codec::kVp8;
  t.codec.payload_type = base::PayloadType(96);
  t.codec.rtx_payload_type = base::PayloadType(97);
  t.codec.nack = t.codec.nack_pli = t.codec.ccm_fir = t.codec.transport_cc = t.codec.goog_remb = true;
  t.extensions = {.transport_cc = 3, .audio_level = 9, .video_orientation = 8, .dependency_descriptor = 7};
  return t;
}
plan::UplinkTrack audio() {
  plan::UplinkTrack t;
  t.kind = plan::Kind::kAudio;
  t.mid = "0";
  t.codec.codec = plan::Codec::kOpus;
  t.codec.payload_type = base::PayloadType(111);
  t.extensions = {.transport_cc = 3, .audio_level = 9};
  return t;
}

// What was fed back, sorted.
struct Feedback {
  std::vector<size_t> compounds;  // sizes
  std::map<uint32_t, std::vector<uint16_t>> nacks;
  std::vector<uint32_t> plis;
  std::vector<rtcp::FullIntraRequest::Item> firs;
  std::vector<rtcp::ReceiverReport> reports;
  std::vector<rtcp::Remb> rembs;
  std::vector<rtcp::TransportFeedback> transport;
};

class Publisher : public ::testing::Test {
 protected:
  void negotiate(std::vector<plan::UplinkTrack> tracks) { uplink_.emplace(std::move(tracks), kUs, kFirstSource); }
  std::optional<Uplink::Accepted> send(const Packet& packet) {
    wires_.emplace_back(packet);
    return uplink_->receive(now_, wires_.back().view());
  }
  std::optional<Uplink::Accepted> send_video(uint16_t sequence, bool keyframe = false) {
    return send({.ssrc = 1, .type = 96, .sequence = sequence, .payload = vp8(keyframe, sequence, 0)});
  }
  std::optional<Uplink::Accepted> send_rtx(uint16_t original, Bytes payload) {
    payload.insert(payload.begin(), {static_cast<uint8_t>(original >> 8), static_cast<uint8_t>(original)});
    return send({.ssrc = 2, .type = 97, .sequence = rtx_sequence_++, .payload = payload});
  }
  Feedback feedback() {
    Feedback all;
    std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
    for (bool more = true; more && all.compounds.size() < 20;) {
      rtcp::CompoundWriter out(bytes);
      more = uplink_->write_feedback(now_, out);
      if (out.empty()) break;
      all.compounds.push_back(out.written().size());
      EXPECT_TRUE(rtcp::for_each(out.written(), [&](const rtcp::Block& block) { sort(block, all); }));
    }
    EXPECT_LT(all.compounds.size(), 20u) << "does not come to an end";
    return all;
  }
  void sort(const rtcp::Block& block, Feedback& all) {
    using rtcp::PacketType;
    if (block.is(PacketType::kReceiverReport)) all.reports.push_back(*rtcp::ReceiverReport::parse(block));
    if (block.is(PacketType::kTransportLayerFeedback, rtcp::Nack::kFormat)) {
      const auto nack = *rtcp::Nack::parse(block);
      EXPECT_EQ(nack.sources.sender, kUs);
      nack.each_lost([&](uint16_t n) { all.nacks[nack.sources.media.value].push_back(n); });
    }
    if (block.is(PacketType::kTransportLayerFeedback, rtcp::TransportFeedback::kFormat))
      all.transport.push_back(*rtcp::TransportFeedback::parse(block));
    if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::PictureLossIndication::kFormat))
      all.plis.push_back(rtcp::PictureLossIndication::parse(block)->sources.media.value);
    if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::FullIntraRequest::kFormat))
      for (const auto& item : rtcp::FullIntraRequest::parse(block)->items) all.firs.push_back(item);
    if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::Remb::kFormat))
      all.rembs.push_back(*rtcp::Remb::parse(block));
  }
  void wait(int64_t ms) { now_ = now_ + Duration::millis(ms); }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  std::optional<Uplink> uplink_;
  std::deque<Wire> wires_;
  uint16_t rtx_sequence_ = 100;
};

TEST_F(Publisher, APacketBecomesAMediaPacket) {
  negotiate({audio(), video()});
  const auto payload = vp8(true, 0x4321, 9, {1, 2, 3});
  const auto got =
      send({.ssrc = 1, .type = 96, .sequence = 65'535, .timestamp = 77, .marker = true, .payload = payload});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->track, 1);
  const auto& p = got->packet;
  EXPECT_EQ(static_cast<uint16_t>(p.sequence), 65'535);
  EXPECT_EQ(p.timestamp, 77u);
  EXPECT_EQ(p.arrival, now_);
  EXPECT_EQ(p.source, kFirstSource);
  EXPECT_TRUE(p.marker);
  EXPECT_TRUE(p.keyframe);
  EXPECT_EQ(p.numbers.picture_id, 0x4321);
  EXPECT_TRUE(std::ranges::equal(p.payload, payload));
  EXPECT_EQ(send_video(0)->packet.sequence, p.sequence + 1);
  EXPECT_FALSE(send_video(1)->packet.keyframe);
}

TEST_F(Publisher, DoublesAreDropped) {
  negotiate({video()});
  EXPECT_TRUE(send_video(10));
  EXPECT_FALSE(send_video(10));
  EXPECT_TRUE(send_video(12));
  EXPECT_TRUE(send_video(11)) << "late, but new";
  EXPECT_FALSE(send_video(11));
}

TEST_F(Publisher, WhatWasNotNegotiatedIsDropped) {
  negotiate({video()});
  EXPECT_FALSE(send({.ssrc = 5, .type = 100, .payload = {1}}));
}

TEST_F(Publisher, AnotherSsrcIsAnotherSource) {
  negotiate({audio(), video()});
  EXPECT_EQ(send_video(10)->packet.source, kFirstSource);
  EXPECT_EQ(send({.ssrc = 9, .type = 111, .payload = {1}})->packet.source, kFirstSource + 1);
  const auto other = send({.ssrc = 77, .type = 96, .sequence = 5, .payload = vp8(true, 1, 1)});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->packet.source, kFirstSource + 2);
  EXPECT_EQ(other->packet.layer, 0);
}

// RFC 8285: the ids are ours, whatever the publisher's are; what is not for viewers stays here.
TEST_F(Publisher, ExtensionsAreRenumbered) {
  negotiate({video()});
  const auto got = send({.ssrc = 1,
                         .type = 96,
                         .extensions = {{3, {0, 1}}, {8, {0x03}}, {9, {0x85}}, {7, {0x80, 0x12, 0x34}}, {5, {1, 2}}},
                         .payload = vp8(true, 1, 1)});
  ASSERT_TRUE(got);
  const auto& p = got->packet;
  EXPECT_THAT(std::vector(p.extensions.begin(), p.extensions.end()),
              ElementsAre(0xbe, 0xde, 0, 2, 0x50, 0x03, 0x40, 0x85, 0x72, 0x80, 0x12, 0x34));
  EXPECT_EQ(p.extension_ids, 1 << 4 | 1 << 5 | 1 << 7);
  EXPECT_EQ(p.numbers.frame_number, 0x1234);
  EXPECT_EQ(p.descriptor_at, 9);
}

// RFC 8285 section 4.3: a dependency descriptor with its structure does not fit the one-byte form.
TEST_F(Publisher, LongExtensionsAreRenumberedToo) {
  negotiate({video()});
  Bytes descriptor(40, 7);
  descriptor[1] = 0xab;
  descriptor[2] = 0xcd;
  const auto got =
      send({.ssrc = 1, .type = 96, .extensions = {{8, {0x03}}, {7, descriptor}}, .payload = vp8(true, 1, 1)});
  ASSERT_TRUE(got);
  const auto& p = got->packet;
  EXPECT_EQ(p.numbers.frame_number, 0xabcd);
  EXPECT_EQ(p.extensions[p.descriptor_at + 1], 0xab);
  EXPECT_EQ(p.extensions[p.descriptor_at - 1], 40);
  EXPECT_EQ(p.extensions.size() % 4, 0u);
}

TEST_F(Publisher, ExtensionsThatDoNotFitAreLeftOut) {
  negotiate({video()});
  const Bytes huge(255, 1);
  const auto got =
      send({.ssrc = 1, .type = 96, .extensions = {{7, huge}, {8, huge}, {9, huge}}, .payload = vp8(true, 1, 1)});
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->packet.extensions.empty());
  EXPECT_EQ(got->packet.extension_ids, 0);
  EXPECT_EQ(got->packet.numbers.frame_number, -1);
}

// RFC 4588 section 4.
TEST_F(Publisher, ARetransmissionBecomesThePacketThatWasLost) {
  negotiate({video()});
  send_video(65'534);
  const auto next = send_video(0);
  const auto payload = vp8(false, 5, 5, {9});
  const auto got = send_rtx(65'535, payload);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->packet.sequence, next->packet.sequence - 1);
  EXPECT_TRUE(std::ranges::equal(got->packet.payload, payload));
  EXPECT_FALSE(send_rtx(65'535, payload)) << "once";
  EXPECT_FALSE(send_rtx(65'534, payload)) << "that one came";
}

TEST_F(Publisher, ARetransmissionOfWhatIsNewerThanAllIsTakenAsNew) {
  negotiate({video()});
  send_video(65'534);
  const auto got = send_rtx(0, vp8(false, 5, 5));
  ASSERT_TRUE(got);
  EXPECT_FALSE(send_video(0)) << "its original is a double now";
  const auto late = send_video(65'535);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->packet.sequence, got->packet.sequence - 1);
  EXPECT_EQ(send_video(1)->packet.sequence, got->packet.sequence + 1);
}

TEST_F(Publisher, ProbingOnTheRtxStreamIsNothing) {
  negotiate({video()});
  send_video(1);
  EXPECT_FALSE(send({.ssrc = 2, .type = 97, .payload = {}}));
  EXPECT_FALSE(send({.ssrc = 2, .type = 97, .payload = {0}}));
}

TEST_F(Publisher, RtxBeforeItsStreamIsNothing) {
  negotiate({video()});
  EXPECT_FALSE(send_rtx(5, vp8(true, 1, 1)));
}

TEST_F(Publisher, PaddingOnTheMediaStreamKeepsItsNumber) {
  negotiate({video()});
  send_video(1);
  const auto padding = send({.ssrc = 1, .type = 96, .sequence = 2, .payload = {}});
  ASSERT_TRUE(padding);
  EXPECT_TRUE(padding->packet.payload.empty());
  EXPECT_FALSE(padding->packet.keyframe);
}

TEST_F(Publisher, LossIsAskedForOnlyWhereNackWasNegotiated) {
  negotiate({audio(), video()});
  send_video(10);
  send_video(13);
  send({.ssrc = 9, .type = 111, .sequence = 5, .payload = {1}});
  send({.ssrc = 9, .type = 111, .sequence = 7, .payload = {1}});
  EXPECT_LE(uplink_->next_time(), now_ + NackTracker::kFirstWait);
  wait(5);
  const auto said = feedback();
  EXPECT_EQ(said.nacks.size(), 1u);
  EXPECT_THAT(said.nacks.at(1), ElementsAre(11, 12));
  EXPECT_EQ(uplink_->nacks_sent(), 2u);
}

TEST_F(Publisher, AKeyframeIsAskedForByPliWhereThereIsOne) {
  negotiate({video()});
  uplink_->request_keyframe(now_, 0, 0);
  EXPECT_TRUE(feedback().plis.empty()) << "nothing to name yet";
  send_video(1);
  uplink_->request_keyframe(now_, 0, 0);
  EXPECT_EQ(uplink_->next_time(), std::min(uplink_->next_time(), now_));
  const auto said = feedback();
  EXPECT_THAT(said.plis, ElementsAre(1));
  EXPECT_TRUE(said.firs.empty());
  send_video(2, true);
  wait(10'000);
  EXPECT_TRUE(feedback().plis.empty());
}

// RFC 5104 section 4.3.1.1: another sequence number for each request.
TEST_F(Publisher, AKeyframeIsAskedForByFirWhereThereIsNoPli) {
  auto track = video();
  track.codec.nack_pli = false;
  negotiate({track});
  send_video(1);
  std::vector<rtcp::FullIntraRequest::Item> items;
  for (int i = 0; i < 3; ++i) {
    uplink_->request_keyframe(now_, 0, 0);
    const auto said = feedback();
    EXPECT_TRUE(said.plis.empty());
    items.insert(items.end(), said.firs.begin(), said.firs.end());
    send_video(static_cast<uint16_t>(2 + i), true);
    wait(1000);
  }
  ASSERT_EQ(items.size(), 3u);
  for (uint8_t i = 0; i < 3; ++i) EXPECT_EQ(items[i].sequence_number, i);
  EXPECT_EQ(items[0].source, base::Ssrc(1));
}

TEST_F(Publisher, WishesForWhatDoesNotExistAreNothing) {
  negotiate({video()});
  send_video(1);
  uplink_->request_keyframe(now_, 7, 0);
  uplink_->request_keyframe(now_, 0, 2);
  uplink_->request_keyframe(now_, 0, 99);
  EXPECT_TRUE(feedback().plis.empty());
}

TEST_F(Publisher, ALossThatIsGivenUpCostsAKeyframe) {
  negotiate({video()});
  send_video(1);
  send_video(1000);
  wait(5);
  feedback();
  feedback();
  EXPECT_EQ(uplink_->keyframe_requests_sent(), 1u);
}

TEST_F(Publisher, ReceiverReportsComeEachSecond) {
  negotiate({audio(), video()});
  send_video(1);
  EXPECT_EQ(feedback().reports.size(), 1u);
  send({.ssrc = 9, .type = 111, .payload = {1}});
  EXPECT_TRUE(feedback().reports.empty());
  wait(1000);
  const auto said = feedback();
  ASSERT_EQ(said.reports.size(), 1u);
  EXPECT_EQ(said.reports[0].reports.size(), 2u);
  EXPECT_EQ(said.reports[0].sender, kUs);
}

TEST_F(Publisher, WithTransportCcThereIsNoRemb) {
  negotiate({audio(), video()});
  for (uint16_t i = 0; i < 200; ++i) {
    send({.ssrc = 1,
          .type = 96,
          .sequence = i,
          .extensions = {{3, {static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)}}},
          .payload = vp8(i == 0, i, 0)});
    wait(10);
  }
  const auto said = feedback();
  EXPECT_TRUE(said.rembs.empty());
  ASSERT_FALSE(said.transport.empty());
  EXPECT_EQ(said.transport[0].base_sequence_number, 0);
}

TEST_F(Publisher, WithoutTransportCcThereIsRembForAllStreams) {
  auto track = video();
  track.extensions.transport_cc = 0;
  auto sound = audio();
  sound.extensions.transport_cc = 0;
  negotiate({sound, track});
  send({.ssrc = 9, .type = 111, .payload = {1}});
  std::vector<rtcp::Remb> rembs;
  for (uint16_t i = 0; i < 300; ++i) {
    send_video(i, i == 0);
    wait(10);
    for (const auto& r : feedback().rembs) rembs.push_back(r);
  }
  ASSERT_GE(rembs.size(), 2u);
  EXPECT_EQ(rembs[0].sources.size(), 2u);
  EXPECT_TRUE(feedback().transport.empty());
}

// Everything there can be to say at once: nothing is lost, and no compound is too large.
TEST_F(Publisher, WhatDoesNotFitOneCompoundComesInTheNext) {
  auto one = video();
  one.rids = {"q", "h", "f"};
  one.extensions.rid = 10;
  auto two = one;
  two.codec.payload_type = base::PayloadType(98);
  negotiate({one, two});
  for (uint32_t stream = 0; stream < 6; ++stream)
    for (uint16_t i = 0; i < 1024; ++i)
      if (i % 18 != 17)  // each loss wants an item of its own
        send({.ssrc = stream + 1,
              .type = static_cast<uint8_t>(stream < 3 ? 96 : 98),
              .sequence = i,
              .extensions = {{10, testing::text(one.rids[stream % 3])}},
              .payload = vp8(i == 0, i, 0)});
  for (uint8_t layer = 0; layer < 3; ++layer) {
    uplink_->request_keyframe(now_, 0, layer);
    uplink_->request_keyframe(now_, 1, layer);
  }
  wait(5);
  const auto said = feedback();
  EXPECT_GE(said.compounds.size(), 2u);
  EXPECT_EQ(said.plis.size(), 6u);
  ASSERT_EQ(said.reports.size(), 1u);
  EXPECT_EQ(said.reports[0].reports.size(), 6u);
  for (uint32_t ssrc = 1; ssrc <= 6; ++ssrc) EXPECT_EQ(said.nacks.at(ssrc).size(), 56u) << ssrc;
  EXPECT_EQ(uplink_->nacks_sent(), 6u * 56);
  EXPECT_TRUE(feedback().compounds.empty());
}

TEST_F(Publisher, ASenderReportSetsTheClockOfItsLayer) {
  negotiate({audio(), video()});
  send_video(1);
  rtcp::SenderReport report;
  report.sender = base::Ssrc(99);
  report.ntp = {42};
  report.rtp_timestamp = 7;
  EXPECT_FALSE(uplink_->on_sender_report(now_, report));
  report.sender = base::Ssrc(1);
  const auto clock = uplink_->on_sender_report(now_, report);
  ASSERT_TRUE(clock);
  EXPECT_EQ(clock->track, 1);
  EXPECT_EQ(clock->layer, 0);
  EXPECT_EQ(clock->source, kFirstSource);
  EXPECT_EQ(clock->report.rtp, 7u);
  EXPECT_EQ(clock->report.ntp.value, 42u);
}

}  // namespace
}  // namespace heliograph::sfu
