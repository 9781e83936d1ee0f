// SPDX-License-Identifier: Apache-2.0
#include "base/socket_address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include "fmt/format.h"

namespace heliograph::base {

IpAddress IpAddress::v4(uint32_t host_order) {
  std::array<uint8_t, 4> bytes{};
  store_be(bytes.data(), host_order);
  return v4(bytes);
}

IpAddress IpAddress::v4(std::array<uint8_t, 4> bytes) {
  IpAddress a;
  std::ranges::copy(bytes, a.bytes_.begin());
  return a;
}

IpAddress IpAddress::v6(const std::array<uint8_t, 16>& bytes) {
  constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin()))
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  IpAddress a;
  a.bytes_ = bytes;
  a.v4_ = false;
  return a;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char z[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof z) return std::nullopt;
  std::memcpy(z, text.data(), text.size());
  z[text.size()] = 0;
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, z, bytes.data()) == 1) return v4({bytes[0], bytes[1], bytes[2], bytes[3]});
  if (inet_pton(AF_INET6, z, bytes.data()) == 1) return v6(bytes);
  return std::nullopt;
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t b) { return b == 0; });
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(bytes_, [](uint8_t b) { return b == 0; });
}

bool IpAddress::is_link_local() const {
  if (v4_) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

std::string SocketAddress::to_string() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.to_string(), port) : fmt::format("[{}]:{}", ip.to_string(), port);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  // RFC 3986 section 3.2.2: brackets around IPv6 and around nothing else. A mapped address is IPv6 by its spelling.
  if (brackets != (host.find(':') != host.npos)) return std::nullopt;
  SocketAddress address;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (!ip || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  address.ip = *ip;
  return address;
}

}  // namespace heliograph::base

size_t std::hash<heliograph::base::SocketAddress>::operator()(const heliograph::base::SocketAddress& a) const noexcept {
  uint64_t words[2] = {};
  const auto bytes = a.ip.bytes();
  std::memcpy(words, bytes.data(), bytes.size());
  uint64_t h = (words[0] ^ a.port) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ words[1]) * 0x9e3779b97f4a7c15;
  return h ^ (h >> 29);
}
