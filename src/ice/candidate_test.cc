// SPDX-License-Identifier: Apache-2.0
#include "ice/candidate.h"

#include "gtest/gtest.h"

namespace heliograph::ice {
namespace {

// RFC 8839 section 5.1.
TEST(Candidate, ReadsTheExampleOfRfc8839) {
  const auto c =
      Candidate::parse("a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->foundation, "2");
  EXPECT_EQ(c->component, 1);
  EXPECT_FALSE(c->tcp);
  EXPECT_EQ(c->priority, 1694498815u);
  EXPECT_EQ(c->socket_address(), base::SocketAddress::parse("192.0.2.3:45664"));
  EXPECT_EQ(c->type, CandidateType::kServerReflexive);
  EXPECT_EQ(c->related_address, "203.0.113.141");
  EXPECT_EQ(c->related_port, 8998);
}

TEST(Candidate, ReadsWhatBrowsersSend) {
  const auto chromium = Candidate::parse(
      "candidate:1052353102 1 tcp 1518280447 192.168.0.196 9 typ host tcptype active generation 0 ufrag Ab+/ "
      "network-id 1 "
      "network-cost 10");
  ASSERT_TRUE(chromium);
  EXPECT_TRUE(chromium->tcp);
  EXPECT_EQ(chromium->tcp_type, "active");
  const auto mdns =
      Candidate::parse("candidate:0 1 UDP 2122252543 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 53443 typ host\r\n");
  ASSERT_TRUE(mdns);
  EXPECT_EQ(mdns->address, "9b36eaac-bb2e-49bb-bb78-21c41c499900.local");
  EXPECT_EQ(mdns->socket_address(), std::nullopt);
  const auto v6 = Candidate::parse("candidate:3 1 udp 2122262783 2001:db8::1 5000 typ host generation 0");
  EXPECT_EQ(v6->socket_address(), base::SocketAddress::parse("[2001:db8::1]:5000"));
}

TEST(Candidate, SkipsExtensionsItDoesNotKnow) {
  EXPECT_TRUE(Candidate::parse("candidate:1 1 udp 1 192.0.2.1 5 typ host foo bar raddr 0.0.0.0 rport 0 lonely"));
}

TEST(Candidate, RefusesWhatIsNone) {
  for (const auto* text : {"",
                           "candidate:",
                           "a=",
                           "end-of-candidates",
                           "candidate:1 1 udp 1 192.0.2.1 5 typ",
                           "candidate:1 1 udp 1 192.0.2.1 5",
                           "candidate:1 0 udp 1 192.0.2.1 5 typ host",
                           "candidate:1 257 udp 1 192.0.2.1 5 typ host",
                           "candidate:1 1 sctp 1 192.0.2.1 5 typ host",
                           "candidate:1 1 udp 4294967296 192.0.2.1 5 typ host",
                           "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
                           "candidate:1 1 udp 1 192.0.2.1 5 typ guess",
                           "candidate:1 1 udp 1 192.0.2.1 5 host typ",
                           "candidate:1 1 udp -1 192.0.2.1 5 typ host",
                           "candidate:a-b 1 udp 1 192.0.2.1 5 typ host",
                           "candidate:1 1 udp 1 192.0.2.1 5 typ host tcptype up",
                           "candidate:1 1 udp 1 192.0.2.1 5 typ host rport x",
                           "candidate:1 1 udp 1 <script> 5 typ host",
                           "candidate:1 1 udp 1 192.0.2.1 5 typ host\r\na=x",
                           "candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 5 typ host"})
    EXPECT_FALSE(Candidate::parse(text)) << text;
}

TEST(Candidate, WhatItPrintsItReads) {
  const Candidate c{.foundation = "a+/9",
                    .component = 1,
                    .tcp = true,
                    .priority = candidate_priority(CandidateType::kRelayed, 7, 1),
                    .address = "2001:db8::1",
                    .port = 9,
                    .type = CandidateType::kRelayed,
                    .related_address = "192.0.2.9",
                    .related_port = 8,
                    .tcp_type = "passive"};
  EXPECT_EQ(c.to_string(), "candidate:a+/9 1 tcp 2047 2001:db8::1 9 typ relay raddr 192.0.2.9 rport 8 tcptype passive");
  EXPECT_EQ(Candidate::parse(c.to_string()), c);
  EXPECT_EQ(Candidate::parse("a=" + c.to_string()), c);
}

// RFC 8445 section 5.1.2.1: 2^24·type + 2^8·local + (256 − component).
TEST(CandidatePriority, IsRfc8445s) {
  EXPECT_EQ(candidate_priority(CandidateType::kHost, 65'535, 1), 2'130'706'431u);
  EXPECT_EQ(candidate_priority(CandidateType::kServerReflexive, 65'535, 1), 1'694'498'815u);
  EXPECT_EQ(candidate_priority(CandidateType::kPeerReflexive, 65'535, 2), 1'862'270'974u);
  EXPECT_EQ(candidate_priority(CandidateType::kRelayed, 0, 256), 0u);
}

}  // namespace
}  // namespace heliograph::ice
