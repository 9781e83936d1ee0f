// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/data_rate.h"
#include "base/time.h"

namespace heliograph::sfu {

// The rate of the last second, in eight slots; reading it costs nothing per packet.
class RateMeter {
 public:
  void add(base::Timestamp now, size_t bytes) {
    advance(now);
    slots_[slot_ % kSlots] += static_cast<int64_t>(bytes);
    total_ += static_cast<int64_t>(bytes);
  }
  base::DataRate rate(base::Timestamp now) {
    advance(now);
    return base::DataRate::of(total_, kSlot * kSlots);
  }

 private:
  static constexpr int64_t kSlots = 8;
  static constexpr base::Duration kSlot = base::Duration::millis(125);

  void advance(base::Timestamp now) {
    const int64_t slot = now.us() / kSlot.us();
    if (slot - slot_ >= kSlots) {
      slots_ = {};
      total_ = 0;
      slot_ = slot;
    }
    while (slot_ < slot) {
      total_ -= slots_[++slot_ % kSlots];
      slots_[slot_ % kSlots] = 0;
    }
  }

  std::array<int64_t, kSlots> slots_{};
  int64_t slot_ = 0;
  int64_t total_ = 0;
};

}  // namespace heliograph::sfu
