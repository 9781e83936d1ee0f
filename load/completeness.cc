// SPDX-License-Identifier: Apache-2.0
#include "load/completeness.h"

#include <algorithm>

namespace heliograph::load {

Completeness::Arrival Completeness::add(int64_t number) {
  if (!first_) first_ = newest_ = number;
  const bool next = received_ == 0 || number == newest_ + 1;
  const bool late = received_ > 0 && number <= newest_;
  if (late && (number <= newest_ - kWindow || seen_[slot(number)])) return ++duplicates_, Arrival::kDuplicate;
  if (number > newest_) advance(number);
  seen_.set(slot(number));
  first_ = std::min(*first_, number);
  ++received_;
  if (late) return ++late_, Arrival::kLate;
  return next ? Arrival::kNext : Arrival::kAhead;
}

// The slots of the numbers in between are of an older lap.
void Completeness::advance(int64_t number) {
  for (int64_t n = std::max(newest_ + 1, number - kWindow + 1); n < number; ++n) seen_.reset(slot(n));
  newest_ = number;
}

uint64_t Completeness::expected(std::optional<int64_t> last) const {
  if (!first_) return 0;
  return static_cast<uint64_t>(std::max(last.value_or(newest_), newest_) - *first_ + 1);
}

}  // namespace heliograph::load
