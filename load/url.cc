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
std::expected<Url, std::string> parse_rest(std::string_view text, std::string_view example) {
  Url url;
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
  constexpr std::string_view kScheme = "ws://";
  if (text.starts_with("wss://"))
    return std::unexpected("wss:// is not spoken here: give the server a plain ws:// address to listen on for the run");
  if (!text.starts_with(kScheme)) return std::unexpected("a URL begins with ws://, as in ws://127.0.0.1:8080/ws");
  return parse_rest(text.substr(kScheme.size()), "ws://127.0.0.1:8080/ws");
}

std::expected<Url, std::string> Url::parse_http(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://"))
    return std::unexpected("https:// is not spoken here: give the server a plain http:// address to listen on for it");
  if (!text.starts_with(kScheme))
    return std::unexpected("a URL begins with http://, as in http://127.0.0.1:8080/hls/…");
  return parse_rest(text.substr(kScheme.size()), "http://127.0.0.1:8080/hls/…");
}

std::string Url::authority() const { return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + port; }

}  // namespace heliograph::load
