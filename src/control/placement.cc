// SPDX-License-Identifier: Apache-2.0
#include "control/placement.h"

#include <algorithm>

#include "base/check.h"

namespace heliograph::control {

template <class Cost>
plan::ShardIndex Placement::cheapest(Cost cost) {
  const size_t first = next_;
  size_t best = first;
  for (size_t i = 1; i < shards_.size(); ++i) {
    const size_t shard = (first + i) % shards_.size();
    if (cost(shard) < cost(best)) best = shard;
  }
  next_ = (best + 1) % shards_.size();
  return static_cast<plan::ShardIndex>(best);
}

plan::ShardIndex Placement::of_publisher() {
  return cheapest([this](size_t shard) { return load(static_cast<plan::ShardIndex>(shard)); });
}

plan::ShardIndex Placement::of_viewer(const plan::PublicationId& publication) {
  const auto viewers = viewers_.find(publication.number);
  return cheapest([&](size_t shard) {
    const bool there = shard == publication.home || (viewers != viewers_.end() && viewers->second[shard] > 0);
    return load(static_cast<plan::ShardIndex>(shard)) + (there ? 0 : kCrossing);
  });
}

void Placement::add(plan::ShardIndex shard, const plan::PublicationId& watched) {
  ++shards_.at(shard).peers;
  if (watched.number == 0) return;
  auto& viewers = viewers_.try_emplace(watched.number, shards_.size()).first->second;
  ++viewers[shard];
}

void Placement::weigh(plan::ShardIndex shard, PacketRate before, PacketRate now) {
  auto& booked = shards_.at(shard).booked;
  CHECK(booked >= before);
  booked += now - before;
}

void Placement::remove(plan::ShardIndex shard, const plan::PublicationId& watched) {
  --shards_.at(shard).peers;
  const auto it = viewers_.find(watched.number);
  if (it == viewers_.end()) return;
  --it->second[shard];
  if (std::ranges::all_of(it->second, [](uint32_t n) { return n == 0; })) viewers_.erase(it);
}

void Placement::measured(std::span<const PacketRate> rates) {
  for (size_t i = 0; i < std::min(rates.size(), shards_.size()); ++i) {
    shards_[i].measured = rates[i];
    shards_[i].booked_then = shards_[i].booked;
  }
}

// Who came since the measure counts on top of it, who went is taken off.
PacketRate Placement::load(plan::ShardIndex shard) const {
  const auto& s = shards_[shard];
  const auto since = s.measured + s.booked;
  return std::max(s.booked, since > s.booked_then ? since - s.booked_then : 0);
}

std::vector<PacketRate> Placement::loads() const {
  std::vector<PacketRate> loads;
  for (size_t i = 0; i < shards_.size(); ++i) loads.push_back(load(static_cast<plan::ShardIndex>(i)));
  return loads;
}

std::vector<size_t> Placement::peers() const {
  std::vector<size_t> counts;
  for (const auto& shard : shards_) counts.push_back(shard.peers);
  return counts;
}

}  // namespace heliograph::control
