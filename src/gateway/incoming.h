// SPDX-License-Identifier: Apache-2.0
// HTTP requests as Beast reads them. For connection.cc, which compiles Beast.
#pragma once

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <string_view>

#include "base/socket_address.h"
#include "gateway/http.h"
#include "gateway/response_head.h"
#include "gateway/upgrade.h"

namespace heliograph::gateway {

using Message = boost::beast::http::request<boost::beast::http::string_body>;
using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

inline std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

// All lines of a header that may come more than once, as one (RFC 9110 section 5.3).
inline void append_line(std::string& all, boost::beast::string_view line) {
  if (!all.empty()) all += ", ";
  all.append(line.data(), line.size());
}

// One pass over the headers: of what may come once, the first counts.
inline void take_headers(Request& request, const Message& message) {
  using boost::beast::http::field;
  const auto first = [](std::string& to, boost::beast::string_view value) {
    if (to.empty()) to = text(value);
  };
  for (const auto& line : message) {
    switch (line.name()) {
      case field::authorization:
        first(request.authorization, line.value());
        break;
      case field::if_none_match:
        append_line(request.if_none_match, line.value());
        break;
      case field::content_type:
        first(request.content_type, line.value());
        break;
      case field::accept:
        append_line(request.accept, line.value());
        break;
      case field::accept_encoding:
        append_line(request.accept_encoding, line.value());
        break;
      case field::cookie:
        first(request.cookie, line.value());
        break;
      case field::range:
        first(request.range, line.value());
        break;
      case field::origin:
        first(request.origin, line.value());
        break;
      case field::unknown:
        if (boost::beast::iequals(line.name_string(), "X-Forwarded-For"))
          append_line(request.forwarded_for, line.value());
        break;
      default:
        break;
    }
  }
}

// Takes the body with it.
inline Request request_of(Message& message, const base::IpAddress& address) {
  const auto [path, query] = split_target({message.target().data(), message.target().size()});
  Request request{.method = text(message.method_string()),
                  .path = std::string(path),
                  .query = std::string(query),
                  .authorization = {},
                  .if_none_match = {},
                  .content_type = {},
                  .body = std::move(message.body()),
                  .address = address};
  take_headers(request, message);
  return request;
}

inline Framing framing_of(const Message& message) {
  return {.http_1_1 = message.version() >= 11,
          .keep_alive = message.keep_alive(),
          .head_only = message.method() == boost::beast::http::verb::head};
}

// The HTTP answer to what could not be read as a request; 0: none, the socket is simply gone or done.
inline unsigned status_of(const boost::system::error_code& error) {
  namespace http = boost::beast::http;
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_line_ending).category() ? 400 : 0;
}

}  // namespace heliograph::gateway
