// SPDX-License-Identifier: Apache-2.0
#include "sfu/history.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

MediaPacket packet(int64_t sequence, base::ConstBytes payload, base::ConstBytes extensions = {}) {
  MediaPacket p;
  p.sequence = sequence;
  p.payload = payload;
  p.extensions = extensions;
  return p;
}

class Ring : public testing::Test {
 protected:
  const MediaPacket* append(int64_t sequence, size_t size = 10, size_t extensions = 0) {
    std::vector<uint8_t> bytes(size + extensions, static_cast<uint8_t>(sequence));
    return history_.append(
        packet(sequence, base::ConstBytes(bytes).subspan(extensions), base::ConstBytes(bytes).first(extensions)),
        ++order_);
  }
  uint64_t order_ = 0;
  static constexpr size_t kBytes = 240;
  History history_{8, kBytes};
};

TEST_F(Ring, NothingIsFoundBeforeTheFirstPacket) {
  EXPECT_EQ(history_.find(0), nullptr);
  EXPECT_EQ(history_.displaced_by(7), 0u);
}

TEST_F(Ring, APacketIsKeptWithItsBytes) {
  ASSERT_NE(append(70'000, 20, 8), nullptr);
  const auto* found = history_.find(70'000);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->payload.size(), 20u);
  EXPECT_EQ(found->extensions.size(), 8u);
  EXPECT_EQ(found->payload[19], static_cast<uint8_t>(70'000));
  EXPECT_EQ(history_.find(70'000 - 8), nullptr);
  EXPECT_EQ(history_.find(70'000 - 65'536), nullptr);
}

TEST_F(Ring, TheSameSequenceNumberIsTakenOnce) {
  EXPECT_NE(append(5), nullptr);
  EXPECT_EQ(append(5), nullptr);
}

TEST_F(Ring, OutOfOrderIsTakenAsFarBackAsTheRingReaches) {
  append(20);
  EXPECT_NE(append(18), nullptr);
  EXPECT_NE(append(13), nullptr);
  EXPECT_EQ(append(12), nullptr) << "its place is taken by 20";
  EXPECT_NE(history_.find(20), nullptr);
}

TEST_F(Ring, APacketWhosePlaceWasTakenIsNotFound) {
  append(1);
  append(9);
  EXPECT_EQ(history_.find(1), nullptr);
  EXPECT_NE(history_.find(9), nullptr);
}

TEST_F(Ring, APacketWhoseBytesWereOverwrittenIsNotFound) {
  for (int64_t s = 0; s < 4; ++s) append(s, 30);  // the fourth begins at 0 again
  EXPECT_EQ(history_.find(0), nullptr);
  ASSERT_NE(history_.find(1), nullptr);
  EXPECT_EQ(history_.find(1)->payload[0], 1);
  EXPECT_EQ(append(0, 30), nullptr) << "what was forgotten does not come back under its number";
}

TEST_F(Ring, WhatIsLargerThanTheRingIsRefused) {
  EXPECT_EQ(append(1, kBytes - kMaxPadding + 1), nullptr);
  EXPECT_NE(append(2, kBytes - kMaxPadding), nullptr);
  EXPECT_NE(history_.find(2), nullptr);
}

TEST_F(Ring, EmptyPacketsHaveTheirPlaceToo) {
  EXPECT_NE(append(0, 0), nullptr);
  EXPECT_NE(history_.find(0), nullptr);
  EXPECT_NE(append(1, 0), nullptr);
  EXPECT_NE(history_.find(1), nullptr);
}

TEST_F(Ring, ItSaysWhosePlaceAPacketWouldTake) {
  append(3);
  append(4);
  EXPECT_EQ(history_.displaced_by(11), 1u);
  EXPECT_EQ(history_.displaced_by(12), 2u);
  EXPECT_EQ(history_.displaced_by(13), 0u);
  EXPECT_EQ(history_.displaced_by(3), 0u) << "it is there already and stays";
}

TEST_F(Ring, PaddingLiesBehindThePayloadAndEndsInItsSize) {
  const auto* kept = append(5, 20, 8);
  history_.pad(*kept, 3);
  const auto padded = history_.find(5)->padded_payload();
  ASSERT_EQ(padded.size(), 23u);
  EXPECT_EQ(padded[19], 5);
  EXPECT_EQ(padded[20], 0);
  EXPECT_EQ(padded[21], 0);
  EXPECT_EQ(padded[22], 3);
  EXPECT_EQ(history_.find(5)->payload.size(), 20u);
}

TEST_F(Ring, ThereIsRoomForPaddingBehindEveryPacket) {
  const auto* first = append(1, kBytes / 2 - kMaxPadding);
  const auto* second = append(2, kBytes / 2 - kMaxPadding);
  history_.pad(*first, kMaxPadding);
  history_.pad(*second, kMaxPadding);
  EXPECT_EQ(history_.find(1)->padded_payload().back(), kMaxPadding);
  EXPECT_EQ(history_.find(2)->payload[0], 2);
  EXPECT_EQ(history_.find(2)->padded_payload().back(), kMaxPadding);
}

TEST_F(Ring, ClearingForgetsEverything) {
  append(3);
  history_.clear();
  EXPECT_EQ(history_.find(3), nullptr);
  EXPECT_NE(append(2), nullptr);
}

// Whatever is found has the bytes that were appended, and everything is found that neither ring has lost.
TEST(History, NeverGivesBytesOfAnotherPacket) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    base::Rng rng(seed);
    constexpr size_t kBytes = 4000;
    History history(64, kBytes);
    std::map<int64_t, std::vector<uint8_t>> appended;
    std::vector<std::pair<int64_t, size_t>> order;
    int64_t newest = 1'000;
    for (int i = 0; i < 3000; ++i) {
      const int64_t sequence = newest + static_cast<int64_t>(rng.below(4)) - (rng.chance(0.2) ? 40 : 0);
      newest = std::max(newest, sequence);
      std::vector<uint8_t> bytes(rng.below(300));
      for (auto& b : bytes) b = static_cast<uint8_t>(rng());
      if (history.append(packet(sequence, bytes), static_cast<uint64_t>(i) + 1) == nullptr) continue;
      ASSERT_TRUE(appended.emplace(sequence, bytes).second) << "taken twice, seed " << seed;
      order.emplace_back(sequence, bytes.size());
      for (int64_t s = newest - 70; s <= newest; ++s) {
        const auto* found = history.find(s);
        if (found != nullptr) ASSERT_TRUE(std::ranges::equal(found->payload, appended.at(s))) << "seed " << seed;
      }
      size_t behind = 0;
      for (auto it = order.rbegin();
           it != order.rend() && behind + it->second + kMaxPadding + 300 + kMaxPadding < kBytes; ++it) {
        behind += it->second + kMaxPadding;
        if (it->first > newest - 64) ASSERT_NE(history.find(it->first), nullptr) << "seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace heliograph::sfu
