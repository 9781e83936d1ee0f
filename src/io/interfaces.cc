// SPDX-License-Identifier: Apache-2.0
#include "io/interfaces.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include <ifaddrs.h>
#include <net/if.h>

#include "io/sockaddr.h"

namespace heliograph::io {

std::vector<base::IpAddress> interface_addresses(bool with_loopback) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::vector<base::IpAddress> found;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || (i->ifa_flags & IFF_UP) == 0) continue;
    const auto address = from_sockaddr(*i->ifa_addr);
    if (!address || address->ip.is_link_local() || (address->ip.is_loopback() && !with_loopback)) continue;
    found.push_back(address->ip);
  }
  std::ranges::sort(found, {}, [](const auto& ip) { return std::tuple(ip.is_loopback(), !ip.is_v4(), ip); });
  const auto [first, last] = std::ranges::unique(found);
  found.erase(first, last);
  return found;
}

}  // namespace heliograph::io
