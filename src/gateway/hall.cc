// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "gateway/connection.h"

namespace heliograph::gateway {

bool Hall::make_room() {
  const bool full = counters.sockets_open >= limits.max_sockets;
  if (!full && waiting.size() < limits.max_waiting) return true;
  if (waiting.empty() && answering.empty()) return false;
  counters.refuse(Refused::kCrowdedOut);
  (waiting.empty() ? answering : waiting).front()->drop();
  return true;
}

void Hall::relieve() {
  if (counters.held_bytes <= limits.max_held_bytes) return;
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [id, connection] : open)
    if (connection->held_bytes() > 0) all.push_back(connection);
  std::ranges::sort(all, std::ranges::greater(), [](const auto& c) { return c->held_bytes(); });
  const size_t enough = limits.max_held_bytes / 4 * 3;
  for (const auto& connection : all) {
    if (counters.held_bytes <= enough) return;
    ++counters.shed;
    connection->shed();
  }
}

}  // namespace heliograph::gateway
