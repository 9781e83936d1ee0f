// SPDX-License-Identifier: Apache-2.0
#include "io/sockaddr.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace heliograph::io {

socklen_t to_sockaddr(const base::SocketAddress& address, sockaddr_storage& storage) {
  const auto bytes = address.ip.bytes();
  if (address.ip.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(address.port);
  std::memcpy(&in6.sin6_addr, bytes.data(), bytes.size());
  std::memcpy(&storage, &in6, sizeof in6);
  return sizeof in6;
}

std::optional<base::SocketAddress> from_sockaddr(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    return base::SocketAddress{base::IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &address, sizeof in6);
    std::array<uint8_t, 16> bytes{};
    std::copy_n(in6.sin6_addr.s6_addr, 16, bytes.begin());
    return base::SocketAddress{base::IpAddress::v6(bytes), ntohs(in6.sin6_port)};
  }
  return std::nullopt;
}

}  // namespace heliograph::io
