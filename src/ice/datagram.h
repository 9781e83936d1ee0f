// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/socket_address.h"
#include "stun/message.h"

namespace heliograph::ice {

// One end of a pair as both agents see it: the far address and which of our sockets (or addresses) it was seen on.
struct Path {
  base::SocketAddress remote;
  uint8_t local = 0;

  bool operator==(const Path&) const = default;
};

// A STUN message to send.
struct Datagram {
  // A check with the longest user name that RFC 8445 section 5.3 allows on both sides (2 × 256) fits.
  static constexpr size_t kMaxSize = 640;

  Path path;
  uint16_t size = 0;
  std::array<uint8_t, kMaxSize> buffer;  // only the first size bytes mean anything

  base::ConstBytes bytes() const { return base::ConstBytes(buffer).first(size); }
};

// What an agent wants sent is appended; the caller keeps the list and its memory between calls.
using Out = std::vector<Datagram>;

// One side's ufrag and password (RFC 8445 section 5.3).
struct Credentials {
  std::string ufrag;
  std::string pwd;

  bool operator==(const Credentials&) const = default;
};

// Ends a message that was written into datagram's buffer: MESSAGE-INTEGRITY where there is a password, FINGERPRINT,
// path and size.
void sign(stun::MessageWriter& writer, std::optional<std::string_view> pwd, const Path& path, Datagram& datagram);
// The success response to an authenticated check that came on path, under the password that the check was signed with
// (RFC 8445 section 7.3.1.2).
void append_success(const stun::MessageView& request, const Path& path, std::string_view pwd, Out& out);

}  // namespace heliograph::ice
