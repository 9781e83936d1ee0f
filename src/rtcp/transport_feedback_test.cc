// SPDX-License-Identifier: Apache-2.0
#include "rtcp/transport_feedback.h"

#include "base/hex.h"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "rtcp/round_trip_for_test.h"

namespace heliograph::rtcp {
namespace {

using base::Duration;
using base::from_hex;
using base::Ssrc;

TransportFeedback with(std::initializer_list<TransportFeedback::Delta> deltas) {
  TransportFeedback f{.sources = {Ssrc(1), Ssrc(2)},
                      .base_sequence_number = 5,
                      .reference_time = -3,
                      .feedback_count = 7,
                      .deltas = {}};
  for (const auto& delta : deltas) f.deltas.push_back(delta);
  return f;
}

TEST(TransportFeedback, ARunIsOneChunk) {
  EXPECT_EQ(bytes_of(with({1, 2, 3})), from_hex("8fcd0006 00000001 00000002 0005 0003 fffffd 07 2003 010203 000000"));
}

TEST(TransportFeedback, AMixIsAVectorOfOneOrTwoBits) {
  EXPECT_EQ(bytes_of(with({1, std::nullopt, 3})), from_hex("8fcd0005 00000001 00000002 0005 0003 fffffd 07 a800 0103"));
  EXPECT_EQ(bytes_of(with({1, -2, std::nullopt, 256})),
            from_hex("8fcd0006 00000001 00000002 0005 0004 fffffd 07 d880 01fffe 0100 00"));
}

TEST(TransportFeedback, ArrivalsCountFromTheReference) {
  const auto feedback = with({4, std::nullopt, 8, -4});
  std::vector<std::pair<uint16_t, std::optional<Duration>>> seen;
  feedback.each([&](uint16_t number, std::optional<Duration> arrival) { seen.emplace_back(number, arrival); });
  const std::vector<std::pair<uint16_t, std::optional<Duration>>> expected{
      {5, Duration::millis(1)}, {6, std::nullopt}, {7, Duration::millis(3)}, {8, Duration::millis(2)}};
  EXPECT_EQ(seen, expected);
}

TEST(TransportFeedback, WhateverIsWrittenIsReadAgain) {
  base::Rng rng(12);
  for (int round = 0; round < 2000; ++round) {
    TransportFeedback f{.sources = {Ssrc(rng.u32()), Ssrc(rng.u32())},
                        .base_sequence_number = static_cast<uint16_t>(rng()),
                        .reference_time = static_cast<int32_t>(rng.u32()) >> 8,
                        .feedback_count = static_cast<uint8_t>(rng()),
                        .deltas = {}};
    const double loss = rng.chance(0.3) ? 0 : 0.5;
    const double large = rng.chance(0.5) ? 0 : 0.2;
    for (uint64_t n = 1 + rng.below(rng.chance(0.1) ? 1024 : 60); n > 0; --n) {
      const auto delta = static_cast<int16_t>(rng.chance(large) ? rng() : rng.below(256));
      f.deltas.push_back(rng.chance(loss) ? TransportFeedback::Delta() : delta);
    }
    const auto bytes = bytes_of(f);
    ASSERT_LE(bytes.size(), TransportFeedback::max_size(f.deltas.size()));
    ASSERT_EQ(parsed<TransportFeedback>(bytes), f);
  }
}

TEST(TransportFeedback, ALongRunOfLossesIsReadOver) {
  // 8,191 + 1 lost, then one that arrived: beyond what is kept, but the feedback is whole.
  const auto f =
      parsed<TransportFeedback>(from_hex("8fcd0006 00000001 00000002 0005 2001 000000 00 1fff 2002 04 04 0000"));
  ASSERT_TRUE(f);
  EXPECT_EQ(f->deltas.size(), f->deltas.capacity());
}

TEST(TransportFeedback, RefusesWhatIsCutOrReserved) {
  EXPECT_FALSE(parsed<TransportFeedback>(from_hex("8fcd0003 00000001 00000002 00050003")));           // no reference
  EXPECT_FALSE(parsed<TransportFeedback>(from_hex("8fcd0004 00000001 00000002 00050003 fffffd07")));  // no chunk
  EXPECT_FALSE(parsed<TransportFeedback>(
      from_hex("8fcd0005 00000001 00000002 00050003 fffffd07 2003 0102")));  // a delta is missing
  EXPECT_FALSE(parsed<TransportFeedback>(
      from_hex("8fcd0005 00000001 00000002 00050003 fffffd07 6003 0102")));  // reserved symbol
  EXPECT_FALSE(parsed<TransportFeedback>(
      from_hex("8fcd0005 00000001 00000002 0005ffff fffffd07 0000 0000")));  // runs of nothing
}

}  // namespace
}  // namespace heliograph::rtcp
