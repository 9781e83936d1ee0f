// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "base/time.h"

namespace heliograph::sfu {

// Merges the wishes of all viewers of a layer for a keyframe into as few requests to the publisher as bring one: asked
// at once, not more often than kMinInterval, again with growing patience until it comes. Owned by the layer, on the
// publisher's shard.
class KeyframeGate {
 public:
  static constexpr base::Duration kMinInterval = base::Duration::millis(500);
  static constexpr base::Duration kMaxInterval = base::Duration::seconds(4);

  void request(base::Timestamp now) {
    if (wanted_) return;
    wanted_ = true;
    interval_ = kMinInterval;
    ask_at_ = std::max(now, last_asked_ + kMinInterval);
  }
  void on_keyframe() { wanted_ = false; }
  // True when a request is to be sent now; it then counts as sent.
  bool take_due(base::Timestamp now) {
    if (!wanted_ || now < ask_at_) return false;
    last_asked_ = now;
    ask_at_ = now + interval_;
    interval_ = std::min(interval_ * 2, kMaxInterval);
    return true;
  }
  base::Timestamp next_time() const { return wanted_ ? ask_at_ : base::Timestamp::never(); }
  bool wanted() const { return wanted_; }

 private:
  bool wanted_ = false;
  base::Timestamp last_asked_ = base::Timestamp() - kMinInterval;
  base::Timestamp ask_at_;
  base::Duration interval_ = kMinInterval;
};

}  // namespace heliograph::sfu
