// SPDX-License-Identifier: Apache-2.0
#include "sfu/nack_tracker.h"

#include <algorithm>
#include <utility>

namespace heliograph::sfu {

NackTracker::Arrival NackTracker::on_packet(base::Timestamp now, int64_t sequence) {
  if (!newest_ || sequence > *newest_) {
    if (newest_) note_gap(now, *newest_ + 1, sequence);
    newest_ = sequence;
    return Arrival::kNew;
  }
  const auto found = std::ranges::lower_bound(missing_, sequence, {}, &Missing::sequence);
  if (found == missing_.end() || found->sequence != sequence) return Arrival::kDuplicate;
  missing_.erase(found);
  return Arrival::kRecovered;
}

void NackTracker::note_gap(base::Timestamp now, int64_t from, int64_t to) {
  if (std::erase_if(missing_, [&](const Missing& m) { return m.sequence < to - kMaxAge; }) > 0) gave_up_ = true;
  if (missing_.size() + static_cast<size_t>(to - from) > kMaxMissing) {
    missing_.clear();
    gave_up_ = true;
    return;
  }
  for (int64_t s = from; s < to; ++s) missing_.push_back({s, now + kFirstWait});
  if (from < to) next_ = std::min(next_, now + kFirstWait);
}

uint32_t NackTracker::collect(base::Timestamp now, base::Duration rtt, std::vector<uint16_t>& out) {
  if (now < next_) return 0;
  uint32_t first_time = 0;
  for (auto& m : missing_) {
    if (m.ask_at > now) continue;
    if (++m.attempts == 1) ++first_time;
    m.ask_at = now + std::max(rtt, kMinRetry);
    if (m.attempts <= kMaxAttempts) out.push_back(static_cast<uint16_t>(m.sequence));
  }
  if (std::erase_if(missing_, [](const Missing& m) { return m.attempts > kMaxAttempts; }) > 0) gave_up_ = true;
  next_ = base::Timestamp::never();
  for (const auto& m : missing_) next_ = std::min(next_, m.ask_at);
  return first_time;
}

bool NackTracker::take_gave_up() { return std::exchange(gave_up_, false); }

}  // namespace heliograph::sfu
