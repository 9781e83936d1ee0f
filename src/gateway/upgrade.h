// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/socket_address.h"

namespace heliograph::gateway {

using ConnectionId = uint64_t;  // never used twice in the life of the program; never 0

// A client that asks for a WebSocket, and later is one.
struct Upgrade {
  ConnectionId id = 0;
  base::IpAddress address;
  std::string path;    // any; not percent-decoded
  std::string token;   // ?token= or Authorization: Bearer, the query first (B-2); empty: none
  std::string origin;  // empty: no browser
};

// Why a client is not let in: the HTTP status (401, 403, 429, 503) and one sentence for its developer.
struct Denial {
  unsigned status = 403;
  std::string sentence;
};

// "/a?b=c" → {"/a", "b=c"}.
struct Target {
  std::string_view path;
  std::string_view query;
};
Target split_target(std::string_view target);

// The value of a parameter of a query string, percent-decoded; "" where it is missing or wrongly encoded.
std::string query_value(std::string_view query, std::string_view name);

// B-2. `authorization` is the header's whole value (RFC 6750 section 2.1).
std::string token_of(std::string_view query, std::string_view authorization);

}  // namespace heliograph::gateway
