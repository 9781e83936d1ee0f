// SPDX-License-Identifier: Apache-2.0
// RFC 3550 appendices A.1 (laps), A.3 (loss) and A.8 (jitter).
#include "sfu/reception.h"

#include "gtest/gtest.h"

namespace heliograph::sfu {
namespace {

using base::Duration;
using base::Timestamp;

constexpr auto kStart = Timestamp::from_micros(1'000'000);
constexpr base::Ssrc kSource(7);

class Received : public testing::Test {
 protected:
  // One packet each 20 ms of a clock of 90 kHz, arriving `late` after it was due.
  void packet(int64_t sequence, Duration late = {}) {
    const auto due = kStart + Duration::millis(20) * (sequence - kFirst);
    reception_.on_packet(due + late, sequence, static_cast<uint32_t>((sequence - kFirst) * 1800));
  }
  rtcp::ReportBlock report() { return *reception_.report(kStart, kSource); }

  static constexpr int64_t kFirst = 65'536 + 65'500;  // as base::Unwrapper gives them
  Reception reception_{90'000};
};

TEST_F(Received, NothingIsReportedBeforeTheFirstPacket) { EXPECT_FALSE(reception_.report(kStart, kSource)); }

TEST_F(Received, WithoutLossNothingIsLost) {
  for (int64_t s = 0; s < 20; ++s) packet(kFirst + s);
  const auto block = report();
  EXPECT_EQ(block.source, kSource);
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, 0);
  EXPECT_EQ(block.jitter, 0u);
}

// A.1: the first packet is in lap 0, whatever its number.
TEST_F(Received, LapsCountFromTheFirstPacket) {
  packet(kFirst);
  EXPECT_EQ(report().highest_sequence_number, 65'500u);
  packet(kFirst + 100);
  EXPECT_EQ(report().highest_sequence_number, 65'536u + 64);
}

TEST_F(Received, LossIsAFractionOfTheInterval) {
  for (int64_t s = 0; s < 100; ++s)
    if (s % 4 != 1) packet(kFirst + s);
  auto block = report();
  EXPECT_EQ(block.fraction_lost, 64);  // a quarter of 256
  EXPECT_EQ(block.cumulative_lost, 25);
  for (int64_t s = 100; s < 200; ++s) packet(kFirst + s);
  block = report();
  EXPECT_EQ(block.fraction_lost, 0) << "of the second interval only";
  EXPECT_EQ(block.cumulative_lost, 25);
}

TEST_F(Received, DuplicatesDoNotMakeTheFractionNegative) {
  packet(kFirst);
  report();
  for (int i = 0; i < 5; ++i) packet(kFirst);
  const auto block = report();
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, -5);
}

TEST_F(Received, WhatARetransmissionBroughtIsNotLost) {
  packet(kFirst);
  packet(kFirst + 2);
  reception_.on_recovered(kFirst + 1);
  EXPECT_EQ(report().cumulative_lost, 0);
  reception_.on_recovered(kFirst + 3);
  EXPECT_EQ(report().highest_sequence_number, 65'503u);
  EXPECT_EQ(report().cumulative_lost, 0);
  EXPECT_EQ(report().jitter, 0u);
}

TEST_F(Received, WhatIsLateCountsWhenItComes) {
  packet(kFirst);
  packet(kFirst + 3);
  EXPECT_EQ(report().cumulative_lost, 2);
  packet(kFirst + 1, Duration::millis(60));
  packet(kFirst + 2, Duration::millis(60));
  EXPECT_EQ(report().cumulative_lost, 0);
}

TEST_F(Received, CumulativeLossIsClampedTo24Bits) {
  packet(kFirst);
  packet(kFirst + 0x100'0000);
  EXPECT_EQ(report().cumulative_lost, 0x7f'ffff);
}

// A.8: J += |D| − ((J + 8) >> 4), J being kept sixteenfold.
TEST_F(Received, JitterMovesASixteenthOfTheWay) {
  packet(kFirst);
  packet(kFirst + 1, Duration::millis(10));  // D = 900
  EXPECT_EQ(report().jitter, 900u / 16);
  uint32_t j = 900;
  for (int64_t s = 2; s < 50; ++s) {
    packet(kFirst + s, Duration::millis(s % 2 == 0 ? 0 : 10));
    j += 900 - ((j + 8) >> 4);
  }
  EXPECT_EQ(report().jitter, j >> 4);
  EXPECT_NEAR(report().jitter, 860, 30);
}

TEST_F(Received, JitterHoldsAcrossTheWrapOfTimestamps) {
  for (int64_t s = 0; s < 10; ++s)
    reception_.on_packet(kStart + Duration::millis(20 * s), kFirst + s, 0xffff'f000U + static_cast<uint32_t>(s) * 1800);
  EXPECT_EQ(report().jitter, 0u);
}

// RFC 3550 section 6.4.1: LSR and DLSR.
TEST_F(Received, TheSenderReportComesBackWithItsAge) {
  packet(kFirst);
  EXPECT_EQ(report().last_sender_report, 0u);
  EXPECT_EQ(report().delay_since_last, 0u);
  const base::NtpTime ntp{0x1234'5678'9abc'def0};
  reception_.on_sender_report(kStart, ntp);
  const auto block = *reception_.report(kStart + Duration::millis(500), kSource);
  EXPECT_EQ(block.last_sender_report, 0x5678'9abcu);
  EXPECT_EQ(block.delay_since_last, 32'768u);
}

}  // namespace
}  // namespace heliograph::sfu
