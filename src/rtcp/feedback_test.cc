// SPDX-License-Identifier: Apache-2.0
// NACK, PLI, FIR, REMB.
#include <set>

#include "base/hex.h"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/remb.h"
#include "rtcp/round_trip_for_test.h"

namespace heliograph::rtcp {
namespace {

using base::DataRate;
using base::from_hex;
using base::Ssrc;

std::vector<uint16_t> lost_in(const Nack& nack) {
  std::vector<uint16_t> lost;
  nack.each_lost([&](uint16_t n) { lost.push_back(n); });
  return lost;
}

TEST(Nack, ABitmaskOfLostPacketsIsExpanded) {
  const auto nack = parsed<Nack>(from_hex("81cd0004 00000001 00000002  0064 8001  ffff 0001"));
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->sources, (FeedbackSources{Ssrc(1), Ssrc(2)}));
  EXPECT_EQ(lost_in(*nack), (std::vector<uint16_t>{100, 101, 116, 65'535, 0}));
}

TEST(Nack, PacksAscendingNumbersIntoTheFewestItems) {
  const uint16_t lost[] = {65'530, 65'535, 10, 11, 27, 28, 28};
  const auto nack = Nack::pack({Ssrc(1), Ssrc(2)}, lost);
  EXPECT_EQ(bytes_of(nack), from_hex("81cd0005 00000001 00000002  fffa 8010  000b 8000  001c 0000"));
  EXPECT_EQ(lost_in(nack), (std::vector<uint16_t>{65'530, 65'535, 10, 11, 27, 28}));
}

TEST(Nack, WhatIsPackedIsExpandedAgain) {
  base::Rng rng(9);
  for (int round = 0; round < 500; ++round) {
    std::vector<uint16_t> lost;
    auto number = static_cast<uint16_t>(rng());
    for (uint64_t n = 1 + rng.below(200); n > 0; --n)
      lost.push_back(number = static_cast<uint16_t>(number + 1 + rng.below(rng.chance(0.2) ? 300 : 3)));
    const auto nack = parsed<Nack>(bytes_of(Nack::pack({Ssrc(1), Ssrc(2)}, lost)));
    ASSERT_TRUE(nack);
    ASSERT_EQ(lost_in(*nack), lost);
  }
}

TEST(Nack, WhatDoesNotFitIsLeftOut) {
  std::vector<uint16_t> lost;
  for (uint16_t i = 0; i < 400; ++i) lost.push_back(static_cast<uint16_t>(i * 20));
  const auto nack = Nack::pack({}, lost);
  EXPECT_EQ(nack.items.size(), nack.items.capacity());
  EXPECT_EQ(lost_in(nack).back(), 255 * 20);
}

TEST(Nack, RefusesOneThatAsksForNothing) {
  EXPECT_FALSE(parsed<Nack>(from_hex("81cd0002 00000001 00000002")));
  EXPECT_FALSE(parsed<Nack>(from_hex("81cd0001 00000001")));
  EXPECT_FALSE(parsed<Nack>(from_hex("82cd0003 00000001 00000002 00640001")));
}

TEST(PictureLossIndication, IsReadAndWritten) {
  const PictureLossIndication pli{{Ssrc(1), Ssrc(2)}};
  EXPECT_EQ(bytes_of(pli), from_hex("81ce0002 00000001 00000002"));
  EXPECT_EQ(parsed<PictureLossIndication>(bytes_of(pli)), pli);
  EXPECT_FALSE(parsed<PictureLossIndication>(from_hex("81ce0001 00000001")));
}

// RFC 5104 section 4.3.1: SSRC, sequence number, 24 reserved bits.
TEST(FullIntraRequest, IsReadAndWritten) {
  FullIntraRequest fir{.sender = Ssrc(1), .items = {}};
  fir.items.push_back({Ssrc(7), 255});
  EXPECT_EQ(bytes_of(fir), from_hex("84ce0004 00000001 00000000 00000007 ff000000"));
  EXPECT_EQ(parsed<FullIntraRequest>(bytes_of(fir)), fir);
  EXPECT_FALSE(parsed<FullIntraRequest>(from_hex("84ce0002 00000001 00000000")));
}

// draft-alvestrand-rmcat-remb-03 section 2.2: 6 bits of exponent, 18 of mantissa.
TEST(Remb, IsReadAndWritten) {
  Remb remb{.sender = Ssrc(1), .bitrate = DataRate::bps(0x3ffff << 3), .sources = {}};
  remb.sources.push_back(Ssrc(7));
  EXPECT_EQ(bytes_of(remb), from_hex("8fce0005 00000001 00000000 52454d42 01 0fffff 00000007"));
  EXPECT_EQ(parsed<Remb>(bytes_of(remb)), remb);
}

TEST(Remb, RoundsDownToEighteenBits) {
  for (const int64_t bps : {0, 1, 262'143, 262'144, 2'500'001, 1'000'000'007}) {
    const auto back = parsed<Remb>(bytes_of(Remb{.sender = {}, .bitrate = DataRate::bps(bps), .sources = {}}));
    ASSERT_TRUE(back);
    EXPECT_LE(back->bitrate.bps(), bps);
    EXPECT_GE(back->bitrate.bps(), bps - (bps >> 17));
  }
}

TEST(Remb, RefusesWhatIsNone) {
  EXPECT_FALSE(parsed<Remb>(from_hex("8fce0004 00000001 00000000 52454d43 00 000001")));  // another application's
  EXPECT_FALSE(parsed<Remb>(from_hex("8fce0004 00000001 00000000 52454d42 00 ffffff")));  // more than 63 bits
  EXPECT_FALSE(parsed<Remb>(from_hex("8fce0004 00000001 00000000 52454d42 01 000001")));  // a source is missing
}

}  // namespace
}  // namespace heliograph::rtcp
