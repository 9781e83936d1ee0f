// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "gateway/http.h"

namespace heliograph::gateway {

// RFC 9110 section 15: 404 → "Not Found"; of a status that it does not know, the phrase of its class.
std::string_view reason_of(unsigned status);

// The value of Date (RFC 9110 section 5.6.7), written once a second however many ask.
class HttpDate {
 public:
  std::string_view at(std::time_t now);

 private:
  std::time_t written_ = -1;
  char text_[32] = {};
  size_t size_ = 0;
};

// What of a request decides how its response is framed.
struct Framing {
  bool http_1_1 = true;
  bool keep_alive = true;
  bool head_only = false;  // RFC 9110 section 9.3.2: HEAD has the headers of GET and no content
};

// The response up to its content: status line, headers, empty line (RFC 9112 sections 4 and 5). With what every
// response of this server has, unless its own headers say otherwise: no guessing of types, no referrer.
std::string head_of(const Response& response, const Framing& framing, std::string_view date);

}  // namespace heliograph::gateway
