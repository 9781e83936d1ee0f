// SPDX-License-Identifier: Apache-2.0
#include "load/histogram.h"

#include <algorithm>
#include <cmath>

namespace heliograph::load {

uint64_t Histogram::upper_end(size_t bucket) {
  if (bucket < 64) return bucket;
  const size_t shift = bucket / 32 - 1;
  return ((bucket - shift * 32 + 1) << shift) - 1;
}

base::Duration Histogram::quantile(double part) const {
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(part * static_cast<double>(count_))));
  uint64_t below = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    below += buckets_[i];
    if (count_ > 0 && below >= rank)
      return base::Duration::micros(static_cast<int64_t>(std::min(upper_end(i), largest_)));
  }
  return {};
}

}  // namespace heliograph::load
