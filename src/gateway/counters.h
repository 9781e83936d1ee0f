// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace heliograph::gateway {

// Why somebody at the door did not come in.
enum class Refused : uint8_t {
  kFull,          // Limits::max_sockets reached: the socket was closed at once
  kUnauthorized,  // admit said 401
  kForbidden,     // admit said 403
  kBusy,          // admit said 429 or 503
  kDraining,      // an upgrade while draining
  kBadRequest,    // not HTTP, headers too large, a broken upgrade
  kTooSlow,       // TLS handshake, headers or body not there in time
  kCrowdedOut,    // idle longest of too many that were no WebSocket
};
inline constexpr size_t kRefusedCount = 8;
constexpr const char* name_of(Refused reason) {
  constexpr const char* kNames[kRefusedCount] = {"full",     "unauthorized", "forbidden", "busy",
                                                 "draining", "bad_request",  "too_slow",  "crowded_out"};
  return kNames[static_cast<size_t>(reason)];
}

// RFC 6455 section 7.4.1 has 1000–1015 each by itself; the last place counts every other code.
inline constexpr uint16_t kFirstCloseCode = 1000;
inline constexpr size_t kCloseCodes = 17;

// Numbers since the start, but for what says "open" or "held". Read them on the gateway's thread.
struct Counters {
  uint64_t sockets_open = 0;      // TCP connections, whatever they speak
  uint64_t sockets_total = 0;     // accepted
  uint64_t connections_open = 0;  // WebSockets, those that are closing included
  uint64_t connections_total = 0;
  uint64_t messages_in = 0;
  uint64_t messages_out = 0;
  uint64_t bytes_in = 0;  // text of messages, without framing
  uint64_t bytes_out = 0;
  uint64_t held_bytes = 0;    // queued to clients, or come of messages that are not whole yet
  uint64_t slow_readers = 0;  // closed because they did not read what was sent
  uint64_t shed = 0;          // closed because all together held too much, and they most
  uint64_t backpressure = 0;  // times that nothing more was read from one who did not read the answers
  uint64_t silent = 0;        // gone because nothing came from them (B-56)
  uint64_t accept_errors = 0;
  uint64_t requests_waiting = 0;        // HTTP requests whose answer comes later; now open
  uint64_t requests_left = 0;           // of these, clients that went before their answer came
  uint64_t unanswered = 0;              // of these, let go without an answer: a 500
  std::array<uint64_t, 6> responses{};  // HTTP answers by hundreds: [2] is 2xx; [1] is the upgrades
  std::array<uint64_t, kRefusedCount> refused{};
  std::array<uint64_t, kCloseCodes> closes{};  // by code, from kFirstCloseCode; 1006: gone without a close frame

  void refuse(Refused reason) { ++refused[static_cast<size_t>(reason)]; }
  void close(uint16_t code) {
    const bool named = code >= kFirstCloseCode && code < kFirstCloseCode + kCloseCodes - 1;
    ++closes[named ? code - kFirstCloseCode : kCloseCodes - 1];
  }
  uint64_t closed(uint16_t code) const { return closes[code - kFirstCloseCode]; }
};

}  // namespace heliograph::gateway
