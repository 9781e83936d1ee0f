// SPDX-License-Identifier: Apache-2.0
#include "gateway/listen_address.h"

#include <charconv>

#include "base/socket_address.h"

namespace heliograph::gateway {

std::optional<ListenAddress> ListenAddress::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);

  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;

  if (host.front() == '[') {
    if (host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
    const auto ip = base::IpAddress::parse(host);
    if (!ip || host.find(':') == host.npos) return std::nullopt;
  } else if (host.find_first_of(":[]/ ") != host.npos) {
    return std::nullopt;
  }
  return ListenAddress{std::string(host), port};
}

bool ListenAddress::is_loopback() const {
  if (const auto ip = base::IpAddress::parse(host)) return ip->is_loopback();
  return host == "localhost";
}

}  // namespace heliograph::gateway
