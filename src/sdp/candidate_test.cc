// SPDX-License-Identifier: Apache-2.0
#include "sdp/candidate.h"

#include <gtest/gtest.h>

namespace heliograph::sdp {
namespace {

TEST(Candidate, IsReadInAllOfItsForms) {  // B-41
  const Candidate expected{.foundation = "1",
                           .component = 1,
                           .transport = "udp",
                           .priority = 2130706431,
                           .address = "10.97.0.1",
                           .port = 41068,
                           .type = "srflx",
                           .extensions = "raddr 0.0.0.0 rport 9 generation 0"};
  const std::string body = "1 1 udp 2130706431 10.97.0.1 41068 typ srflx raddr 0.0.0.0 rport 9 generation 0";
  EXPECT_EQ(parse_candidate(body), expected);
  EXPECT_EQ(parse_candidate("candidate:" + body), expected);
  EXPECT_EQ(parse_candidate("a=candidate:" + body), expected);
  EXPECT_EQ(to_string(expected), body);
}

TEST(Candidate, MayBeTcpOrANameOrIpv6) {
  EXPECT_TRUE(parse_candidate("candidate:2 1 TCP 2105524479 2001:db8::7 9 typ host tcptype active"));
  EXPECT_TRUE(parse_candidate("candidate:2 2 udp 1 1c7a.local 9 typ host"));
}

TEST(Candidate, IsRefusedWhenItIsNone) {
  for (const char* text : {"", "candidate:", "candidate:1 1 udp 1 1.1.1.1 9", "candidate:1 1 udp 1 1.1.1.1 9 type host",
                           "candidate:1 x udp 1 1.1.1.1 9 typ host", "candidate:1 1 udp 1 1.1.1.1 65536 typ host",
                           "candidate:1 0 udp 1 1.1.1.1 9 typ host", "candidate:1 1 udp -1 1.1.1.1 9 typ host",
                           "candidate:1 1 udp 1 1.1.1.1 9 typ host\r\na=x"}) {
    EXPECT_FALSE(parse_candidate(text)) << text;
  }
}

}  // namespace
}  // namespace heliograph::sdp
