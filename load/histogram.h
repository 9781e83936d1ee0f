// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace heliograph::load {

// Percentiles of very many spans in little memory: buckets that are 1/32 of their value wide, so that what comes out is
// at most 3.2 % above the truth. Exact under 64 µs.
class Histogram {
 public:
  void add(base::Duration span) {
    const auto us = static_cast<uint64_t>(span.us() < 0 ? 0 : span.us());
    ++buckets_[index(us)];
    ++count_;
    if (us > largest_) largest_ = us;
  }
  void add(const Histogram& other) {
    for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    if (other.largest_ > largest_) largest_ = other.largest_;
  }
  uint64_t count() const { return count_; }
  base::Duration largest() const { return base::Duration::micros(static_cast<int64_t>(largest_)); }
  // The smallest span that at least this part (0–1) of all are not above; zero when there are none.
  base::Duration quantile(double part) const;

 private:
  static constexpr int kBits = 5;  // 32 buckets for each doubling
  static constexpr size_t kBuckets = 64 * 32;

  static size_t index(uint64_t us) {
    const int shift = us < 64 ? 0 : static_cast<int>(std::bit_width(us)) - kBits - 1;
    return static_cast<size_t>(shift) * 32 + static_cast<size_t>(us >> shift);
  }
  static uint64_t upper_end(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t largest_ = 0;
};

}  // namespace heliograph::load
