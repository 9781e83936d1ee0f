// SPDX-License-Identifier: Apache-2.0
// RFC 8843 section 9.2 (which m-line a packet belongs to), RFC 8852 (rid).
#include "sfu/stream_table.h"

#include "base/rng.h"
#include "gtest/gtest.h"
#include "sfu/testing_packets.h"

namespace heliograph::sfu {
namespace {

using testing::Packet;
using testing::text;
using testing::Wire;

constexpr uint8_t kMid = 4, kRid = 10, kRepairedRid = 11;

plan::UplinkTrack track(plan::Kind kind, std::string mid, uint8_t type, std::optional<uint8_t> rtx) {
  plan::UplinkTrack t;
  t.kind = kind;
  t.mid = std::move(mid);
  t.codec.codec = kind == plan::Kind::kVideo ? plan::Codec::kVp8 : plan::Codec::kOpus;
  t.codec.payload_type = base::PayloadType(type);
  if (rtx) t.codec.rtx_payload_type = base::PayloadType(*rtx);
  t.extensions.mid = kMid;
  t.extensions.rid = kRid;
  t.extensions.repaired_rid = kRepairedRid;
  return t;
}

class Streams : public ::testing::Test {
 protected:
  Streams() : tracks_{track(plan::Kind::kAudio, "0", 111, {}), track(plan::Kind::kVideo, "1", 96, 97)} {}
  void declare(std::vector<plan::DeclaredSource> sources) {
    tracks_[1].sources = std::move(sources);
    table_ = StreamTable(tracks_);
  }
  void simulcast() {
    tracks_[1].rids = {"q", "h", "f"};
    table_ = StreamTable(tracks_);
  }
  std::optional<StreamTable::Found> find(const Packet& packet) {
    const Wire wire(packet);
    return table_.find(tracks_, wire.view());
  }
  std::vector<plan::UplinkTrack> tracks_;
  StreamTable table_{tracks_};
};

TEST_F(Streams, AreFoundByPayloadType) {
  const auto audio = find({.ssrc = 1, .type = 111});
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->stream, (Stream{0, 0, false}));
  EXPECT_TRUE(audio->fresh);
  EXPECT_FALSE(find({.ssrc = 1, .type = 111})->fresh);
  EXPECT_EQ(find({.ssrc = 2, .type = 96})->stream, (Stream{1, 0, false}));
  EXPECT_EQ(find({.ssrc = 3, .type = 97})->stream, (Stream{1, 0, true}));
}

TEST_F(Streams, WhatWasNotNegotiatedIsNoStream) {
  EXPECT_FALSE(find({.ssrc = 1, .type = 100}));
  find({.ssrc = 1, .type = 111});
  EXPECT_FALSE(find({.ssrc = 1, .type = 96})) << "a stream keeps its payload type";
}

TEST_F(Streams, AreFoundByDeclaredSsrc) {
  declare({{base::Ssrc(10), base::Ssrc(20)}, {base::Ssrc(11), base::Ssrc(21)}});
  EXPECT_EQ(find({.ssrc = 11, .type = 96})->stream, (Stream{1, 1, false}));
  EXPECT_EQ(find({.ssrc = 21, .type = 97})->stream, (Stream{1, 1, true}));
  EXPECT_TRUE(find({.ssrc = 10, .type = 96})->fresh);
  EXPECT_FALSE(find({.ssrc = 20, .type = 96})) << "RTX with the media's payload type";
}

TEST_F(Streams, MoreDeclaredSourcesThanLayersAreLeftOut) {
  declare({{base::Ssrc(10), {}}, {base::Ssrc(11), {}}, {base::Ssrc(12), {}}, {base::Ssrc(13), {}}});
  EXPECT_EQ(find({.ssrc = 12, .type = 96})->stream.layer, 2);
  EXPECT_EQ(find({.ssrc = 13, .type = 96})->stream.layer, 0) << "by payload type, as any other";
}

TEST_F(Streams, AMidSaysWhichLine) {
  tracks_.push_back(track(plan::Kind::kVideo, "2", 96, {}));
  table_ = StreamTable(tracks_);
  EXPECT_EQ(find({.ssrc = 5, .type = 96, .extensions = {{kMid, text("2")}}})->stream.track, 2);
  EXPECT_EQ(find({.ssrc = 6, .type = 96, .extensions = {{kMid, text("1")}}})->stream.track, 1);
  EXPECT_FALSE(find({.ssrc = 7, .type = 96, .extensions = {{kMid, text("nobody")}}}));
  EXPECT_EQ(find({.ssrc = 5, .type = 96})->stream.track, 2) << "remembered by SSRC";
}

TEST_F(Streams, ARidSaysWhichLayer) {
  simulcast();
  EXPECT_FALSE(find({.ssrc = 7, .type = 96})) << "which of three?";
  EXPECT_EQ(find({.ssrc = 7, .type = 96, .extensions = {{kRid, text("h")}}})->stream, (Stream{1, 1, false}));
  EXPECT_EQ(find({.ssrc = 7, .type = 96})->stream.layer, 1) << "the rid is sent at the start only";
  EXPECT_FALSE(find({.ssrc = 8, .type = 96, .extensions = {{kRid, text("x")}}}));
}

TEST_F(Streams, ARepairedRidSaysWhichLayerIsRepaired) {
  simulcast();
  EXPECT_EQ(find({.ssrc = 8, .type = 97, .extensions = {{kRepairedRid, text("f")}}})->stream, (Stream{1, 2, true}));
  EXPECT_FALSE(find({.ssrc = 9, .type = 97, .extensions = {{kRid, text("f")}}}));
}

TEST_F(Streams, AFourthRidIsNoLayer) {
  tracks_[1].rids = {"a", "b", "c", "d"};
  table_ = StreamTable(tracks_);
  EXPECT_FALSE(find({.ssrc = 8, .type = 96, .extensions = {{kRid, text("d")}}}));
}

TEST_F(Streams, AnotherSsrcTakesAStreamOver) {
  find({.ssrc = 1, .type = 96});
  const auto taken = find({.ssrc = 2, .type = 96});
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->fresh);
  EXPECT_EQ(taken->stream, (Stream{1, 0, false}));
}

TEST_F(Streams, WhatIsLateOfTheOldSsrcDoesNotTakeItBack) {
  find({.ssrc = 1, .type = 96});
  find({.ssrc = 2, .type = 96});
  EXPECT_FALSE(find({.ssrc = 1, .type = 96}));
  EXPECT_FALSE(find({.ssrc = 2, .type = 96})->fresh);
}

TEST_F(Streams, ADeclaredSourceThatWasNeverHeardMayStillCome) {
  declare({{base::Ssrc(10), {}}});
  EXPECT_TRUE(find({.ssrc = 1, .type = 96}));
  EXPECT_TRUE(find({.ssrc = 10, .type = 96}));
}

TEST_F(Streams, TakeoversOfAHostilePeerComeToAnEnd) {
  size_t taken = 0;
  for (uint32_t ssrc = 1; ssrc < 10'000; ++ssrc) taken += find({.ssrc = ssrc, .type = 96}).has_value() ? 1 : 0;
  EXPECT_EQ(taken, StreamTable::kMaxRetired + 1);
}

TEST_F(Streams, AFullTableRefuses) {
  std::vector<plan::UplinkTrack> many;
  for (uint8_t i = 0; i < 20; ++i) many.push_back(track(plan::Kind::kVideo, std::to_string(i), 96 + i, {}));
  StreamTable table(many);
  size_t found = 0;
  for (uint8_t i = 0; i < 20; ++i)
    found += table.find(many, Wire({.ssrc = i + 1U, .type = static_cast<uint8_t>(96 + i)}).view()) ? 1 : 0;
  EXPECT_EQ(found, StreamTable::kMaxStreams);
  EXPECT_TRUE(table.find(many, Wire({.ssrc = 1, .type = 96}).view())) << "those inside stay";
}

}  // namespace
}  // namespace heliograph::sfu
