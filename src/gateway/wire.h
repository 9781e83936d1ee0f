// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "base/time.h"

namespace heliograph::gateway {

// A TCP socket, in TLS or not, with one time limit over whatever is being done on it: past the limit the socket is
// closed, and every operation on it ends. One type for both, so that Beast's WebSocket is compiled once. Lives in a
// Connection, on the gateway's thread.
class Wire {
 public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;

  // `tls` null: plain.
  Wire(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, base::Duration close_limit)
      : limited_(std::make_shared<Limited>(std::move(socket))), close_limit_(close_limit) {
    if (tls != nullptr) tls_ = std::make_unique<Tls>(limited_->socket, *tls);
  }

  executor_type get_executor() { return limited_->socket.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return limited_->socket; }
  bool is_tls() const { return tls_ != nullptr; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return limited_->socket.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return limited_->socket.async_write_some(buffers, std::forward<Token>(token));
  }
  template <class Token>
  auto async_tls_handshake(Token&& token) {
    return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }
  // Says goodbye in TLS, then in TCP; ends within the close limit. How it ended is nobody's concern: what matters is
  // why it began.
  template <class Done>
  void async_teardown(boost::beast::role_type role, Done&& done) {
    using boost::beast::websocket::async_teardown;
    limit(close_limit_);
    auto ended = [done = std::forward<Done>(done)](boost::system::error_code) mutable {
      std::move(done)(boost::system::error_code());
    };
    if (tls_) return async_teardown(role, *tls_, std::move(ended));
    async_teardown(role, limited_->socket, std::move(ended));
  }

  // From now on there is this much time, until the next call. Cheap: two a request are usual.
  void limit(base::Duration time) {
    limited_->passed = false;
    limited_->deadline = Clock::now() + std::chrono::microseconds(time.us());
    limited_->watch();
  }
  void no_limit() {
    limited_->passed = false;
    limited_->deadline = Clock::time_point::max();
  }
  // The time was up, and the socket was closed for it.
  bool limit_passed() const { return limited_->passed; }
  void abort() { limited_->close(); }

 private:
  using Tls = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;
  using Clock = std::chrono::steady_clock;
  struct Limited : std::enable_shared_from_this<Limited> {
    explicit Limited(boost::asio::ip::tcp::socket s) : socket(std::move(s)), timer(socket.get_executor()) {}
    // A timer that runs out before the deadline stays as it is, and looks again then: a deadline that is moved for
    // every request would otherwise set a timer for every request.
    void watch() {
      if (watching && timer.expiry() <= deadline) return;
      watching = true;
      timer.expires_at(deadline);
      timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto limited = weak.lock();
        if (error || !limited) return;  // replaced, or gone
        limited->watching = false;
        if (limited->deadline == Clock::time_point::max()) return;
        if (limited->deadline > Clock::now()) return limited->watch();
        limited->passed = true;
        limited->close();
      });
    }
    void close() {
      boost::system::error_code ignored;
      timer.cancel();
      socket.close(ignored);
    }
    boost::asio::ip::tcp::socket socket;
    boost::asio::steady_timer timer;
    Clock::time_point deadline = Clock::time_point::max();
    bool watching = false;
    bool passed = false;
  };

  std::shared_ptr<Limited> limited_;  // at a stable address, and weakly held by its timer
  std::unique_ptr<Tls> tls_;
  base::Duration close_limit_;
};

// Beast's customisation points, found by argument-dependent look-up.
template <class Done>
void async_teardown(boost::beast::role_type role, Wire& wire, Done&& done) {
  wire.async_teardown(role, std::forward<Done>(done));
}
inline void beast_close_socket(Wire& wire) { wire.abort(); }

}  // namespace heliograph::gateway
