// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace heliograph::load {

// Where the server's WebSocket is: "ws://127.0.0.1:8080/ws", "ws://[::1]:8080", "ws://media.example/ws?token=…"; or a
// playlist of it: "http://127.0.0.1:8080/hls/…/index.m3u8".
struct Url {
  std::string host;  // a name, or an address without brackets
  std::string port = "80";
  std::string target = "/";  // path and query

  // The error is a sentence.
  static std::expected<Url, std::string> parse(std::string_view text);
  static std::expected<Url, std::string> parse_http(std::string_view text);
  // As a Host header has it.
  std::string authority() const;

  bool operator==(const Url&) const = default;
};

}  // namespace heliograph::load
