// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "base/slot_map.h"
#include "base/time.h"

namespace heliograph::base {

// When each of many things wants to be woken next. An entry that was overtaken by an earlier one, or whose thing has
// gone, comes up all the same: who asks looks the handle up and does what is due, which may be nothing.
class DeadlineQueue {
 public:
  void add(Timestamp when, Handle handle) {
    if (when.is_never()) return;
    heap_.push_back({when, handle});
    std::ranges::push_heap(heap_, later);
  }
  // The next thing that is due, once.
  std::optional<Handle> take_due(Timestamp now) {
    if (heap_.empty() || heap_.front().when > now) return std::nullopt;
    std::ranges::pop_heap(heap_, later);
    const Handle handle = heap_.back().handle;
    heap_.pop_back();
    return handle;
  }
  Timestamp next_time() const { return heap_.empty() ? Timestamp::never() : heap_.front().when; }
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Timestamp when;
    Handle handle;
  };
  static bool later(const Entry& a, const Entry& b) { return a.when > b.when; }

  std::vector<Entry> heap_;
};

}  // namespace heliograph::base
