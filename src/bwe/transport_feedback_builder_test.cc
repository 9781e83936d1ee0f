// SPDX-License-Identifier: Apache-2.0
#include "bwe/transport_feedback_builder.h"

#include <map>
#include <set>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "rtcp/compound.h"

namespace heliograph::bwe {
namespace {

using base::Duration;
using base::Ssrc;
using base::Timestamp;

class TransportFeedbackBuilderTest : public testing::Test {
 protected:
  void packet(uint16_t number, size_t size = 1200) { builder_.on_packet(now_, number, size, Ssrc(2)); }
  void wait(Duration d) { now_ = now_ + d; }
  // All feedback that is due once the builder wants to be woken.
  std::vector<rtcp::TransportFeedback> due() {
    EXPECT_FALSE(builder_.next_time().is_never());
    now_ = std::max(now_, builder_.next_time());
    return take();
  }
  std::vector<rtcp::TransportFeedback> take() {
    std::vector<rtcp::TransportFeedback> all;
    while (const auto feedback = builder_.on_time(now_)) all.push_back(*feedback);
    return all;
  }
  static std::string drawn(const rtcp::TransportFeedback& feedback) {
    std::string text;
    for (const auto& delta : feedback.deltas) text += delta ? '+' : '-';
    return text;
  }

  Timestamp now_ = Timestamp::from_micros(64'000 * 100);
  TransportFeedbackBuilder builder_{Ssrc(1)};
};

TEST_F(TransportFeedbackBuilderTest, TellsArrivalsAndLosses) {
  packet(10);
  wait(Duration::millis(1));
  packet(11);
  wait(Duration::millis(2));
  packet(14);
  const auto all = due();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].sources, (rtcp::FeedbackSources{Ssrc(1), Ssrc(2)}));
  EXPECT_EQ(all[0].base_sequence_number, 10);
  EXPECT_EQ(all[0].reference_time, 100);
  EXPECT_EQ(all[0].feedback_count, 0);
  EXPECT_EQ(drawn(all[0]), "++--+");
  EXPECT_EQ(all[0].deltas[1], 4);
  EXPECT_EQ(all[0].deltas[4], 8);
  EXPECT_TRUE(builder_.next_time().is_never());
}

TEST_F(TransportFeedbackBuilderTest, NothingIsDueBeforeItsTimeOrWithoutPackets) {
  EXPECT_TRUE(builder_.next_time().is_never());
  packet(1);
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(builder_.next_time(), now_ + Duration::millis(100));
}

TEST_F(TransportFeedbackBuilderTest, TheNextFeedbackGoesOnWhereTheLastEnded) {
  packet(65'534);
  due();
  packet(1);
  const auto all = due();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].base_sequence_number, 65'535);
  EXPECT_EQ(all[0].feedback_count, 1);
  EXPECT_EQ(drawn(all[0]), "--+");
}

TEST_F(TransportFeedbackBuilderTest, ReorderingWithinOneFeedbackIsANegativeDelta) {
  packet(1);
  wait(Duration::millis(1));
  packet(3);
  wait(Duration::millis(1));
  packet(2);
  const auto all = due();
  EXPECT_EQ(all[0].deltas[1], 8);
  EXPECT_EQ(all[0].deltas[2], -4);
}

TEST_F(TransportFeedbackBuilderTest, APacketThatComesAfterItWasToldLostIsToldAgain) {
  packet(1);
  packet(3);
  due();
  packet(2);
  const auto all = due();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].base_sequence_number, 2);
  EXPECT_EQ(drawn(all[0]), "++");
}

TEST_F(TransportFeedbackBuilderTest, ADuplicateSaysNothingNew) {
  packet(1);
  packet(2);
  due();
  packet(2);
  packet(1);
  EXPECT_TRUE(builder_.next_time().is_never());
}

TEST_F(TransportFeedbackBuilderTest, WhatIsTooLateIsNotTold) {
  packet(5000);
  due();
  packet(static_cast<uint16_t>(5000 - TransportFeedbackBuilder::kWindow));
  EXPECT_TRUE(builder_.next_time().is_never());
  packet(static_cast<uint16_t>(5001 - TransportFeedbackBuilder::kWindow));
  EXPECT_FALSE(builder_.next_time().is_never());
}

TEST_F(TransportFeedbackBuilderTest, ABurstTakesSeveralFeedbacksThatFitACompound) {
  for (uint16_t i = 0; i < 1000; ++i) {
    packet(i);
    wait(Duration::micros(70'000));  // every delta is a large one
    if (i == 0) wait(Duration());
  }
  const auto all = take();
  ASSERT_EQ(all.size(), 3u);
  for (const auto& feedback : all) {
    std::vector<uint8_t> buffer(2000);
    rtcp::CompoundWriter compound(buffer);
    EXPECT_TRUE(compound.append(feedback));
  }
}

TEST_F(TransportFeedbackBuilderTest, PacketsOver8SecondsApartHaveFeedbacksOfTheirOwn) {
  packet(1);
  wait(Duration::seconds(9));
  packet(2);
  const auto all = take();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].base_sequence_number, 2);
  EXPECT_NE(all[0].reference_time, all[1].reference_time);
}

TEST_F(TransportFeedbackBuilderTest, AfterALongGapOnlyItsEndIsTold) {
  packet(1);
  due();
  packet(30'000);
  const auto all = due();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_LE(static_cast<int64_t>(all[0].deltas.size()), TransportFeedbackBuilder::kMaxStatuses);
  EXPECT_EQ(drawn(all[0]).find('+'), all[0].deltas.size() - 1);
  EXPECT_EQ(all[0].base_sequence_number + all[0].deltas.size() - 1, 30'000u);
}

TEST_F(TransportFeedbackBuilderTest, TheIntervalFollowsTheRate) {
  for (uint16_t i = 0; i < 300; ++i) {  // 9.6 Mbit/s
    packet(i);
    wait(Duration::millis(1));
    take();
  }
  EXPECT_EQ(builder_.interval(), TransportFeedbackBuilder::kMinInterval);
  for (uint16_t i = 300; i < 500; ++i) {  // 40 kbit/s
    packet(i, 100);
    wait(Duration::millis(20));
    take();
  }
  EXPECT_EQ(builder_.interval(), TransportFeedbackBuilder::kMaxInterval);
}

// Whatever the network does, what is told is what came: every packet that arrived in time is told, at its time to 250
// µs, and none that did not.
TEST_F(TransportFeedbackBuilderTest, ToldIsWhatCame) {
  base::Rng rng(21);
  std::map<uint16_t, Timestamp> came;
  std::map<uint16_t, Timestamp> told;
  std::vector<std::pair<Timestamp, uint16_t>> flight;
  for (uint16_t i = 0; i < 20'000; ++i)
    if (!rng.chance(0.1))
      flight.emplace_back(
          now_ + Duration::micros(i * 1500 + static_cast<int64_t>(rng.below(rng.chance(0.05) ? 300'000 : 5000))),
          static_cast<uint16_t>(i + 60'000));
  std::ranges::sort(flight);
  for (const auto& [when, number] : flight) {
    now_ = when;
    packet(number);
    came.emplace(number, when);
    for (const auto& feedback : take())
      feedback.each([&](uint16_t n, std::optional<Duration> arrival) {
        if (arrival) told[n] = Timestamp::from_micros(feedback.reference_time * int64_t{64'000}) + *arrival;
      });
  }
  size_t wrong = 0;
  for (const auto& [number, when] : told) {
    const auto truth = came.find(number);
    ASSERT_NE(truth, came.end());
    wrong += truth->second - when < Duration() || truth->second - when >= Duration::micros(250);
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_GE(told.size() + 400, came.size());  // but the last interval's
}

}  // namespace
}  // namespace heliograph::bwe
