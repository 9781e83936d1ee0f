// SPDX-License-Identifier: Apache-2.0
#include "origin/answers.h"

#include <utility>

#include "fmt/format.h"
#include "origin/byte_range.h"

namespace heliograph::origin {
namespace {

// The page plays what its own server has; hls.js makes its worker from a blob, and media from another.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

int64_t whole_seconds(base::Duration duration) { return (duration.us() + 999'999) / 1'000'000; }

}  // namespace

std::string Caching::header() const {
  const char* scope = is_private ? "private" : "public";
  // A year; immutable: not even asked about when a page is loaded again (RFC 8246).
  if (max_age >= base::Duration::infinite()) return fmt::format("{}, max-age=31536000, immutable", scope);
  return fmt::format("{}, max-age={}", scope, whole_seconds(max_age));
}

void allow_origins(gateway::Response& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "Age, Content-Length, Content-Range, Date, Retry-After");
}

gateway::Response failure(unsigned status, std::string_view detail, base::Duration retry_after,
                          base::Duration max_age) {
  auto response = gateway::problem(status, detail);
  response.headers.emplace_back("Cache-Control",
                                max_age.us() > 0 ? fmt::format("max-age={}", whole_seconds(max_age)) : "no-store");
  if (retry_after.us() > 0) response.headers.emplace_back("Retry-After", std::to_string(whole_seconds(retry_after)));
  allow_origins(response);
  return response;
}

gateway::Response refused(const gateway::Denial& denial) {
  auto response = gateway::denied(denial);
  response.headers.emplace_back("Cache-Control", "no-store");
  allow_origins(response);
  return response;
}

gateway::Response preflight() {
  gateway::Response response{.status = 204,
                             .headers = {{"Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"},
                                         {"Access-Control-Allow-Headers", "Authorization, Range"},
                                         {"Access-Control-Max-Age", "86400"}}};
  allow_origins(response);
  return response;
}

gateway::Response playlist_answer(const Caching& caching) {
  gateway::Response response{.content_type = "application/vnd.apple.mpegurl",  // RFC 8216 section 10
                             .headers = {{"Cache-Control", caching.header()}, {"Vary", "Accept-Encoding"}}};
  allow_origins(response);
  return response;
}

gateway::Response media_answer(const hls::Blob& bytes, std::string_view content_type, std::string_view range,
                               const Caching& caching) {
  const auto wanted = parse_range(range, bytes->size());
  if (!wanted) {
    auto response = failure(416, "The range lies behind the end.");
    response.headers.emplace_back("Content-Range", fmt::format("bytes */{}", bytes->size()));
    return response;
  }
  gateway::Response response{.content_type = std::string(content_type),
                             .headers = {{"Cache-Control", caching.header()}, {"Accept-Ranges", "bytes"}}};
  allow_origins(response);
  if (!*wanted) return response.shared_body = bytes, response;
  const auto& [first, size] = **wanted;
  response.status = 206;
  response.body.assign(reinterpret_cast<const char*>(bytes->data()) + first, size);
  response.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, first + size - 1, bytes->size()));
  return response;
}

gateway::Response page_answer(std::string_view page) {
  return {.content_type = "text/html; charset=utf-8",
          .fixed_body = page,
          .headers = {{"Cache-Control", "no-cache"}, {"Content-Security-Policy", kContentSecurityPolicy}}};
}

}  // namespace heliograph::origin
