// SPDX-License-Identifier: Apache-2.0
// Where a client comes from, also behind proxies.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/socket_address.h"

namespace heliograph::server {

// "192.0.2.7", "10.0.0.0/8", "2001:db8::/32".
struct AddressRange {
  base::IpAddress first;
  unsigned prefix = 0;  // bits that an address has in common with it

  static std::optional<AddressRange> parse(std::string_view text);
  bool contains(const base::IpAddress& address) const;
};

// The first from the right in X-Forwarded-For that is not one of our proxies; `peer` itself unless it is one of them,
// or where the header stops making sense: what stands further left was written by the client.
base::IpAddress client_address(const base::IpAddress& peer, std::string_view forwarded_for,
                               std::span<const AddressRange> proxies);

// What limits by address count as one: an IPv4 address, or the /64 that an IPv6 host has to itself (RFC 4291 section
// 2.5.4).
base::IpAddress network_of(const base::IpAddress& address);

}  // namespace heliograph::server
