// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace heliograph::sfu {

// Which packets of one source are missing, and when to ask for them (RFC 4585 section 6.2.1). Also the filter for what
// comes twice: a retransmission of something that arrived meanwhile.
class NackTracker {
 public:
  static constexpr size_t kMaxMissing = 256;  // more at once: the list is given up, a keyframe is cheaper
  static constexpr int64_t kMaxAge = 1024;    // packets behind the newest
  static constexpr int kMaxAttempts = 10;
  static constexpr base::Duration kFirstWait = base::Duration::millis(5);  // a little reordering is no loss
  static constexpr base::Duration kMinRetry = base::Duration::millis(25);

  NackTracker() { missing_.reserve(kMaxMissing); }

  enum class Arrival { kNew, kRecovered, kDuplicate };
  // sequence: unwrapped.
  Arrival on_packet(base::Timestamp now, int64_t sequence);
  // Appends the numbers to ask for now; each again after one round trip (at least kMinRetry) until it comes or
  // kMaxAttempts. Returns how many of them are asked for the first time.
  uint32_t collect(base::Timestamp now, base::Duration rtt, std::vector<uint16_t>& out);
  // When something may be to be asked for; costs nothing.
  base::Timestamp next_time() const { return next_; }
  // True once after packets were given up: the gap was too large, or they never came.
  bool take_gave_up();

 private:
  struct Missing {
    int64_t sequence;
    base::Timestamp ask_at;
    int attempts = 0;
  };
  void note_gap(base::Timestamp now, int64_t from, int64_t to);

  std::optional<int64_t> newest_;
  std::vector<Missing> missing_;                     // ascending
  base::Timestamp next_ = base::Timestamp::never();  // none of missing_ is due before
  bool gave_up_ = false;
};

}  // namespace heliograph::sfu
