// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heliograph::sdp {

// What follows a=candidate: (RFC 8839 section 5.1).
struct Candidate {
  std::string foundation;
  uint32_t component = 1;  // 1: RTP (and RTCP when muxed)
  std::string transport;   // "udp", "tcp", as written
  uint32_t priority = 0;   // RFC 8445 section 5.1.2
  std::string address;     // an IP address or a name (.local)
  uint16_t port = 0;
  std::string type;        // "host", "srflx", "prflx", "relay", or one that is not known yet
  std::string extensions;  // "raddr 0.0.0.0 rport 9 generation 0 …"; empty when none

  bool operator==(const Candidate&) const = default;
};

// Takes "candidate:…", "a=candidate:…" or what follows; nullopt when it is none.
std::optional<Candidate> parse_candidate(std::string_view text);

// What follows a=candidate:.
std::string to_string(const Candidate& candidate);

}  // namespace heliograph::sdp
