// SPDX-License-Identifier: Apache-2.0
#include "control/message_rates.h"

#include <algorithm>

namespace heliograph::control {
namespace {

// Whoever has an IPv6 address has the 2^64 beside it (RFC 6177): they count as one.
std::string name_of(const base::IpAddress& address) {
  const auto bytes = address.bytes();
  const auto network = bytes.first(std::min<size_t>(bytes.size(), 8));
  return "a" + std::string(network.begin(), network.end());
}

}  // namespace

base::Duration MessageRates::of_user(base::Timestamp now, const std::string& user_id) {
  return take(now, "u" + user_id, /*by_user=*/true);
}

base::Duration MessageRates::of_address(base::Timestamp now, const base::IpAddress& address) {
  return take(now, name_of(address), /*by_user=*/false);
}

base::Duration MessageRates::take(base::Timestamp now, const std::string& key, bool by_user) {
  const double per_second = rate(by_user).messages_per_second;
  if (per_second <= 0) return {};
  auto& b = bucket(now, key, by_user);
  refill(now, b);
  const bool passes = b.tokens >= 1;
  b.tokens = std::max(b.tokens - 1, -per_second);
  if (passes) return {};
  return base::Duration::millis(base::Duration::from_seconds((1 - b.tokens) / per_second).ms() + 1);  // rounded up
}

MessageRates::Bucket& MessageRates::bucket(base::Timestamp now, const std::string& key, bool by_user) {
  if (const auto it = buckets_.find(key); it != buckets_.end()) return it->second;
  if (buckets_.size() >= std::min(sweep_at_, limits_.rate_buckets) && now >= next_sweep_) sweep(now);
  const Bucket full{.tokens = capacity(by_user), .at = now, .by_user = by_user};
  if (buckets_.size() < limits_.rate_buckets) return buckets_.emplace(key, full).first->second;
  auto& shared = shared_[by_user ? 1 : 0];
  if (shared.at == base::Timestamp()) shared = full;
  return shared;
}

void MessageRates::refill(base::Timestamp now, Bucket& bucket) const {
  const double gained = (now - bucket.at).to_seconds() * rate(bucket.by_user).messages_per_second;
  bucket.tokens = std::min(bucket.tokens + gained, capacity(bucket.by_user));
  bucket.at = now;
}

void MessageRates::sweep(base::Timestamp now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    auto bucket = entry.second;
    refill(now, bucket);
    return bucket.tokens >= capacity(bucket.by_user);
  });
  // Seldom enough that it costs each message next to nothing.
  sweep_at_ = std::max<size_t>(1'024, 2 * buckets_.size());
  next_sweep_ = now + base::Duration::seconds(1);
}

}  // namespace heliograph::control
