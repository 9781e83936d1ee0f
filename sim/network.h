// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "base/datagrams.h"
#include "base/rng.h"
#include "base/time.h"

namespace heliograph::sim {

// What a path does to datagrams, in each direction.
struct Link {
  base::Duration delay = base::Duration::millis(10);
  base::Duration jitter;  // up to this much more, each for itself: datagrams overtake each other
  double loss = 0;        // probability
  double duplication = 0;
};

// Datagrams under way, delivered in the order of virtual time.
class Network {
 public:
  explicit Network(uint64_t seed) : rng_(seed) {}

  struct Flight {
    base::Timestamp at;
    uint64_t order = 0;
    base::SocketAddress from;
    base::SocketAddress to;
    std::vector<uint8_t> bytes;
  };
  void send(base::Timestamp now, const Link& link, const base::SocketAddress& from, const base::SocketAddress& to,
            base::ConstBytes bytes);
  std::optional<Flight> take_due(base::Timestamp now);
  base::Timestamp next_time() const { return flights_.empty() ? base::Timestamp::never() : flights_.top().at; }

 private:
  struct Later {
    bool operator()(const Flight& a, const Flight& b) const {
      return std::tie(a.at, a.order) > std::tie(b.at, b.order);
    }
  };
  base::Rng rng_;
  uint64_t sent_ = 0;
  std::priority_queue<Flight, std::vector<Flight>, Later> flights_;
};

}  // namespace heliograph::sim
