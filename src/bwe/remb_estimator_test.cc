// SPDX-License-Identifier: Apache-2.0
#include "bwe/remb_estimator.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace heliograph::bwe {
namespace {

using base::DataRate;
using base::Duration;
using base::Timestamp;

// A publisher that sends what it may, up to its own limit, over a link of a given rate that drops what does not fit.
class Publisher {
 public:
  explicit Publisher(DataRate limit) : limit_(limit) {}

  void run(Duration span, DataRate link, double random_loss = 0) {
    for (const auto end = now_ + span; now_ < end; now_ = now_ + kTick) {
      room_ = std::min(room_ + packets(link), kQueue);
      for (owed_ += packets(std::min(limit_, allowed_)); owed_ >= 1; --owed_) send(random_loss);
      if (const auto told = estimator_.on_time(now_)) allowed_ = *told;
    }
  }
  DataRate estimate() const { return estimator_.estimate(); }

 private:
  static constexpr size_t kPacket = 1200;
  static constexpr Duration kTick = Duration::millis(5);
  static constexpr double kQueue = 20;  // packets that the link takes at once

  static double packets(DataRate rate) { return static_cast<double>(rate.bps()) * kTick.to_seconds() / 8 / kPacket; }
  void send(double random_loss) {
    unlucky_ += random_loss;
    if (unlucky_ >= 1 || room_ < 1) {
      unlucky_ -= unlucky_ >= 1 ? 1 : 0;
      return estimator_.on_lost(1);
    }
    --room_;
    estimator_.on_packet(now_, kPacket);
  }

  DataRate limit_;
  DataRate allowed_ = DataRate::kbps(1500);
  RembEstimator estimator_;
  Timestamp now_ = Timestamp::from_micros(1);
  double owed_ = 0;     // packets to be sent by now
  double room_ = 0;     // packets that the link takes by now
  double unlucky_ = 0;  // each whole one is a lost packet
};

TEST(RembEstimator, LetsABrowserReachItsFullBitrateWithinSeconds) {
  Publisher publisher(DataRate::kbps(2500));
  publisher.run(Duration::seconds(3), DataRate::kbps(10'000));
  EXPECT_GE(publisher.estimate(), DataRate::kbps(2500));
}

TEST(RembEstimator, DoesNotRunFarAheadOfWhatComes) {
  Publisher publisher(DataRate::kbps(2500));
  publisher.run(Duration::seconds(60), DataRate::kbps(100'000));
  EXPECT_LE(publisher.estimate(), DataRate::kbps(5500));
}

TEST(RembEstimator, KeepsItsFigureWhileLittleIsSent) {
  Publisher publisher(DataRate::kbps(100));
  publisher.run(Duration::seconds(30), DataRate::kbps(10'000));
  EXPECT_EQ(publisher.estimate(), DataRate::kbps(1500));
}

TEST(RembEstimator, FallsToWhatTheLinkCarries) {
  Publisher publisher(DataRate::kbps(4000));
  publisher.run(Duration::seconds(5), DataRate::kbps(10'000));
  publisher.run(Duration::seconds(5), DataRate::kbps(1000));
  EXPECT_LE(publisher.estimate(), DataRate::kbps(1200));
  EXPECT_GE(publisher.estimate(), DataRate::kbps(600));
}

TEST(RembEstimator, ComesBackWhenTheLinkDoes) {
  Publisher publisher(DataRate::kbps(2500));
  publisher.run(Duration::seconds(5), DataRate::kbps(10'000));
  publisher.run(Duration::seconds(5), DataRate::kbps(1000));
  publisher.run(Duration::seconds(20), DataRate::kbps(10'000));
  EXPECT_GE(publisher.estimate(), DataRate::kbps(2500));
}

TEST(RembEstimator, AFewRandomLossesDoNotBringItDown) {
  Publisher publisher(DataRate::kbps(2500));
  publisher.run(Duration::seconds(5), DataRate::kbps(10'000));
  const auto before = publisher.estimate();
  publisher.run(Duration::seconds(20), DataRate::kbps(10'000), 0.05);
  EXPECT_EQ(publisher.estimate(), before);
}

TEST(RembEstimator, StaysBetweenFloorAndCap) {
  RembEstimator estimator({.floor = DataRate::kbps(200), .start = DataRate::kbps(500), .cap = DataRate::kbps(1000)});
  auto now = Timestamp::from_micros(0);
  const auto look = [&](int packets, uint32_t lost) {
    for (int i = 0; i < packets; ++i) estimator.on_packet(now, 1200);
    estimator.on_lost(lost);
    now = now + RembEstimator::kLook;
    estimator.on_time(now);
  };
  for (int i = 0; i < 40; ++i) look(1000, 0);
  EXPECT_EQ(estimator.estimate(), DataRate::kbps(1000));
  for (int i = 0; i < 40; ++i) look(10, 90);
  EXPECT_EQ(estimator.estimate(), DataRate::kbps(200));
}

TEST(RembEstimator, SpeaksEverySecondAndAtOnceWhenItFell) {
  RembEstimator estimator;
  auto now = Timestamp::from_micros(0);
  EXPECT_TRUE(estimator.next_time().is_never());
  const auto look = [&](uint32_t lost) {
    for (int i = 0; i < 50; ++i) estimator.on_packet(now, 1200);
    estimator.on_lost(lost);
    EXPECT_EQ(estimator.next_time(), now + RembEstimator::kLook);
    now = now + RembEstimator::kLook;
    return estimator.on_time(now).has_value();
  };
  EXPECT_TRUE(look(0));
  EXPECT_FALSE(look(0));
  EXPECT_TRUE(look(0));
  EXPECT_TRUE(look(50));  // half a second after the last
  now = now + RembEstimator::kLook;
  EXPECT_FALSE(estimator.on_time(now));  // nothing comes
  EXPECT_TRUE(estimator.next_time().is_never());
}

}  // namespace
}  // namespace heliograph::bwe
