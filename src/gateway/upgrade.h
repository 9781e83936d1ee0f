// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/socket_address.h"
#include "base/time.h"
#include "gateway/http.h"

namespace heliograph::gateway {

using ConnectionId = uint64_t;  // never used twice in the life of the program; never 0

// A client that asks for a WebSocket, and later is one.
struct Upgrade {
  ConnectionId id = 0;
  base::IpAddress address;
  std::string path;    // any; not percent-decoded
  std::string token;   // ?token= or Authorization: Bearer, the query first (B-2); empty: none
  std::string origin;  // empty: no browser
  // X-Forwarded-For, every line of it; anyone can write it, so that it says something only if `address` is trusted to.
  std::string forwarded_for = {};
  std::string host = {};  // Host: what the client calls this server
};

// Why a client is not let in, over HTTP of any kind.
struct Denial {
  unsigned status = 403;            // 401, 403, 429, 503
  std::string sentence;             // for its developer
  base::Duration retry_after = {};  // Retry-After, in whole seconds; zero: none
  std::string_view error = {};      // "invalid_token", "insufficient_scope"; empty: no token was brought
};

// Problem+json with Retry-After (RFC 9110 section 10.2.3) and, for 401 and 403, WWW-Authenticate (RFC 6750 section 3).
Response denied(const Denial& denial);

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
