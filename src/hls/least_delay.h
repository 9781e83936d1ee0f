// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace heliograph::hls {

// The least of what was measured in the last 5 to 10 s. A packet may wait anywhere, but none is faster than its path:
// the least difference between arrival and timestamp is the path's, free of jitter. Older measurements go, since two
// clocks drift apart, and a path may become longer.
class LeastDelay {
 public:
  static constexpr base::Duration kBucket = base::Duration::seconds(5);

  void add(base::Timestamp now, base::Duration delay) {
    if (!newer_) return restart(now, delay);
    if (now - newer_->since >= kBucket) {
      older_ = newer_;  // however long ago: one late packet after a pause must not be all that is known
      newer_ = Bucket{now, delay};
    }
    newer_->least = std::min(newer_->least, delay);
  }
  void restart(base::Timestamp now, base::Duration delay) {
    older_.reset();
    newer_ = Bucket{now, delay};
  }
  // After an add().
  base::Duration least() const { return older_ ? std::min(older_->least, newer_->least) : newer_->least; }

 private:
  struct Bucket {
    base::Timestamp since;
    base::Duration least;
  };
  std::optional<Bucket> older_;
  std::optional<Bucket> newer_;
};

}  // namespace heliograph::hls
