// SPDX-License-Identifier: Apache-2.0
// The candidate attribute of SDP (RFC 8839 section 5.1, RFC 6544 section 4.5 for TCP).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/socket_address.h"

namespace heliograph::ice {

enum class CandidateType : uint8_t { kHost, kServerReflexive, kPeerReflexive, kRelayed };

struct Candidate {
  std::string foundation;  // 1–32 ice-chars
  uint16_t component = 1;  // 1–256
  bool tcp = false;
  uint32_t priority = 0;
  std::string address;  // an IP address or a name, as it was written (mDNS: "….local")
  uint16_t port = 0;
  CandidateType type = CandidateType::kHost;
  std::optional<std::string> related_address;  // raddr
  std::optional<uint16_t> related_port;        // rport
  std::string tcp_type;                        // active, passive, so; empty without

  // "candidate:…" or "a=candidate:…", with surrounding blanks and line ends. Unknown extension pairs are skipped.
  // nullopt for anything else, an unknown transport or type included.
  static std::optional<Candidate> parse(std::string_view text);
  // "candidate:…" without "a=".
  std::string to_string() const;

  // nullopt when the address is a name.
  std::optional<base::SocketAddress> socket_address() const;

  bool operator==(const Candidate&) const = default;
};

// RFC 8445 section 5.1.2.1, with the type preferences recommended in 5.1.2.2. local_preference: 65535 for the only
// address.
uint32_t candidate_priority(CandidateType type, uint16_t local_preference, uint16_t component);

}  // namespace heliograph::ice
