// SPDX-License-Identifier: Apache-2.0
// A picture's packets leave together, and as one message (docs/decisions/0017-one-message.md).
#include "rtcp/nack.h"
#include "rtp/packet.h"
#include "shard/testing_shards.h"

namespace heliograph::shard {
namespace {

using testing_shards::Bytes;
using testing_shards::Caller;

class Forwarding : public testing_shards::Shards {
 protected:
  Forwarding() : Shards(1) {
    publisher_ = &connect(0, 1);
    execute(0, plan::Publish{publisher_->id, publication_, {testing_shards::uplink_track()}});
  }
  Caller& add_viewer() {
    auto& viewer = connect(0, static_cast<uint32_t>(callers_.size() + 1));
    execute(0, plan::Route{publication_, viewer.id, {testing_shards::downlink_track(50)}});
    viewers_.push_back(&viewer);
    return viewer;
  }

  // One packet of a picture into the shard, and not to viewers yet.
  void take(size_t size, bool last) {
    ++index_;
    Bytes header(12);
    rtp::write_header(header, {.marker = last,
                               .payload_type = base::PayloadType(96),
                               .sequence_number = static_cast<uint16_t>(index_),
                               .timestamp = 3000,
                               .ssrc = base::Ssrc(5)});
    Bytes payload{0x10, 0};  // RFC 7741: a keyframe begins
    payload.resize(size, static_cast<uint8_t>(index_));
    publisher_->peer.send_rtp(header, {}, payload, index_, publisher_->out.batch, publisher_->drops);
    for (auto& [path, bytes] : publisher_->out.take()) {
      base::Datagram datagram{{publisher_->self, 0}, bytes};
      shards_[0]->take(now_, {&datagram, 1}, outs_[0]->batch);
    }
  }
  std::vector<size_t> segments() {
    std::vector<size_t> all;
    for (const auto& message : outs_[0]->batch.messages()) all.push_back(message.segments);
    return all;
  }
  int64_t patience() const { return shards_[0]->patience().us(); }

  Caller* publisher_;
  std::vector<Caller*> viewers_;
  uint64_t index_ = 0;
};

TEST_F(Forwarding, APictureThatHasBegunIsWaitedForUntilItIsWhole) {
  while (viewers_.size() < 5) add_viewer();
  EXPECT_EQ(patience(), 0);
  take(1000, false);
  EXPECT_EQ(patience(), 5);
  take(1000, true);
  EXPECT_EQ(patience(), 0);
  take(1000, false);
  EXPECT_EQ(patience(), 5);
  shards_[0]->forward(outs_[0]->batch);
  EXPECT_EQ(patience(), 0);
}

TEST_F(Forwarding, WithFewViewersNothingIsWaitedFor) {
  for (size_t i = 0; i < 3; ++i) add_viewer();
  take(1000, false);
  EXPECT_EQ(patience(), 0);
}

TEST_F(Forwarding, ManyViewersAreNoReasonToWaitLonger) {
  while (viewers_.size() < 40) add_viewer();
  take(1000, false);
  EXPECT_EQ(patience(), Shard::kMaxPatience.us());
}

TEST_F(Forwarding, WhatCameInSeveralBatchesIsOneMessageToEachViewer) {
  while (viewers_.size() < 3) add_viewer();
  outs_[0]->batch.flush();
  for (const size_t size : {1041u, 1041u, 1042u}) take(size, false);
  take(1042, true);
  EXPECT_TRUE(segments().empty()) << "not before forward()";
  shards_[0]->forward(outs_[0]->batch);
  EXPECT_EQ(segments(), (std::vector<size_t>{4, 4, 4}));
  exchange();
  for (const auto* viewer : viewers_) {
    ASSERT_EQ(viewer->rtp.size(), 4u);
    for (size_t i = 0; i < 4; ++i) {
      const auto packet = rtp::PacketView::parse(viewer->rtp[i]);
      ASSERT_TRUE(packet);
      EXPECT_EQ(packet->padding_size(), i < 2 ? 1u : 0u);
      EXPECT_EQ(packet->payload().size(), i < 2 ? 1041u : 1042u);
      EXPECT_EQ(packet->payload().back(), i + 1);
    }
  }
}

// RFC 7714 section 8.1: under one number never other bytes.
TEST_F(Forwarding, WhatIsSentAgainHasTheSamePadding) {
  auto& viewer = add_viewer();
  outs_[0]->take();
  take(1000, false);
  take(1010, true);
  shards_[0]->forward(outs_[0]->batch);
  const auto first = outs_[0]->take();
  ASSERT_EQ(first.size(), 2u);
  deliver(first[0].first, const_cast<Bytes&>(first[0].second));
  ASSERT_EQ(viewer.rtp.size(), 1u);
  const std::array<uint16_t, 1> asked{number_of(viewer.rtp[0])};
  send_rtcp(viewer, rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(50)}, asked));
  for (auto& [path, bytes] : viewer.out.take()) give(0, {viewer.self, 0}, bytes);
  const auto again = outs_[0]->take();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].second, first[0].second);
}

// A NACK in the batch that brings the packet: it goes out, padded, before it is sent again.
TEST_F(Forwarding, WhatIsAskedForBeforeItWasSentGoesOutFirst) {
  auto& viewer = add_viewer();
  take(1000, true);
  shards_[0]->forward(outs_[0]->batch);
  exchange();
  ASSERT_EQ(viewer.rtp.size(), 1u);
  const auto next = static_cast<uint16_t>(number_of(viewer.rtp[0]) + 1);
  take(1000, false);
  take(1010, true);
  const std::array<uint16_t, 1> asked{next};
  send_rtcp(viewer, rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(50)}, asked));
  outs_[0]->take();
  for (auto& [path, bytes] : viewer.out.take()) give(0, {viewer.self, 0}, bytes);
  const auto sent = outs_[0]->take();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[2].second, sent[0].second);
}

}  // namespace
}  // namespace heliograph::shard
