// SPDX-License-Identifier: Apache-2.0
// What a publisher's stream sends, a viewer's stream takes.
#include <set>

#include <gtest/gtest.h>

#include "load/inbound.h"
#include "load/outbound.h"
#include "load/published_media.h"
#include "rtcp/nack.h"
#include "rtp/header_writer.h"

namespace heliograph::load {
namespace {

constexpr base::Ssrc kMedia{1111}, kRtx{2222};

class Media : public testing::Test {
 protected:
  static Outbound::Options options() {
    Outbound::Options o;
    o.ssrc = kMedia;
    o.payload_type = base::PayloadType(102);
    o.rtx_ssrc = kRtx;
    o.rtx_payload_type = base::PayloadType(103);
    o.rate = base::DataRate::kbps(2500);
    o.seed = 9;
    return o;
  }
  static plan::DownlinkTrack line() {
    plan::DownlinkTrack l;
    l.kind = plan::Kind::kVideo;
    l.codec.codec = plan::Codec::kH264;
    l.codec.nack = true;
    l.ssrc = kMedia;
    l.rtx_ssrc = kRtx;
    return l;
  }
  std::optional<Inbound::Arrival> deliver(const OutboundPacket& p) {
    std::vector<uint8_t> bytes(12 + p.payload.size());
    rtp::Header h;
    h.marker = p.marker;
    h.payload_type = p.payload_type;
    h.sequence_number = static_cast<uint16_t>(p.index);
    h.timestamp = p.timestamp;
    h.ssrc = p.ssrc;
    rtp::write_header(bytes, h);
    std::ranges::copy(p.payload, bytes.begin() + 12);
    return inbound.receive(now, *rtp::PacketView::parse(bytes));
  }
  std::vector<uint16_t> nacked() {
    std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
    rtcp::CompoundWriter out(bytes);
    inbound.write_nack(now, base::Ssrc(1), out);
    std::vector<uint16_t> lost;
    rtcp::for_each(out.written(), [&](const rtcp::Block& block) {
      if (const auto nack = rtcp::Nack::parse(block)) nack->each_lost([&](uint16_t n) { lost.push_back(n); });
    });
    return lost;
  }

  base::Timestamp now = base::Timestamp::from_micros(1'000'000);
  Outbound outbound{options(), now};
  Inbound inbound{line()};
};

TEST_F(Media, BeginsWithAKeyframeAndSendsAnotherWhenAsked) {
  EXPECT_TRUE(deliver(outbound.frame(now).front())->starts_keyframe);
  EXPECT_FALSE(deliver(outbound.frame(now).front())->starts_keyframe);
  outbound.request_keyframe();
  EXPECT_TRUE(deliver(outbound.frame(now).front())->starts_keyframe);
}

TEST_F(Media, OnlyTheLastPacketOfAFrameIsMarkedAndAllShareATimestamp) {
  const auto packets = outbound.frame(now);
  std::set<uint32_t> timestamps;
  for (const auto& p : packets) {
    timestamps.insert(p.timestamp);
    EXPECT_EQ(p.marker, &p == &packets.back());
  }
  EXPECT_EQ(timestamps.size(), 1U);
}

TEST_F(Media, ThirtyFramesASecondWithoutDrift) {
  const auto start = outbound.next_frame();
  for (int i = 0; i < 300; ++i) (void)outbound.frame(outbound.next_frame() + base::Duration::millis(3));
  EXPECT_NEAR((outbound.next_frame() - start).to_seconds(), 10, 0.01);
}

TEST_F(Media, WhatIsLostIsAskedForAndRepairedByRtx) {
  for (int frame = 0; frame < 20; ++frame)
    for (const auto& p : outbound.frame(now))
      if (p.index % 7 != 3 || p.marker) deliver(p);  // without another after it nobody knows that it is lost
  const uint64_t missing = inbound.stamps().missing();
  ASSERT_GT(missing, 10U);
  now = now + base::Duration::millis(50);
  const auto lost = nacked();
  EXPECT_EQ(lost.size(), missing);
  for (const auto number : lost) {
    const auto again = outbound.retransmit(number);
    ASSERT_TRUE(again);
    EXPECT_TRUE(deliver(*again)->fresh);
    EXPECT_FALSE(deliver(*outbound.retransmit(number))->fresh);
  }
  EXPECT_EQ(inbound.stamps().missing(outbound.sent() - 1), 0U);
  EXPECT_EQ(inbound.sequence().missing(), 0U);
  EXPECT_EQ(inbound.recovered(), missing);
  EXPECT_TRUE(nacked().empty());
}

TEST_F(Media, AHoleThatTheServerRenumberedAwayIsStillSeen) {
  uint16_t number = 100;
  for (int frame = 0; frame < 5; ++frame)
    for (auto p : outbound.frame(now)) {
      if (frame == 2 && !p.marker) continue;
      p.index = number++;
      deliver(p);
    }
  EXPECT_EQ(inbound.sequence().missing(), 0U);
  EXPECT_GT(inbound.stamps().missing(), 0U);
}

TEST_F(Media, WhatIsTooOldIsNotRetransmitted) {
  const auto first = static_cast<uint16_t>(outbound.frame(now).front().index);
  EXPECT_TRUE(outbound.retransmit(first));
  EXPECT_FALSE(outbound.retransmit(static_cast<uint16_t>(first - 1)));
  while (outbound.sent() <= Outbound::kHistory) (void)outbound.frame(now);
  EXPECT_FALSE(outbound.retransmit(first));
}

class Layers : public Media {
 protected:
  // A frame of a layer, as the server forwards it: with numbers of its own. skip: this packet is lost.
  void forward(Outbound& layer, size_t skip = SIZE_MAX) {
    const auto packets = layer.frame(now);
    for (size_t i = 0; i < packets.size(); ++i) {
      auto p = packets[i];
      p.index = next_number++;
      if (i == skip) {
        lost = p;
      } else {
        deliver(p);
      }
    }
  }
  static Outbound make(uint32_t layer) {
    auto o = options();
    o.layer = layer;
    return {o, base::Timestamp::from_micros(1'000'000)};
  }

  Outbound low = make(0), high = make(2);
  uint64_t next_number = 100;
  std::optional<OutboundPacket> lost;
};

TEST_F(Layers, ASwitchIsNoLoss) {
  for (int i = 0; i < 5; ++i) forward(low);
  for (int i = 0; i < 5; ++i) forward(high);
  EXPECT_EQ(inbound.switches(), 1U);
  EXPECT_EQ(inbound.layer(), 2U);
  for (int i = 0; i < 3; ++i) (void)low.frame(now);  // went on, and was not forwarded
  for (int i = 0; i < 5; ++i) forward(low);
  EXPECT_EQ(inbound.switches(), 2U);
  EXPECT_EQ(inbound.layer(), 0U);
  EXPECT_EQ(inbound.missing(low.sent() - 1), 0U);
  EXPECT_EQ(inbound.expected(low.sent() - 1), inbound.sequence().received());
}

TEST_F(Layers, WhatIsLostBeforeASwitchStaysLostUntilItComes) {
  forward(low);
  forward(low, 1);
  forward(high);
  EXPECT_EQ(inbound.missing(), 1U);
  deliver(*lost);
  EXPECT_EQ(inbound.missing(), 0U);
  EXPECT_EQ(inbound.switches(), 1U);
}

TEST_F(Layers, WhatIsLostTwoSwitchesAgoIsCounted) {
  forward(low);
  forward(low, 1);
  forward(high);
  forward(low);
  EXPECT_EQ(inbound.missing(), 1U);
}

TEST(SimulcastLayers, HaveSizesInProportion) {
  const auto rate = [](double part) {
    FrameSizes sizes(base::DataRate::bps(static_cast<int64_t>(2'500'000 * part)), 30, 5);
    double bytes = 0;
    for (int i = 0; i < 300; ++i) bytes += static_cast<double>(sizes.next(i == 0));
    return bytes / 10 * 8;
  };
  EXPECT_NEAR(rate(kLayers[0].part), 150'000, 15'000);
  EXPECT_NEAR(rate(kLayers[1].part), 500'000, 50'000);
  EXPECT_NEAR(rate(kLayers[2].part), 2'500'000, 250'000);
}

}  // namespace
}  // namespace heliograph::load
