// SPDX-License-Identifier: Apache-2.0
#include "server/address_limits.h"

#include <algorithm>
#include <iterator>

namespace heliograph::server {
namespace {

constexpr int64_t kOne = 1'000'000;
// However many strangers come, the table is not gone through more often.
constexpr base::Duration kBetweenSweeps = base::Duration::seconds(1);

}  // namespace

// One microsecond brings per_second millionths.
void AddressLimits::refill(base::Timestamp now, Place& place) const {
  const int64_t full = rules_.burst * kOne;
  const int64_t passed = std::clamp<int64_t>((now - place.at).us(), 0, full);
  place.micros = passed >= full / std::max<int64_t>(rules_.per_second, 1) + 1
                     ? full
                     : std::min(full, place.micros + passed * rules_.per_second);
  place.at = now;
}

// Those with a full bucket and no connection are as good as new.
void AddressLimits::sweep(base::Timestamp now) {
  for (auto at = places_.begin(); at != places_.end();) {
    auto& place = at->second;
    refill(now, place);
    const bool as_new = place.connections == 0 && (rules_.per_second == 0 || place.micros == rules_.burst * kOne);
    at = as_new ? places_.erase(at) : std::next(at);
  }
  next_sweep_ = now + kBetweenSweeps;
  sweep_at_ = std::min(kMaxAddresses, std::max<size_t>(1'024, 2 * places_.size()));
}

AddressLimits::Place& AddressLimits::place_of(base::Timestamp now, const base::IpAddress& address) {
  if (const auto found = places_.find(address); found != places_.end()) return found->second;
  if (places_.size() >= sweep_at_ && now >= next_sweep_) sweep(now);
  if (places_.size() >= kMaxAddresses) return shared_;
  return places_.emplace(address, Place{now, rules_.burst * kOne, 0}).first->second;
}

base::Duration AddressLimits::take(base::Timestamp now, const base::IpAddress& address) {
  if (rules_.per_second == 0 && rules_.connections == 0) return {};
  auto& place = place_of(now, address);
  if (rules_.per_second == 0) return {};
  refill(now, place);
  if (place.micros < kOne) return base::Duration::micros((kOne - place.micros) / rules_.per_second + 1);
  place.micros -= kOne;
  return {};
}

bool AddressLimits::is_full(const base::IpAddress& address) const {
  if (rules_.connections == 0) return false;
  const auto found = places_.find(address);
  const auto& place = found == places_.end() ? shared_ : found->second;
  return place.connections >= rules_.connections;
}

void AddressLimits::opened(base::Timestamp now, const base::IpAddress& address) {
  if (rules_.connections > 0) ++place_of(now, address).connections;
}

void AddressLimits::closed(const base::IpAddress& address) {
  const auto found = places_.find(address);
  auto& place = found == places_.end() ? shared_ : found->second;
  if (place.connections > 0) --place.connections;
}

size_t AddressLimits::full() const {
  if (rules_.connections == 0) return 0;
  return static_cast<size_t>(std::ranges::count_if(
      places_, [&](const auto& entry) { return entry.second.connections >= rules_.connections; }));
}

}  // namespace heliograph::server
