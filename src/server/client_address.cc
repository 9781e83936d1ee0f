// SPDX-License-Identifier: Apache-2.0
#include "server/client_address.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace heliograph::server {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

// Some proxies add the port, and then put IPv6 in brackets.
std::optional<base::IpAddress> forwarded_address(std::string_view text) {
  if (const auto ip = base::IpAddress::parse(text)) return ip;
  if (text.starts_with('[') && text.ends_with(']')) return base::IpAddress::parse(text.substr(1, text.size() - 2));
  if (const auto address = base::SocketAddress::parse(text)) return address->ip;
  return std::nullopt;
}

bool is_proxy(const base::IpAddress& address, std::span<const AddressRange> proxies) {
  return std::ranges::any_of(proxies, [&](const AddressRange& range) { return range.contains(address); });
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = base::IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const auto bits = static_cast<unsigned>(8 * ip->bytes().size());
  if (slash == text.npos) return AddressRange{*ip, bits};
  const auto digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || prefix > bits) return std::nullopt;
  return AddressRange{*ip, prefix};
}

bool AddressRange::contains(const base::IpAddress& address) const {
  if (address.is_v4() != first.is_v4()) return false;
  const auto a = address.bytes(), b = first.bytes();
  for (unsigned bit = 0; bit < prefix; bit += 8) {
    const unsigned left = std::min(8U, prefix - bit), mask = 0xffU << (8 - left) & 0xffU;
    if (((a[bit / 8] ^ b[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

base::IpAddress client_address(const base::IpAddress& peer, std::string_view forwarded_for,
                               std::span<const AddressRange> proxies) {
  auto client = peer;
  while (is_proxy(client, proxies) && !forwarded_for.empty()) {
    const auto comma = forwarded_for.rfind(',');
    const auto last = trimmed(comma == forwarded_for.npos ? forwarded_for : forwarded_for.substr(comma + 1));
    forwarded_for = forwarded_for.substr(0, comma == forwarded_for.npos ? 0 : comma);
    const auto address = forwarded_address(last);
    if (!address) break;
    client = *address;
  }
  return client;
}

base::IpAddress network_of(const base::IpAddress& address) {
  if (address.is_v4()) return address;
  std::array<uint8_t, 16> bytes{};
  std::ranges::copy(address.bytes().first(8), bytes.begin());
  return base::IpAddress::v6(bytes);
}

}  // namespace heliograph::server
