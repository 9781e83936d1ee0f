// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace heliograph::server {

// "http://127.0.0.1:8080", "https://media.example.org/behind/a/path/": without query and fragment.
struct Url {
  bool tls = false;
  std::string host;  // a name, or an address without brackets
  std::string port;
  std::string path;  // "" or "/…", without a slash at its end

  static std::optional<Url> parse(std::string_view text);
};

struct HttpRequest {
  std::string method;
  std::string target;  // "/v1/rooms?limit=10"; behind the path of the URL
  std::string token;   // "": none
  std::string content_type;
  std::string body;
};
struct HttpReply {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

struct HttpClientOptions {
  Url url;
  std::string ca_file;  // PEM certificates to trust instead of the system's; "": the system's
  base::Duration timeout = base::Duration::seconds(10);  // for the whole of one request
  size_t max_reply_bytes = 16 * 1024 * 1024;
};

// One request on a connection of its own, answered or in vain: then a sentence says why. TLS is 1.2 or later, and the
// certificate must be the host's. Blocks. The one translation unit of server/ that compiles Beast.
std::expected<HttpReply, std::string> http_request(const HttpClientOptions& options, const HttpRequest& request);

}  // namespace heliograph::server
