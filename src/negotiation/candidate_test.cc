// SPDX-License-Identifier: Apache-2.0
#include "negotiation/candidate.h"

#include <gtest/gtest.h>

namespace heliograph::negotiation {
namespace {

TEST(Candidate, MayBeOneThatWeCannotUse) {  // B-41
  EXPECT_TRUE(is_candidate("candidate:1 1 udp 1 192.0.2.1 9 typ host"));
  EXPECT_TRUE(is_candidate("candidate:1 1 udp 1 5d3a.local 9 typ host"));
  EXPECT_TRUE(is_candidate("candidate:1 1 tcp 1 2001:db8::1 9 typ host tcptype active"));
  EXPECT_FALSE(is_candidate("candidate:1 1 udp"));
}

}  // namespace
}  // namespace heliograph::negotiation
