// SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/http_side.h"
#include "gateway/incoming.h"
#include "gateway/outbox.h"
#include "gateway/wire.h"

namespace heliograph::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxFrameHeader = 10;  // RFC 6455 section 5.2, unmasked
constexpr size_t kMaxReason = 123;      // RFC 6455 section 5.5, less the code
// What is made ready for a read between messages, and within one: a client has to send what it wants us to hold, a
// header that promises 128 KB is not enough.
constexpr size_t kIdleRead = 512;
constexpr size_t kReadStep = 4 * 1024;

// Cut to what a close frame holds, between characters.
std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= kMaxReason) return reason;
  size_t end = kMaxReason;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end);
}

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, Hall& hall)
      : hall_(hall),
        ws_(Wire(std::move(socket), hall.tls, hall.limits.close_handshake)),
        place_(*this),
        outbox_(hall.limits),
        pulse_timer_(ws_.get_executor()) {}

  void start();
  void send(std::shared_ptr<const std::string> message) override;
  void close(uint16_t code, std::string reason) override;
  size_t held_bytes() const override { return held_; }
  void shed() override;
  void drop() override;
  void turn_away() override { http_->turn_away(); }

 private:
  Wire& wire() { return ws_.next_layer(); }
  const Limits& limits() const { return hall_.limits; }

  asio::awaitable<void> run();
  asio::awaitable<bool> secure();
  asio::awaitable<bool> upgrade(Message& asked);
  std::optional<Response> denial_of(const Upgrade& upgrade);
  asio::awaitable<void> hang_up();
  asio::awaitable<void> talk();
  asio::awaitable<void> wait_for_reader();
  void take_in();
  void hear();
  void account();
  void pump();
  void pulse();
  void give_up();
  void resume();
  void drop_queue();
  uint16_t code_of(const error_code& error) const;
  void retire(uint16_t code);
  void gone();

  Hall& hall_;
  websocket::stream<Wire, false> ws_;  // HTTP runs on its next layer until the upgrade
  Place place_;
  std::unique_ptr<HttpSide> http_;  // until the upgrade
  beast::flat_buffer inbox_;
  Outbox outbox_;
  size_t held_ = 0;  // our part of Counters::held_bytes
  ConnectionId id_ = 0;
  std::unique_ptr<Upgrade> upgrade_;    // until on_open
  asio::steady_timer* gate_ = nullptr;  // while nothing is read because the client does not read
  asio::steady_timer pulse_timer_;      // of pulse()
  Clock::time_point last_heard_;
  Clock::time_point last_ping_;
  websocket::close_reason close_reason_;
  bool pinging_ = false;
  bool writing_ = false;
  bool closing_ = false;     // we want to close: nothing more is taken in or queued
  bool close_sent_ = false;  // and have begun to
  bool opened_ = false;
  bool retired_ = false;  // the owner knows, or is about to, that it is over
};

void Session::start() {
  ++hall_.counters.sockets_total;
  ++hall_.counters.sockets_open;
  place_.enter(hall_.waiting);
  http_ = std::make_unique<HttpSide>(hall_, wire(), place_, weak_from_this());
  auto self = shared_from_this();
  asio::co_spawn(
      ws_.get_executor(), [self]() { return self->run(); },
      [self](const std::exception_ptr& exception) {
        self->gone();
        if (exception) std::rethrow_exception(exception);
      });
}

asio::awaitable<void> Session::run() {
  if (wire().is_tls() && !co_await secure()) co_return;
  const auto asked = co_await http_->serve();
  if (asked && co_await upgrade(*asked))
    co_await talk();
  else
    co_await hang_up();
}

asio::awaitable<bool> Session::secure() {
  wire().limit(limits().tls_handshake);
  const auto [error] = co_await wire().async_tls_handshake(kAwait);
  // One that was dropped has been counted.
  if (error && !place_.has_left())
    hall_.counters.refuse(wire().limit_passed() ? Refused::kTooSlow : Refused::kBadRequest);
  co_return !error;
}

// True: it is one now.
asio::awaitable<bool> Session::upgrade(Message& asked) {
  co_await http_->stop_reading();
  const auto request = request_of(asked, http_->address());
  id_ = ++hall_.last_id;
  upgrade_ = std::make_unique<Upgrade>(Upgrade{.id = id_,
                                               .address = request.address,
                                               .path = request.path,
                                               .token = token_of(request.query, request.authorization),
                                               .origin = request.origin,
                                               .forwarded_for = request.forwarded_for,
                                               .host = text(asked[beast::http::field::host])});
  if (const auto denial = denial_of(*upgrade_)) {
    auto framing = framing_of(asked);
    framing.keep_alive = false;
    co_return co_await http_->respond(framing, *denial);
  }
  ws_.read_message_max(kMaxMessageBytes);
  ws_.auto_fragment(true);
  ws_.write_buffer_bytes(kMaxFrameBytes - kMaxFrameHeader);
  ws_.control_callback([this](websocket::frame_type type, beast::string_view) {
    last_heard_ = Clock::now();
    // The client said goodbye; Beast answers it and waits for the end of the socket, which is the client's to bring.
    if (type == websocket::frame_type::close) retire(static_cast<uint16_t>(ws_.reason().code));
  });
  // Also answers what is_upgrade() does not see: a missing key, another version.
  const auto [error] = co_await ws_.async_accept(asked, kAwait);
  if (!error) co_return true;
  hall_.counters.refuse(wire().limit_passed() ? Refused::kTooSlow : Refused::kBadRequest);
  co_return false;
}

std::optional<Response> Session::denial_of(const Upgrade& upgrade) {
  if (hall_.draining) {
    hall_.counters.refuse(Refused::kDraining);
    return denied({.status = 503,
                   .sentence = "The server is about to stop; connect again in a moment.",
                   .retry_after = base::Duration::seconds(1)});
  }
  // RFC 6455 section 4.1: a client waits for the 101 before it sends.
  if (http_->has_more()) {
    hall_.counters.refuse(Refused::kBadRequest);
    return problem(400, "Data came before the WebSocket handshake was answered.");
  }
  if (!hall_.callbacks.admit) return problem(404, "There are no WebSockets at this address.");
  const auto admitted = hall_.callbacks.admit(upgrade);
  if (admitted) return std::nullopt;
  const auto& denial = admitted.error();
  hall_.counters.refuse(denial.status == 401   ? Refused::kUnauthorized
                        : denial.status == 403 ? Refused::kForbidden
                                               : Refused::kBusy);
  return denied(denial);
}

asio::awaitable<void> Session::hang_up() {
  co_await http_->stop_reading();
  if (!wire().socket().is_open()) co_return;
  co_await asio::async_initiate<decltype(kAwait), void(error_code)>(
      [this](auto token) { wire().async_teardown(beast::role_type::server, std::move(token)); }, kAwait);
}

asio::awaitable<void> Session::talk() {
  wire().no_limit();
  place_.leave();
  http_.reset();
  opened_ = true;
  ++hall_.counters.connections_total;
  ++hall_.counters.connections_open;
  ++hall_.counters.responses[1];
  hall_.open.emplace(id_, shared_from_this());
  last_heard_ = last_ping_ = Clock::now();
  pulse();
  hall_.callbacks.on_open(*std::exchange(upgrade_, nullptr));
  error_code error;
  while (!error) {
    const size_t most = ws_.is_message_done() ? kIdleRead : kReadStep;
    std::tie(error, std::ignore) = co_await ws_.async_read_some(inbox_, most, kAwait);
    last_heard_ = Clock::now();
    if (!error) take_in();
    if (outbox_.is_fuller_than(1, 2) && !closing_ && !retired_) co_await wait_for_reader();
  }
  retire(code_of(error));
  wire().abort();
}

// Backpressure: who does not read what we answer is not asked for more, until there is room again.
asio::awaitable<void> Session::wait_for_reader() {
  ++hall_.counters.backpressure;
  asio::steady_timer gate(ws_.get_executor(), Clock::time_point::max());
  gate_ = &gate;
  co_await gate.async_wait(kAwait);
  gate_ = nullptr;
  last_heard_ = Clock::now();  // it has read: a sign of life
}

void Session::resume() {
  if (gate_ != nullptr) gate_->cancel();
}

// Some of a message has been read.
void Session::take_in() {
  if (!closing_ && ws_.got_binary()) close(close_code::kUnknownData, "only text messages are taken");
  if (!closing_ && ws_.is_message_done()) hear();
  if (closing_ || ws_.is_message_done()) inbox_.consume(inbox_.size());
  if (inbox_.size() == 0 && inbox_.capacity() > kReadStep) inbox_.shrink_to_fit();
  account();
  hall_.relieve();
}

void Session::hear() {
  const auto data = inbox_.cdata();
  ++hall_.counters.messages_in;
  hall_.counters.bytes_in += data.size();
  hall_.callbacks.on_text(id_, {static_cast<const char*>(data.data()), data.size()});
}

// What is no message yet, beyond what every idle connection has, and what waits to go out.
void Session::account() {
  const size_t now = closing_ || retired_ ? 0 : outbox_.bytes() + inbox_.size();
  hall_.counters.held_bytes += now - held_;
  held_ = now;
}

void Session::send(std::shared_ptr<const std::string> message) {
  if (closing_ || retired_) return;
  if (!outbox_.push(std::move(message))) {
    ++hall_.counters.slow_readers;
    return shed();
  }
  pump();
  account();
  hall_.relieve();
}

void Session::shed() {
  drop_queue();
  close(close_code::kTryAgainLater, "what was sent has not been read in time");
}

// All but what is being written.
void Session::drop_queue() {
  if (writing_)
    outbox_.keep_front();
  else
    outbox_.clear();
}

void Session::drop() {
  place_.leave();
  wire().abort();
  http_->dropped();
}

void Session::close(uint16_t code, std::string reason) {
  if (closing_ || retired_) return;
  closing_ = true;
  close_reason_ = {static_cast<websocket::close_code>(code), cut_reason(reason)};
  retire(code);
  pump();
}

// One write at a time: the outbox, then the close frame.
void Session::pump() {
  if (writing_ || close_sent_) return;
  if (!outbox_.empty()) {
    writing_ = true;
    return ws_.async_write(asio::buffer(outbox_.front()),
                           [self = shared_from_this()](const error_code& error, size_t size) {
                             self->writing_ = false;
                             if (error) return self->give_up();
                             ++self->hall_.counters.messages_out;
                             self->hall_.counters.bytes_out += size;
                             self->outbox_.pop();
                             self->account();
                             if (!self->outbox_.is_fuller_than(1, 4)) self->resume();
                             self->pump();
                           });
  }
  if (!closing_) return;
  close_sent_ = true;
  ws_.async_close(close_reason_, [self = shared_from_this()](const error_code&) {});
}

// B-3, B-56: asks for a sign of life now and then, and gives up when none has come for too long.
void Session::pulse() {
  const auto now = Clock::now();
  const auto silence = std::chrono::microseconds(limits().silence.us());
  const auto interval = std::chrono::microseconds(limits().ping_interval.us());
  if (now - last_heard_ >= silence) {
    // Not heard because not listened to: it reads nothing.
    if (gate_ != nullptr) return ++hall_.counters.slow_readers, shed();
    ++hall_.counters.silent;
    retire(close_code::kAbnormal);
    return give_up();
  }
  if (now - last_ping_ >= interval) {
    last_ping_ = now;
    // Beast takes one ping at a time; one that is stuck behind a slow reader is enough.
    if (!std::exchange(pinging_, true))
      ws_.async_ping({}, [self = shared_from_this()](const error_code&) { self->pinging_ = false; });
  }
  pulse_timer_.expires_at(std::min(last_ping_ + interval, last_heard_ + silence));
  pulse_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && !self->retired_) self->pulse();
  });
}

uint16_t Session::code_of(const error_code& error) const {
  if (error == websocket::error::closed) return static_cast<uint16_t>(ws_.reason().code);
  if (error == websocket::error::message_too_big) return close_code::kTooBig;
  if (error == websocket::error::bad_frame_payload) return close_code::kBadPayload;
  if (error == websocket::condition::protocol_violation) return close_code::kProtocolError;
  return close_code::kAbnormal;
}

void Session::retire(uint16_t code) {
  if (std::exchange(retired_, true)) return;
  hall_.counters.close(code);
  pulse_timer_.cancel();
  if (!closing_) drop_queue();
  // From here on it is about the goodbye, which whoever does not read may not drag out.
  wire().limit(limits().close_handshake);
  account();
  resume();
  const auto self = shared_from_this();
  hall_.open.erase(id_);
  // Posted: the owner may be in the middle of a call to send() or close().
  asio::post(ws_.get_executor(), [self] { self->hall_.callbacks.on_closed(self->id_); });
}

void Session::give_up() {
  wire().abort();
  resume();
}

void Session::gone() {
  place_.leave();
  wire().abort();
  --hall_.counters.sockets_open;
  if (opened_) --hall_.counters.connections_open;
}

}  // namespace

void start_connection(asio::ip::tcp::socket socket, Hall& hall) {
  std::make_shared<Session>(std::move(socket), hall)->start();
}

}  // namespace heliograph::gateway
