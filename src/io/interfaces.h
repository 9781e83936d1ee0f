// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/socket_address.h"

namespace heliograph::io {

// The unicast addresses of the interfaces that are up, IPv4 first, without link-local ones; loopback addresses last and
// only when asked for.
std::vector<base::IpAddress> interface_addresses(bool with_loopback);

}  // namespace heliograph::io
