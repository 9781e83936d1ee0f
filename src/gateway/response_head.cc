// SPDX-License-Identifier: Apache-2.0
#include "gateway/response_head.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fmt/format.h"

namespace heliograph::gateway {
namespace {

using Header = std::pair<std::string, std::string>;
constexpr std::pair<std::string_view, std::string_view> kOfAll[] = {{"X-Content-Type-Options", "nosniff"},
                                                                    {"Referrer-Policy", "no-referrer"}};

// RFC 9112 section 5: a line break in a value would begin another header, or the content.
bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// RFC 9110 section 8.6: no Content-Length with 1xx and 204; with 304 it would be that of the 200.
bool has_length(unsigned status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
  }
  return status < 300 ? "OK" : status < 400 ? "Found" : status < 500 ? "Bad Request" : "Internal Server Error";
}

std::string_view HttpDate::at(std::time_t now) {
  if (now != written_) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    size_ = std::strftime(text_, sizeof text_, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    written_ = now;
  }
  return {text_, size_};
}

std::string head_of(const Response& response, const Framing& framing, std::string_view date) {
  std::string out;
  out.reserve(512);
  const auto line = [&out](std::string_view name, std::string_view value) {
    if (!is_one_line(value)) return;
    out.append(name).append(": ").append(value).append("\r\n");
  };
  fmt::format_to(std::back_inserter(out), "HTTP/1.{:d} {} {}\r\n", framing.http_1_1, response.status,
                 reason_of(response.status));
  for (const auto& [name, value] : response.headers) line(name, value);
  for (const auto& [name, value] : kOfAll)
    if (std::ranges::find(response.headers, name, &Header::first) == response.headers.end()) line(name, value);
  line("Date", date);
  if (!response.content_type.empty()) line("Content-Type", response.content_type);
  if (has_length(response.status))
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.payload().size());
  // RFC 9112 section 9.3: the default of 1.1 is to stay, that of 1.0 to go.
  if (framing.keep_alive != framing.http_1_1) line("Connection", framing.keep_alive ? "keep-alive" : "close");
  out += "\r\n";
  return out;
}

}  // namespace heliograph::gateway
