// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "base/time.h"

namespace heliograph::server {

// When memory that the allocator has free goes back to the system. A handshake takes 41 KB for a second or two, and
// what is kept for each viewer comes to lie between: a burst of joins leaves pages that nobody uses. To give
// them back takes the allocator's locks, so it is rare, and on the gateway's thread: no shard allocates for a packet.
class MemoryTrim {
 public:
  static constexpr base::Duration kSettling = base::Duration::seconds(5);  // handshakes have ended by then
  static constexpr base::Duration kApart = base::Duration::seconds(10);

  // A peer came or went.
  void stir(base::Timestamp now) {
    if (next_.is_never()) next_ = std::max(now + kSettling, last_ + kApart);
  }
  base::Timestamp next_time() const { return next_; }
  // True when it is time, once.
  bool take_due(base::Timestamp now) {
    if (now < next_) return false;
    last_ = now;
    next_ = base::Timestamp::never();
    return true;
  }

 private:
  base::Timestamp last_;
  base::Timestamp next_ = base::Timestamp::never();
};

}  // namespace heliograph::server
