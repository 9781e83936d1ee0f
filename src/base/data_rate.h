// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

#include "base/time.h"

namespace heliograph::base {

// A rate of data, in whole bits per second; never negative.
class DataRate {
 public:
  constexpr DataRate() = default;
  static constexpr DataRate bps(int64_t bits) { return DataRate(std::max<int64_t>(bits, 0)); }
  static constexpr DataRate kbps(int64_t kbits) { return bps(kbits * 1000); }
  // bytes over span; zero when the span is not positive.
  static constexpr DataRate of(int64_t bytes, Duration span) {
    return span.us() <= 0 ? DataRate() : bps(bytes * 8'000'000 / span.us());
  }

  constexpr int64_t bps() const { return bps_; }
  constexpr auto operator<=>(const DataRate&) const = default;
  constexpr DataRate operator+(DataRate o) const { return DataRate(bps_ + o.bps_); }
  constexpr DataRate operator*(double k) const { return bps(static_cast<int64_t>(static_cast<double>(bps_) * k)); }

 private:
  explicit constexpr DataRate(int64_t bits) : bps_(bits) {}
  int64_t bps_ = 0;
};

}  // namespace heliograph::base
