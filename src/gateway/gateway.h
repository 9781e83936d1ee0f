// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/refusal.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "gateway/counters.h"
#include "gateway/http.h"
#include "gateway/limits.h"
#include "gateway/upgrade.h"

namespace heliograph::gateway {

struct GatewayOptions {
  // "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (every address of the name). Port 0: the kernel chooses.
  std::vector<std::string> listen;
  std::string tls_certificate;  // PEM chain; empty: plain HTTP on every address
  std::string tls_key;          // PEM
  Limits limits;
  std::vector<Route> routes;      // besides /healthz, /readyz and /metrics
  std::span<const Asset> assets;  // outlives the gateway
};

// What the gateway tells its owner, always on the thread of run(), and never from inside send() or close(). Without
// admit every upgrade is answered 404, without metrics there is no /metrics; the others are then not needed. For each
// id: admit; then, if let in and the upgrade went well, on_open once, on_text any number of times, on_closed once.
// After close(id, …) no on_text follows.
struct Callbacks {
  std::function<std::expected<void, Denial>(const Upgrade&)> admit;  // before the upgrade (B-2)
  std::function<void(const Upgrade&)> on_open;
  std::function<void(ConnectionId, std::string_view text)> on_text;  // UTF-8, ≤ kMaxMessageBytes
  std::function<void(ConnectionId)> on_closed;
  std::function<void(base::Timestamp now)> on_time;  // the time that call_at() asked for has come
  std::function<std::string()> metrics;              // the body of GET /metrics, Prometheus text format
};

// The door of words: HTTP and WebSocket (RFC 6455), plain or TLS, on one thread, which is that of run(). It knows
// connections by id and never what is said on them. Rules of the wire: B-2, B-3, B-51, B-56. Owned by server/.
// permessage-deflate is not offered: a compressor is some 300 KB a connection, and what is said is small or, as SDP,
// rare.
//
// Everything is called on the thread of run() (or before it runs), but for post() and stop().
class Gateway {
 public:
  Gateway(GatewayOptions options, Callbacks callbacks);
  ~Gateway();

  // Opens the listening sockets and reads the certificate. Trouble says which address or file.
  std::expected<void, base::Trouble> start();
  // What is listened on, with the ports that the kernel chose.
  std::vector<base::SocketAddress> bound() const;

  // Handles sockets, timers and posted work until stop().
  void run();
  void stop();                            // any thread
  void post(std::function<void()> work);  // any thread: work runs on the thread of run(), in order of posting

  // on_time is called once at or soon after `when`; a later call replaces it, Timestamp::never() cancels. The clock is
  // CLOCK_MONOTONIC.
  void call_at(base::Timestamp when);

  // Queued; an id that has gone is no error. A reader so slow that Limits::max_queued_* is passed is closed with 1013.
  // Many may be sent the same text: they share it.
  void send(ConnectionId id, std::shared_ptr<const std::string> text);
  void send(ConnectionId id, std::string text) { send(id, std::make_shared<const std::string>(std::move(text))); }
  // What is queued goes out first, then the close frame. `reason` is cut to 123 bytes (RFC 6455 section 5.5).
  void close(ConnectionId id, uint16_t code, std::string reason);
  // And what waits for an answer of Route::answer_later is answered 503.
  void close_all(uint16_t code, const std::string& reason);

  // From now on /readyz is 503, no upgrade is taken (503), and every HTTP response closes its connection.
  void begin_drain();
  // WebSockets whose socket is not gone yet, also those that are closing: 0 when a drain is complete.
  size_t connections() const;
  const Counters& counters() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace heliograph::gateway
