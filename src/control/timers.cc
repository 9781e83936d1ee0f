// SPDX-License-Identifier: Apache-2.0
#include "control/timers.h"

namespace heliograph::control {

void Timers::set(const TimerKey& key, base::Timestamp when) {
  cancel(key);
  when_.emplace(key, when);
  order_.emplace(when, key);
}

void Timers::cancel(const TimerKey& key) {
  const auto it = when_.find(key);
  if (it == when_.end()) return;
  order_.erase({it->second, key});
  when_.erase(it);
}

std::optional<TimerKey> Timers::take_due(base::Timestamp now) {
  if (next() > now || order_.empty()) return std::nullopt;
  auto key = order_.begin()->second;
  cancel(key);
  return key;
}

}  // namespace heliograph::control
