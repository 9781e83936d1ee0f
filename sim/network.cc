// SPDX-License-Identifier: Apache-2.0
#include "sim/network.h"

namespace heliograph::sim {

void Network::send(base::Timestamp now, const Link& link, const base::SocketAddress& from,
                   const base::SocketAddress& to, base::ConstBytes bytes) {
  const int copies = rng_.chance(link.loss) ? 0 : rng_.chance(link.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto extra =
        base::Duration::micros(static_cast<int64_t>(rng_.below(static_cast<uint64_t>(link.jitter.us()) + 1)));
    flights_.push({now + link.delay + extra, sent_++, from, to, {bytes.begin(), bytes.end()}});
  }
}

std::optional<Network::Flight> Network::take_due(base::Timestamp now) {
  if (flights_.empty() || flights_.top().at > now) return std::nullopt;
  Flight flight = flights_.top();
  flights_.pop();
  return flight;
}

}  // namespace heliograph::sim
