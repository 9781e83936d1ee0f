// SPDX-License-Identifier: Apache-2.0
#include "sfu/track.h"

#include <vector>

#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;

class Layers : public testing::Test {
 protected:
  const MediaPacket* packet(uint8_t layer) { return packet(layer, sequence_[layer]++, source_); }
  const MediaPacket* packet(uint8_t layer, int64_t sequence, uint64_t source) {
    MediaPacket p;
    p.layer = layer;
    p.sequence = sequence;
    p.source = source;
    p.arrival = now_;
    p.payload = bytes_;
    return track_.append(p);
  }
  MediaPacket next(uint8_t layer, int64_t sequence, uint64_t source) const {
    MediaPacket p;
    p.layer = layer;
    p.sequence = sequence;
    p.source = source;
    return p;
  }

  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(1000);
  std::array<int64_t, kMaxLayers> sequence_{};
  uint64_t source_ = 1;
  Timestamp now_ = Timestamp::from_micros(1'000'000);
  Track track_{plan::Codec::kVp8};
};

// B-22: the uplink that takes over may have fewer layers.
TEST_F(Layers, AnotherUplinkEndsTheLayersOfTheOneBefore) {
  for (uint8_t l = 0; l < kMaxLayers; ++l) packet(l);
  packet(0, 1, 2);
  EXPECT_TRUE(track_.alive(now_, 2)) << "another SSRC of the same";
  packet(0, 1, first_source_of(1));
  EXPECT_TRUE(track_.alive(now_, 0));
  EXPECT_FALSE(track_.alive(now_, 1));
  EXPECT_EQ(track_.choose(now_, plan::Layer::kHigh), 0);
  EXPECT_NE(track_.find(2, 1, 0), nullptr) << "it may still be asked for again";
}

TEST_F(Layers, AnotherSourceForgetsTheHistoryAndTheClock) {
  packet(1, 10, 5);
  track_.on_sender_report(1, 5, {base::NtpTime{1}, 1});
  EXPECT_TRUE(track_.clock(1).synchronised());
  EXPECT_NE(track_.find(1, 5, 10), nullptr);
  packet(1, 3, 6);
  EXPECT_FALSE(track_.clock(1).synchronised());
  EXPECT_EQ(track_.find(1, 5, 10), nullptr);
  EXPECT_EQ(track_.find(1, 6, 10), nullptr);
  EXPECT_NE(track_.find(1, 6, 3), nullptr);
  EXPECT_TRUE(track_.has_source(1, 6));
  EXPECT_FALSE(track_.has_source(1, 5));
}

TEST_F(Layers, AReportOfAnotherSourceIsNotTaken) {
  track_.on_sender_report(0, 0, {base::NtpTime{1}, 1});
  EXPECT_FALSE(track_.clock(0).synchronised()) << "nothing was heard yet";
  packet(0, 1, 7);
  track_.on_sender_report(0, 6, {base::NtpTime{1}, 1});
  EXPECT_FALSE(track_.clock(0).synchronised());
}

TEST_F(Layers, WhatStillWaitsIsSparedByWhatFollows) {
  EXPECT_TRUE(track_.spares(next(0, 1, 1), 0));
  for (int64_t s = 0; s < 10; ++s) packet(0, s, 1);
  EXPECT_TRUE(track_.spares(next(0, 10, 1), 10));
  EXPECT_TRUE(track_.spares(next(1, 10, 9), 10)) << "another layer's place";
  EXPECT_FALSE(track_.spares(next(0, 10, 2), 10)) << "another source clears the layer";
  EXPECT_FALSE(track_.spares(next(0, 1024 + 5, 1), 10)) << "a jump takes the place of 5";
  EXPECT_TRUE(track_.spares(next(0, 1024 + 5, 1), 4)) << "5 is not among the last four";
  EXPECT_TRUE(track_.spares(next(0, 5, 1), 10)) << "a double is not taken";
}

// All that one fan-out may wait for lies in the ring with its bytes, however large.
TEST_F(Layers, AsManyOfTheLargestPacketsAsPromisedStayGood) {
  for (const auto codec : {plan::Codec::kOpus, plan::Codec::kVp8}) {
    Track track(codec);
    std::vector<const MediaPacket*> kept;
    int64_t sequence = 0;
    for (int round = 0; round < 20; ++round) {
      kept.clear();
      const int64_t first = sequence;
      for (size_t i = 0; i < Track::kGoodFor; ++i) {
        const std::vector<uint8_t> bytes(2048 - 12 - i % 3, static_cast<uint8_t>(sequence));
        auto p = next(0, sequence++, 1);
        p.payload = bytes;
        ASSERT_TRUE(track.spares(p, kept.size()));
        kept.push_back(track.append(p));
      }
      for (size_t i = 0; i < kept.size(); ++i) {
        ASSERT_EQ(kept[i]->payload.front(), static_cast<uint8_t>(first + static_cast<int64_t>(i)));
        ASSERT_EQ(kept[i]->payload.back(), static_cast<uint8_t>(first + static_cast<int64_t>(i)));
      }
    }
  }
}

}  // namespace
}  // namespace heliograph::sfu
