// SPDX-License-Identifier: Apache-2.0
#include "origin/waiting.h"

#include <algorithm>
#include <iterator>

namespace heliograph::origin {

void sweep(base::Timestamp now, std::vector<Waiter>& waiters, std::vector<Waiter>& late) {
  std::erase_if(waiters, [](const Waiter& waiter) { return waiter.reply->gone(); });
  // Most of the time nobody is late, and nothing is moved.
  const auto is_late = [now](const Waiter& waiter) { return waiter.until <= now; };
  if (std::ranges::none_of(waiters, is_late)) return;
  std::ranges::move(take_if(waiters, is_late), std::back_inserter(late));
}

void PointQueue::sweep(base::Timestamp now, std::vector<Waiter>& late) {
  for (auto& [point, waiters] : waiters_) origin::sweep(now, waiters, late);
  std::erase_if(waiters_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace heliograph::origin
