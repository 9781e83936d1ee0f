// SPDX-License-Identifier: Apache-2.0
#include "load/url.h"

#include <charconv>
#include <cstdint>

namespace heliograph::load {
namespace {

bool is_port(std::string_view digits) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port != 0;
}

// What follows the scheme.
std::expected<Url, std::string> parse_rest(std::string_view text, bool tls, std::string_view example) {
  Url url;
  url.tls = tls;
  if (tls) url.port = "443";
  const size_t slash = std::min(text.find_first_of("/?"), text.size());
  if (slash < text.size()) url.target = text[slash] == '/' ? text.substr(slash) : "/" + std::string(text.substr(slash));
  std::string_view authority = text.substr(0, slash);
  const size_t bracket = authority.find(']');
  const size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon != authority.npos) {
    url.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
    if (!is_port(url.port)) return std::unexpected("the port must be a number from 1 to 65535");
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return std::unexpected("the URL names no host; try " + std::string(example));
  url.host = authority;
  return url;
}

}  // namespace

std::expected<Url, std::string> Url::parse(std::string_view text) {
  constexpr std::string_view kExample = "ws://127.0.0.1:8080/ws";
  if (text.starts_with("ws://")) return parse_rest(text.substr(5), false, kExample);
  if (text.starts_with("wss://")) return parse_rest(text.substr(6), true, kExample);
  return std::unexpected("a URL begins with ws:// or wss://, as in " + std::string(kExample));
}

std::expected<Url, std::string> Url::parse_http(std::string_view text) {
  constexpr std::string_view kExample = "http://127.0.0.1:8080/…";
  if (text.starts_with("http://")) return parse_rest(text.substr(7), false, kExample);
  if (text.starts_with("https://")) return parse_rest(text.substr(8), true, kExample);
  return std::unexpected("a URL begins with http:// or https://, as in " + std::string(kExample));
}

std::string Url::authority() const { return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + port; }

Url Url::at(std::string_view other_target) const {
  Url other = *this;
  other.target = other_target;
  return other;
}

}  // namespace heliograph::load
