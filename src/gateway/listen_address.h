// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heliograph::gateway {

// Where to listen: "127.0.0.1:8080", "[::1]:8080", "localhost:8080".
struct ListenAddress {
  std::string host;  // a name, or an address without brackets
  uint16_t port = 0;

  static std::optional<ListenAddress> parse(std::string_view text);
  // True for 127.0.0.0/8, ::1 and "localhost" (RFC 6761 section 6.3); other names may mean anything.
  bool is_loopback() const;
};

}  // namespace heliograph::gateway
