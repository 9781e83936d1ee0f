// SPDX-License-Identifier: Apache-2.0
#include "sfu/ladder.h"

#include <algorithm>
#include <utility>

namespace heliograph::sfu {

void Ladder::on_packet(base::Timestamp now, uint8_t layer, size_t bytes) {
  Rung& rung = rungs_[layer];
  if (!alive(now, layer)) {
    rung.since = now;
    rung.settled = false;
  }
  rung.heard = true;
  rung.last = now;
  rung.meter.add(now, bytes);
}

void Ladder::rank(base::Timestamp now) {
  const double passed = static_cast<double>((now - ranked_at_).us()) / static_cast<double>(kAveragedOver.us());
  ranked_at_ = now;
  for (uint8_t layer = 0; layer < kMaxLayers; ++layer) {
    if (!alive(now, layer) || now - rungs_[layer].since < kSettling) continue;
    average(now, rungs_[layer], std::clamp(passed, 0.0, 1.0));
    if (std::ranges::find(order_.begin(), order_.begin() + ranked_, layer) == order_.begin() + ranked_) insert(layer);
  }
  sort();
}

void Ladder::average(base::Timestamp now, Rung& rung, double weight) {
  const auto rate = static_cast<double>(rung.meter.rate(now).bps());
  rung.average += (rate - rung.average) * (rung.settled ? weight : 1);
  rung.settled = true;
}

void Ladder::insert(uint8_t layer) {
  const auto higher = std::ranges::find_if(order_.begin(), order_.begin() + ranked_, [&](uint8_t other) {
    return rungs_[other].average > rungs_[layer].average;
  });
  std::move_backward(higher, order_.begin() + ranked_, order_.begin() + ranked_ + 1);
  *higher = layer;
  ++ranked_;
}

// Those that are silent or not settled keep their places.
void Ladder::sort() {
  for (size_t high = 1; high < ranked_; ++high)
    for (size_t low = 0; low < high; ++low) {
      const Rung& lower = rungs_[order_[low]];
      const Rung& higher = rungs_[order_[high]];
      if (!lower.heard || !higher.heard || !lower.settled || !higher.settled) continue;
      if (lower.average > higher.average * kClearlyMore) std::swap(order_[low], order_[high]);
    }
}

std::optional<uint8_t> Ladder::choose(base::Timestamp now, plan::Layer wish) const {
  const auto is_alive = [&](uint8_t layer) { return alive(now, layer); };
  std::array<uint8_t, kMaxLayers> known = order_;
  size_t count = ranked_;
  if (std::none_of(known.begin(), known.begin() + count, is_alive)) {  // nothing to compare by yet: as they were named
    count = 0;
    for (uint8_t layer = 0; layer < kMaxLayers; ++layer)
      if (is_alive(layer)) known[count++] = layer;
  }
  if (count == 0) return std::nullopt;
  const size_t place = wish == plan::Layer::kLow ? 0 : wish == plan::Layer::kMedium ? (count - 1) / 2 : count - 1;
  for (size_t far = 0; far < kMaxLayers; ++far) {
    if (far <= place && is_alive(known[place - far])) return known[place - far];
    if (place + far < count && is_alive(known[place + far])) return known[place + far];
  }
  return std::nullopt;
}

}  // namespace heliograph::sfu
