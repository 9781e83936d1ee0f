// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace heliograph::load {

// Where the server's WebSocket is: "ws://127.0.0.1:8080/ws", "ws://[::1]:8080", "wss://media.example/ws?token=…"; or a
// page of it: "http://127.0.0.1:8080/hls/…/index.m3u8".
struct Url {
  std::string host;  // a name, or an address without brackets
  std::string port = "80";
  std::string target = "/";  // path and query
  bool tls = false;
  bool insecure = false;  // with tls: whatever the certificate says; not of the text

  // The error is a sentence. ws:// and wss://.
  static std::expected<Url, std::string> parse(std::string_view text);
  // http:// and https://.
  static std::expected<Url, std::string> parse_http(std::string_view text);
  // As a Host header has it.
  std::string authority() const;
  // Another page of the same server.
  Url at(std::string_view other_target) const;

  bool operator==(const Url&) const = default;
};

}  // namespace heliograph::load
