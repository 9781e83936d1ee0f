// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/socket_address.h"

namespace heliograph::io {

// Fills storage and returns its length.
socklen_t to_sockaddr(const base::SocketAddress& address, sockaddr_storage& storage);
// AF_INET and AF_INET6 only.
std::optional<base::SocketAddress> from_sockaddr(const sockaddr& address);

}  // namespace heliograph::io
