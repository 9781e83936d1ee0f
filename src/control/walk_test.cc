// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/rng.h"
#include "control/test_walk.h"

namespace heliograph::control {
namespace {

std::vector<uint8_t> random_bytes(uint64_t seed, size_t count) {
  base::Rng rng(seed);
  std::vector<uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(rng());
  return bytes;
}

// After every call the shards, who know Commands only, have exactly routes(room); a peer is closed only when nothing
// leads to or from it; no text goes to a connection that is not open, and what concerns a room to nobody outside; no
// text changes what is another user's, unless it is a KICK or an ACCEPT of somebody who may; every code is of its
// signal's set; when all are gone nothing is left.
TEST(Walk, TheLawsHoldWhateverHappens) {
  size_t routes = 0, takeovers = 0, accepted = 0;
  for (uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE(seed);
    const auto bytes = random_bytes(seed, 2'000);
    Walk walk(bytes);
    walk.run();
    accepted += walk.accepted();
    std::set<plan::PublicationId> published;
    for (const auto& command : walk.world().commands) {
      routes += std::holds_alternative<plan::Route>(command);
      if (const auto* publish = std::get_if<plan::Publish>(&command))
        takeovers += !published.insert(publish->publication).second;
    }
  }
  EXPECT_GT(routes, 50u);
  EXPECT_GT(takeovers, 50u);
  EXPECT_GT(accepted, 2'000u);
}

}  // namespace
}  // namespace heliograph::control
