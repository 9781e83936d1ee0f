// SPDX-License-Identifier: Apache-2.0
// HTTP as values, so that what answers a request needs no HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/socket_address.h"

namespace heliograph::gateway {

struct Request {
  std::string method;         // "GET"; HEAD stays HEAD
  std::string path;           // as sent, not percent-decoded: "/v1/rooms/a%20b"
  std::string query;          // without the question mark
  std::string authorization;  // the header, whole; empty: none
  std::string if_none_match;
  std::string content_type;
  std::string accept = {};
  std::string accept_encoding = {};
  std::string cookie = {};
  std::string range = {};
  std::string origin = {};
  // X-Forwarded-For, every line of it; anyone can write it, so that it says something only if `address` is trusted to.
  std::string forwarded_for = {};
  std::string body;
  base::IpAddress address;  // who asks
};

struct Response {
  unsigned status = 200;
  std::string content_type = {};  // empty: no body
  std::string body = {};
  std::string_view fixed_body = {};  // instead of body: bytes that outlive the server, not copied
  std::shared_ptr<const std::vector<uint8_t>> shared_body = {};  // instead of body: not copied either
  std::vector<std::pair<std::string, std::string>> headers = {};

  std::string_view payload() const {
    if (shared_body) return {reinterpret_cast<const char*>(shared_body->data()), shared_body->size()};
    return fixed_body.empty() ? std::string_view(body) : fixed_body;
  }
};

// The other end of a request that is answered later. Kept by who answers; on the gateway's thread only.
class Reply {
 public:
  virtual ~Reply() = default;
  // Once. Nothing happens when the client has gone meanwhile.
  virtual void send(Response response) = 0;
  // The client has gone: an answer is of no use any more.
  virtual bool gone() const = 0;
};

// RFC 9457: {"type":"about:blank","title":…,"status":…,"detail":…} as application/problem+json.
Response problem(unsigned status, std::string_view detail);

// Who answers what. A route for GET answers HEAD too.
struct Route {
  std::string method;
  std::string path;    // "/v1/rooms"
  bool below = false;  // true: also every path under it, "/v1/rooms/…"
  std::function<Response(const Request&)> answer;
  // Instead of answer: at once or later. A Reply that is let go unanswered is a 500.
  std::function<void(const Request&, std::shared_ptr<Reply>)> answer_later = {};
};

// A file of the page that is part of the binary. Everything it points to lives as long as the program.
struct Asset {
  std::string_view path;  // "/app.js"; "/index.html" is also "/"
  std::string_view content_type;
  std::string_view bytes;
  std::string_view etag;  // with its quotes
};

}  // namespace heliograph::gateway
