// SPDX-License-Identifier: Apache-2.0
// HTTP/1 on one connection. For connection.cc, which compiles Beast.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/answer.h"
#include "gateway/connection.h"
#include "gateway/incoming.h"
#include "gateway/wire.h"

namespace heliograph::gateway {

// The requests of one connection, one after the other, until one of them asks for a WebSocket. Owned by the connection
// until then; on the gateway's thread.
class HttpSide {
 public:
  // wire, place and hall outlive this; owner: who keeps all of them and this alive.
  HttpSide(Hall& hall, Wire& wire, Place& place, std::weak_ptr<void> owner)
      : hall_(hall),
        wire_(wire),
        place_(place),
        owner_(std::move(owner)),
        address_(address_of(wire.socket())),
        answer_(hall.counters, [this] { wake(); }),
        timer_(wire.get_executor()) {}

  // A request for a WebSocket; null: it is over.
  boost::asio::awaitable<std::unique_ptr<Message>> serve();
  // True: more requests may follow.
  boost::asio::awaitable<bool> respond(const Framing& asked, const Response& response);
  // To be done before anybody else reads from the wire, or says goodbye on it.
  boost::asio::awaitable<void> stop_reading();
  // More has come than has been looked at; after stop_reading().
  bool has_more() const { return inbox_.size() > 0; }
  // The socket was closed by somebody else.
  void dropped() { wake(); }
  void turn_away();
  const base::IpAddress& address() const { return address_; }

 private:
  using Error = boost::system::error_code;
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
  static constexpr size_t kReadStep = 4 * 1024;
  // Content up to this size goes out in one piece with its head, at the price of a copy.
  static constexpr size_t kSmallContent = 4 * 1024;

  // What comes while a request waits for its answer, and the read that waits for it: how a client is noticed to have
  // gone. Apart from the inbox, where the next request may already be, and is looked at while this waits.
  struct Ahead {
    std::array<char, 2 * 1024> bytes;
    size_t size = 0;
    Error error;
    bool reading = false;
  };

  static base::IpAddress address_of(const boost::asio::ip::tcp::socket& socket);
  boost::asio::awaitable<bool> serve_request();
  boost::asio::awaitable<Error> read(Parser& parser);
  boost::asio::awaitable<Error> read_some();
  boost::asio::awaitable<bool> reject(Error error, bool begun);
  std::optional<Response> answer(const Request& request);
  boost::asio::awaitable<std::optional<Response>> wait_for_answer();
  void read_ahead();
  Error take_ahead();
  boost::asio::awaitable<void> doze();
  void wake();

  Hall& hall_;
  Wire& wire_;
  Place& place_;
  const std::weak_ptr<void> owner_;
  const base::IpAddress address_;
  boost::beast::flat_buffer inbox_;
  std::unique_ptr<Ahead> ahead_;  // from the first request that is answered later
  std::unique_ptr<Message> upgrade_;
  Answer answer_;
  boost::asio::steady_timer timer_;  // of doze()
  bool dozing_ = false;
};

inline base::IpAddress HttpSide::address_of(const boost::asio::ip::tcp::socket& socket) {
  Error error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address();
  return address.is_v4() ? base::IpAddress::v4(address.to_v4().to_uint())
                         : base::IpAddress::v6(address.to_v6().to_bytes());
}

inline boost::asio::awaitable<std::unique_ptr<Message>> HttpSide::serve() {
  while (co_await serve_request()) {
  }
  co_return std::move(upgrade_);
}

// True: the next may come.
inline boost::asio::awaitable<bool> HttpSide::serve_request() {
  Framing asked;
  std::optional<Response> response;
  {  // What was read is not kept while its answer is waited for.
    Parser parser;
    parser.eager(true);
    parser.header_limit(static_cast<uint32_t>(hall_.limits.max_header_bytes));
    parser.body_limit(hall_.limits.max_body_bytes);
    wire_.limit(hall_.limits.request);
    const Error error = co_await read(parser);
    if (error) co_return co_await reject(error, parser.got_some());
    if (boost::beast::websocket::is_upgrade(parser.get())) {
      upgrade_ = std::make_unique<Message>(parser.release());
      co_return false;
    }
    asked = framing_of(parser.get());
    response = answer(request_of(parser.get(), address_));
  }
  if (!response) response = co_await wait_for_answer();
  if (!response) co_return false;
  co_return co_await respond(asked, *response);
}

// One request; what comes after it stays in the inbox.
inline boost::asio::awaitable<HttpSide::Error> HttpSide::read(Parser& parser) {
  Error error;
  while (true) {
    if (inbox_.size() > 0) {
      inbox_.consume(parser.put(inbox_.data(), error));
      if (error && error != boost::beast::http::error::need_more) co_return error;
      if (parser.is_done()) co_return Error();
    }
    error = co_await read_some();
    if (error == boost::asio::error::eof && parser.got_some()) parser.put_eof(error = {});
    if (error) co_return error;
  }
}

// What a read that is under way brings, else what comes next.
inline boost::asio::awaitable<HttpSide::Error> HttpSide::read_some() {
  if (ahead_ && (ahead_->reading || ahead_->size > 0 || ahead_->error)) {
    while (ahead_->reading) co_await doze();
    co_return take_ahead();
  }
  const auto [error, size] = co_await wire_.async_read_some(inbox_.prepare(kReadStep), kAwait);
  inbox_.commit(size);
  co_return error;
}

// begun: something of a request had come, so that it is not just an idle connection that ends.
inline boost::asio::awaitable<bool> HttpSide::reject(Error error, bool begun) {
  if (wire_.limit_passed() && begun) hall_.counters.refuse(Refused::kTooSlow);
  const unsigned status = status_of(error);
  if (status == 0) co_return false;
  hall_.counters.refuse(Refused::kBadRequest);
  const auto response = problem(status, "The request could not be read: " + error.message() + ".");
  co_return co_await respond({.keep_alive = false}, response);
}

// nullopt: it comes later.
inline std::optional<Response> HttpSide::answer(const Request& request) {
  const Route* route = hall_.router.route_of(request);
  if (route == nullptr || !route->answer_later) return hall_.router.answer(request, route);
  route->answer_later(request, answer_.open());
  return std::nullopt;
}

// nullopt: the client has gone. That includes one that only sends no more (a half-closed socket), as it does not differ
// until something is written to it; what is not worth a wait is answered at once, which serves such a one as well.
inline boost::asio::awaitable<std::optional<Response>> HttpSide::wait_for_answer() {
  wire_.no_limit();
  place_.stand_in(hall_.answering);
  ++hall_.counters.requests_waiting;
  Error gone;
  while (!answer_.has_come() && !gone && wire_.socket().is_open()) {
    read_ahead();
    co_await doze();
    gone = take_ahead();
  }
  --hall_.counters.requests_waiting;
  place_.stand_in(hall_.waiting);
  if (answer_.has_come()) co_return answer_.take();
  answer_.forget();
  ++hall_.counters.requests_left;
  co_return std::nullopt;
}

// Pipelined requests are kept, but not more than one may be large: past that, nothing is read, and a client that goes
// is noticed when its answer is written.
inline void HttpSide::read_ahead() {
  if (!ahead_) ahead_ = std::make_unique_for_overwrite<Ahead>();
  if (ahead_->reading || inbox_.size() >= hall_.limits.max_header_bytes) return;
  ahead_->reading = true;
  wire_.async_read_some(boost::asio::buffer(ahead_->bytes),
                        [this, alive = owner_.lock()](const Error& error, size_t size) {
                          ahead_->reading = false;
                          ahead_->error = error;
                          ahead_->size = size;
                          wake();
                        });
}

inline HttpSide::Error HttpSide::take_ahead() {
  if (!ahead_ || ahead_->reading) return {};
  inbox_.commit(
      boost::asio::buffer_copy(inbox_.prepare(ahead_->size), boost::asio::buffer(ahead_->bytes, ahead_->size)));
  ahead_->size = 0;
  return std::exchange(ahead_->error, Error());
}

inline boost::asio::awaitable<void> HttpSide::stop_reading() {
  Error ignored;
  if (ahead_ && ahead_->reading) wire_.socket().cancel(ignored);
  while (ahead_ && ahead_->reading) co_await doze();
  take_ahead();
}

// Until wake(), or longer: whoever calls it looks whether what it waits for has come.
inline boost::asio::awaitable<void> HttpSide::doze() {
  timer_.expires_at(std::chrono::steady_clock::time_point::max());
  dozing_ = true;
  co_await timer_.async_wait(kAwait);
  dozing_ = false;
}

inline void HttpSide::wake() {
  if (dozing_) timer_.cancel();
}

inline boost::asio::awaitable<bool> HttpSide::respond(const Framing& asked, const Response& response) {
  const bool keep_alive = asked.keep_alive && !hall_.draining;
  auto head = head_of(response, {asked.http_1_1, keep_alive, asked.head_only}, hall_.date.at(std::time(nullptr)));
  std::string_view content = asked.head_only ? std::string_view() : response.payload();
  if (content.size() <= kSmallContent) head.append(std::exchange(content, {}));
  ++hall_.counters.responses[std::min<size_t>(response.status / 100, hall_.counters.responses.size() - 1)];
  wire_.limit(hall_.limits.response);
  const std::array<boost::asio::const_buffer, 2> pieces{boost::asio::buffer(head), boost::asio::buffer(content)};
  const auto [error, size] = co_await boost::asio::async_write(wire_, pieces, kAwait);
  place_.stand_in(hall_.waiting);
  co_return !error && keep_alive;
}

inline void HttpSide::turn_away() {
  answer_.preempt(denied({.status = 503,
                          .sentence = "The server is about to stop; ask again in a moment.",
                          .retry_after = base::Duration::seconds(1)}));
}

}  // namespace heliograph::gateway
