// SPDX-License-Identifier: Apache-2.0
#include "bwe/remb_estimator.h"

#include <algorithm>
#include <cmath>

namespace heliograph::bwe {
namespace {

constexpr double kLowLoss = 0.02;
constexpr double kHighLoss = 0.10;
constexpr double kGrowth = 1.08;       // a second
constexpr double kStartGrowth = 1.5;   // a second, until the first loss
constexpr double kUnusedHeadroom = 2;  // the estimate grows up to this many times what arrives

}  // namespace

void RembEstimator::on_packet(base::Timestamp now, size_t size) {
  if (next_look_.is_never()) begin_look(now);
  bytes_ += static_cast<int64_t>(size);
  ++received_;
}

void RembEstimator::begin_look(base::Timestamp now) {
  look_start_ = now;
  next_look_ = now + kLook;
  bytes_ = 0;
  received_ = 0;
  lost_ = 0;
}

std::optional<base::DataRate> RembEstimator::on_time(base::Timestamp now) {
  if (now < next_look_) return std::nullopt;
  const bool silent = received_ == 0;
  const bool fell = look(now);
  begin_look(now);
  if (silent) next_look_ = base::Timestamp::never();  // until a packet comes
  if (silent || (!fell && now < next_report_)) return std::nullopt;
  next_report_ = now + kRepeat;
  return estimate_;
}

// True when the estimate fell.
bool RembEstimator::look(base::Timestamp now) {
  const uint32_t expected = received_ + lost_;
  if (expected < kMinPackets) return false;
  const double loss = static_cast<double>(lost_) / expected;
  const auto received = base::DataRate::of(bytes_, now - look_start_);
  lossless_ = lossless_ && loss < kLowLoss;
  const auto before = estimate_;
  if (loss > kHighLoss) estimate_ = within_limits(std::min(estimate_, received * (1 - loss / 2)));
  if (loss < kLowLoss) increase(received, now - look_start_);
  return estimate_ < before;
}

void RembEstimator::increase(base::DataRate received, base::Duration span) {
  const double factor = std::pow(lossless_ ? kStartGrowth : kGrowth, span.to_seconds());
  const auto useful = std::max(options_.start, received * kUnusedHeadroom);
  estimate_ = within_limits(std::max(estimate_, std::min(estimate_ * factor, useful)));
}

base::DataRate RembEstimator::within_limits(base::DataRate rate) const {
  return std::clamp(rate, options_.floor, options_.cap);
}

}  // namespace heliograph::bwe
