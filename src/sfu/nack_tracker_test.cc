// SPDX-License-Identifier: Apache-2.0
#include "sfu/nack_tracker.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;
using testing::ElementsAre;
using testing::IsEmpty;
using Arrival = NackTracker::Arrival;

class Nacks : public testing::Test {
 protected:
  Arrival packet(int64_t sequence) { return tracker_.on_packet(now_, sequence); }
  std::vector<uint16_t> due(Duration rtt = Duration::millis(60)) {
    std::vector<uint16_t> out;
    first_time_ = tracker_.collect(now_, rtt, out);
    return out;
  }
  void wait(int64_t ms) { now_ = now_ + Duration::millis(ms); }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  NackTracker tracker_;
  uint32_t first_time_ = 0;
};

TEST_F(Nacks, NothingIsMissingInARow) {
  for (int64_t s = 65'530; s < 65'550; ++s) EXPECT_EQ(packet(s), Arrival::kNew);
  EXPECT_TRUE(tracker_.next_time().is_never());
  wait(1000);
  EXPECT_THAT(due(), IsEmpty());
}

// RFC 4585 section 6.2.1.
TEST_F(Nacks, AGapIsAskedForAfterAMomentForReordering) {
  packet(65'534);
  packet(65'538);
  EXPECT_EQ(tracker_.next_time(), now_ + NackTracker::kFirstWait);
  EXPECT_THAT(due(), IsEmpty());
  wait(5);
  EXPECT_THAT(due(), ElementsAre(65'535, 0, 1));
  EXPECT_EQ(first_time_, 3u);
}

TEST_F(Nacks, WhatComesLateInTimeIsNotAskedFor) {
  packet(10);
  packet(12);
  EXPECT_EQ(packet(11), Arrival::kRecovered);
  wait(5);
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(packet(11), Arrival::kDuplicate);
}

TEST_F(Nacks, WhatCameIsADuplicateTheSecondTime) {
  packet(10);
  EXPECT_EQ(packet(10), Arrival::kDuplicate);
  EXPECT_EQ(packet(9), Arrival::kDuplicate) << "before the first there is nothing to repair";
}

TEST_F(Nacks, AskedAgainOnceARoundTrip) {
  packet(1);
  packet(3);
  wait(5);
  EXPECT_THAT(due(Duration::millis(100)), ElementsAre(2));
  EXPECT_EQ(tracker_.next_time(), now_ + Duration::millis(100));
  wait(99);
  EXPECT_THAT(due(Duration::millis(100)), IsEmpty());
  wait(1);
  EXPECT_THAT(due(Duration::millis(100)), ElementsAre(2));
  EXPECT_EQ(first_time_, 0u) << "it was lost but once";
}

TEST_F(Nacks, NotMoreOftenThanTheLeastRetryHoweverShortTheRoundTrip) {
  packet(1);
  packet(3);
  wait(5);
  due(Duration::millis(1));
  EXPECT_EQ(tracker_.next_time(), now_ + NackTracker::kMinRetry);
}

TEST_F(Nacks, APacketThatNeverComesIsGivenUp) {
  packet(1);
  packet(3);
  int asked = 0;
  for (int i = 0; i < 30; ++i) {
    wait(60);
    asked += static_cast<int>(due().size());
    if (asked < NackTracker::kMaxAttempts) EXPECT_FALSE(tracker_.take_gave_up());
  }
  EXPECT_EQ(asked, NackTracker::kMaxAttempts);
  EXPECT_TRUE(tracker_.take_gave_up());
  EXPECT_FALSE(tracker_.take_gave_up()) << "told once";
  EXPECT_TRUE(tracker_.next_time().is_never());
}

TEST_F(Nacks, AGapTooLargeIsGivenUpAtOnce) {
  packet(1);
  packet(2 + static_cast<int64_t>(NackTracker::kMaxMissing));
  wait(5);
  EXPECT_EQ(due().size(), NackTracker::kMaxMissing) << "as many as fit";
  packet(4 + static_cast<int64_t>(NackTracker::kMaxMissing));
  EXPECT_TRUE(tracker_.take_gave_up());
  wait(5);
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(Nacks, WhatIsTooOldToBeOfUseIsGivenUp) {
  packet(1);
  packet(3);
  for (int64_t newest = 4; newest <= 2 + NackTracker::kMaxAge; ++newest) packet(newest);
  EXPECT_FALSE(tracker_.take_gave_up());
  packet(3 + NackTracker::kMaxAge);
  EXPECT_TRUE(tracker_.take_gave_up());
  EXPECT_EQ(packet(2), Arrival::kDuplicate);
}

// A jump by a hostile publisher costs no memory.
TEST_F(Nacks, AJumpByHalfALapIsGivenUp) {
  packet(0);
  packet(32'767);
  EXPECT_TRUE(tracker_.take_gave_up());
  wait(5);
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(packet(32'768), Arrival::kNew);
}

TEST_F(Nacks, NextTimeIsNeverLaterThanWhatIsDue) {
  packet(1);
  packet(3);
  wait(5);
  due();
  packet(5);
  EXPECT_EQ(tracker_.next_time(), now_ + NackTracker::kFirstWait);
  wait(5);
  EXPECT_THAT(due(), ElementsAre(4));
  EXPECT_EQ(tracker_.next_time(), now_ + Duration::millis(55));
}

}  // namespace
}  // namespace heliograph::sfu
