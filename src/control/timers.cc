// SPDX-License-Identifier: Apache-2.0
#include "control/timers.h"

namespace heliograph::control {

void Timers::set(const TimerKey& key, base::Timestamp when) {
  const auto [it, is_new] = when_.try_emplace(key, when);
  if (!is_new) order_.erase({it->second, &it->first});
  it->second = when;
  order_.emplace(when, &it->first);
}

void Timers::cancel(const TimerKey& key) {
  const auto it = when_.find(key);
  if (it == when_.end()) return;
  order_.erase({it->second, &it->first});
  when_.erase(it);
}

std::optional<TimerKey> Timers::take_due(base::Timestamp now) {
  if (next() > now || order_.empty()) return std::nullopt;
  auto taken = when_.extract(*order_.begin()->second);
  order_.erase(order_.begin());
  return std::move(taken.key());
}

}  // namespace heliograph::control
