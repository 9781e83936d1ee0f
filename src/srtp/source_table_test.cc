// SPDX-License-Identifier: Apache-2.0
#include "srtp/source_table.h"

#include <set>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace heliograph::srtp {
namespace {

using Verdict = ReplayWindow::Verdict;

TEST(ReplayWindow, TheFirstPacketIsOfTheFirstLap) {
  const ReplayWindow window;
  EXPECT_EQ(window.estimate(0), 0u);
  EXPECT_EQ(window.estimate(65535), 65535u);
}

// RFC 3711 section 3.3.1, appendix A.
TEST(ReplayWindow, TheNearestLapIsTaken) {
  ReplayWindow window;
  window.accept(0x1'0000 * 7 + 100);
  EXPECT_EQ(window.estimate(101), 0x1'0000u * 7 + 101);
  EXPECT_EQ(window.estimate(99), 0x1'0000u * 7 + 99);
  EXPECT_EQ(window.estimate(65'535), 0x1'0000u * 6 + 65'535);
  EXPECT_EQ(window.estimate(100 + 32'768), 0x1'0000u * 7 + 100 + 32'768);  // exactly half a lap: still ahead
  EXPECT_EQ(window.estimate(100 + 32'769), 0x1'0000u * 6 + 100 + 32'769);
  window.accept(0x1'0000 * 7 + 65'000);
  EXPECT_EQ(window.estimate(5), 0x1'0000u * 8 + 5);
  EXPECT_EQ(window.estimate(64'000), 0x1'0000u * 7 + 64'000);
  EXPECT_EQ(window.estimate(65'000 - 32'768), 0x1'0000u * 7 + 65'000 - 32'768);
}

TEST(ReplayWindow, BeforeTheFirstLapIsTooOld) {
  ReplayWindow window;
  window.accept(5);
  EXPECT_EQ(window.check(window.estimate(65'530)), Verdict::kTooOld);
}

TEST(ReplayWindow, AnIndexIsFreshOnce) {
  ReplayWindow window;
  EXPECT_EQ(window.check(0), Verdict::kFresh);
  window.accept(0);
  EXPECT_EQ(window.check(0), Verdict::kReplayed);
  window.accept(2000);
  EXPECT_EQ(window.check(2000), Verdict::kReplayed);
  EXPECT_EQ(window.check(2000 - 1023), Verdict::kFresh);
  EXPECT_EQ(window.check(2000 - 1024), Verdict::kTooOld);
}

TEST(ReplayWindow, AgreesWithASetForAnyOrder) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    base::Rng rng(seed);
    ReplayWindow window;
    std::set<uint64_t> accepted;
    uint64_t newest = rng.below(70'000);
    for (int i = 0; i < 20'000; ++i) {
      // Mostly near the newest, now and then a jump as large as the window.
      const uint64_t ahead = rng.below(rng.chance(0.01) ? 3000 : 4);
      const uint64_t behind = rng.below(rng.chance(0.1) ? 1500 : 30);
      const uint64_t index = newest + ahead >= behind ? newest + ahead - behind : 0;
      const bool is_old = !accepted.empty() && index + ReplayWindow::kWindow <= *accepted.rbegin();
      const auto expected = is_old ? Verdict::kTooOld : accepted.contains(index) ? Verdict::kReplayed : Verdict::kFresh;
      ASSERT_EQ(window.check(index), expected) << "seed " << seed << " step " << i;
      if (expected == Verdict::kFresh && rng.chance(0.9)) {
        window.accept(index);
        accepted.insert(index);
        newest = std::max(newest, index);
      }
    }
  }
}

TEST(SourceTable, FindsWhatWasAddedAndRefusesWhenFull) {
  SourceTable table;
  EXPECT_EQ(table.find(base::Ssrc(1)), nullptr);
  for (uint32_t i = 0; i < SourceTable::kMaxSources; ++i) {
    auto* window = table.add(base::Ssrc(i * 7));
    ASSERT_NE(window, nullptr);
    window->accept(i);
  }
  EXPECT_EQ(table.add(base::Ssrc(0xffff)), nullptr);
  EXPECT_EQ(table.size(), SourceTable::kMaxSources);
  for (uint32_t i = 0; i < SourceTable::kMaxSources; ++i)
    EXPECT_EQ(table.find(base::Ssrc(i * 7))->check(i), Verdict::kReplayed);
}

}  // namespace
}  // namespace heliograph::srtp
