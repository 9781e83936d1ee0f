// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace heliograph::gateway {

// B-3: what a client may send in one message, and how large the frames are that we send, their header included.
inline constexpr size_t kMaxMessageBytes = 128 * 1024;
inline constexpr size_t kMaxFrameBytes = 32 * 1024;

// RFC 6455 section 7.4.1.
namespace close_code {
inline constexpr uint16_t kGoingAway = 1001;
inline constexpr uint16_t kProtocolError = 1002;
inline constexpr uint16_t kUnknownData = 1003;
inline constexpr uint16_t kNoStatus = 1005;
inline constexpr uint16_t kAbnormal = 1006;
inline constexpr uint16_t kBadPayload = 1007;
inline constexpr uint16_t kPolicyViolation = 1008;
inline constexpr uint16_t kTooBig = 1009;
inline constexpr uint16_t kTryAgainLater = 1013;
}  // namespace close_code

struct Limits {
  size_t max_sockets = 20'000;  // the next takes the place of who is idle longest (Hall), or is closed at once
  // Sockets that are no WebSocket and have no request that is answered later; one more crowds out who is idle longest.
  // A player between two requests is one of them, for a moment: all players of a stream at once.
  size_t max_waiting = 8'192;
  size_t max_header_bytes = 16 * 1024;    // more is answered 431
  size_t max_body_bytes = 64 * 1024;      // more is answered 413
  size_t max_queued_bytes = 1024 * 1024;  // to one slow reader; more closes it with 1013
  size_t max_queued_messages = 1'024;     // the same
  // Over all connections, what is queued and what has come of unfinished messages; past it, those that hold most are
  // closed with 1013 until a quarter is free.
  size_t max_held_bytes = 256 * 1024 * 1024;
  base::Duration tls_handshake = base::Duration::seconds(10);
  base::Duration request = base::Duration::seconds(10);   // from the first wait for a request to its last byte
  base::Duration response = base::Duration::seconds(30);  // until an HTTP answer is written
  base::Duration close_handshake = base::Duration::seconds(5);
  base::Duration ping_interval = base::Duration::seconds(10);
  base::Duration silence = base::Duration::seconds(30);  // B-56
};

}  // namespace heliograph::gateway
