// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace heliograph::base {

// An IPv4 or IPv6 address. IPv4-mapped IPv6 (::ffff:a.b.c.d) is kept as IPv4, so one peer has one name.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  static IpAddress v4(uint32_t host_order);
  static IpAddress v4(std::array<uint8_t, 4> bytes);
  static IpAddress v6(const std::array<uint8_t, 16>& bytes);
  // "192.0.2.1", "2001:db8::1"; no brackets, no zone, no names.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  bool is_loopback() const;
  bool is_unspecified() const;
  bool is_link_local() const;
  // 4 or 16 bytes in network order.
  ConstBytes bytes() const { return ConstBytes(bytes_).first(v4_ ? 4 : 16); }
  std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
  bool v4_ = true;
};

struct SocketAddress {
  IpAddress ip;
  uint16_t port = 0;

  auto operator<=>(const SocketAddress&) const = default;
  // "192.0.2.1:80", "[2001:db8::1]:80".
  std::string to_string() const;
  static std::optional<SocketAddress> parse(std::string_view text);
};

}  // namespace heliograph::base

template <>
struct std::hash<heliograph::base::SocketAddress> {
  size_t operator()(const heliograph::base::SocketAddress& a) const noexcept;
};
