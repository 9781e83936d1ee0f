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
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <ctime>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/outbox.h"
#include "gateway/wire.h"

namespace heliograph::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;
using Message = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxFrameHeader = 10;  // RFC 6455 section 5.2, unmasked
constexpr size_t kMaxReason = 123;      // RFC 6455 section 5.5, less the code
// What is made ready for a read between messages, and within one: a client has to send what it wants us to hold, a
// header that promises 128 KB is not enough.
constexpr size_t kIdleRead = 512;
constexpr size_t kReadStep = 4 * 1024;

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

base::IpAddress address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address();
  return address.is_v4() ? base::IpAddress::v4(address.to_v4().to_uint())
                         : base::IpAddress::v6(address.to_v6().to_bytes());
}

// All lines of a header that may come more than once, as one (RFC 9110 section 5.3).
std::string all_of(const Message& message, beast::string_view name) {
  std::string all;
  const auto [first, last] = message.equal_range(name);
  for (auto line = first; line != last; ++line) all += (all.empty() ? "" : ", ") + text(line->value());
  return all;
}

Request request_of(const Message& message, const base::IpAddress& address) {
  const auto target = text(message.target());
  const auto [path, query] = split_target(target);
  return {.method = text(message.method_string()),
          .path = std::string(path),
          .query = std::string(query),
          .authorization = text(message[http::field::authorization]),
          .if_none_match = text(message[http::field::if_none_match]),
          .content_type = text(message[http::field::content_type]),
          .accept = all_of(message, "Accept"),
          .origin = text(message[http::field::origin]),
          .forwarded_for = all_of(message, "X-Forwarded-For"),
          .body = message.body(),
          .address = address};
}

// RFC 9110 section 5.6.7.
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char out[32];
  return {out, std::strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

// Cut to what a close frame holds, between characters.
std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= kMaxReason) return reason;
  size_t end = kMaxReason;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end);
}

// The HTTP answer to what could not be read as a request; 0: none, the socket is simply gone or done.
unsigned status_of(const error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_line_ending).category() ? 400 : 0;
}

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, Hall& hall)
      : hall_(hall),
        address_(address_of(socket)),
        ws_(Wire(std::move(socket), hall.tls, hall.limits.close_handshake)),
        outbox_(hall.limits),
        pulse_timer_(ws_.get_executor()) {}

  void start();
  void send(std::string message) override;
  void close(uint16_t code, std::string reason) override;
  size_t held_bytes() const override { return held_; }
  void shed() override;
  void drop() override;

 private:
  enum class Next { kRequest, kWebSocket, kEnd };

  Wire& wire() { return ws_.next_layer(); }
  const Limits& limits() const { return hall_.limits; }

  asio::awaitable<void> run();
  asio::awaitable<bool> secure();
  asio::awaitable<Next> serve_request();
  asio::awaitable<Next> reject(const error_code& error, bool begun);
  asio::awaitable<Next> respond(const Message& asked, const Response& response, bool keep_alive);
  asio::awaitable<Next> upgrade(const Message& asked);
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
  void no_longer_waiting();
  void drop_queue();
  uint16_t code_of(const error_code& error) const;
  void retire(uint16_t code);
  void gone();

  Hall& hall_;
  const base::IpAddress address_;
  websocket::stream<Wire, false> ws_;  // HTTP runs on its next layer until the upgrade
  beast::flat_buffer inbox_;
  Outbox outbox_;
  size_t held_ = 0;  // our part of Counters::held_bytes
  ConnectionId id_ = 0;
  std::unique_ptr<Upgrade> upgrade_;                       // until on_open
  std::optional<std::list<Connection*>::iterator> place_;  // in Hall::waiting
  asio::steady_timer* gate_ = nullptr;                     // while nothing is read because the client does not read
  asio::steady_timer pulse_timer_;
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
  place_ = hall_.waiting.insert(hall_.waiting.end(), this);
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
  Next next = Next::kRequest;
  while (next == Next::kRequest) next = co_await serve_request();
  if (next == Next::kWebSocket)
    co_await talk();
  else
    co_await hang_up();
}

asio::awaitable<bool> Session::secure() {
  wire().limit(limits().tls_handshake);
  const auto [error] = co_await wire().async_tls_handshake(kAwait);
  // One that was dropped has been counted.
  if (error && place_) hall_.counters.refuse(wire().limit_passed() ? Refused::kTooSlow : Refused::kBadRequest);
  co_return !error;
}

asio::awaitable<Session::Next> Session::serve_request() {
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(limits().max_header_bytes));
  parser.body_limit(limits().max_body_bytes);
  wire().limit(limits().request);
  const auto [error, size] = co_await http::async_read(wire(), inbox_, parser, kAwait);
  if (error) co_return co_await reject(error, parser.got_some());
  const Message& asked = parser.get();
  if (websocket::is_upgrade(asked)) co_return co_await upgrade(asked);
  const Response response = hall_.router.answer(request_of(asked, address_));
  co_return co_await respond(asked, response, asked.keep_alive() && !hall_.draining);
}

// begun: something of a request had come, so that it is not just an idle connection that ends.
asio::awaitable<Session::Next> Session::reject(const error_code& error, bool begun) {
  if (wire().limit_passed() && begun) hall_.counters.refuse(Refused::kTooSlow);
  const unsigned status = status_of(error);
  if (status == 0) co_return Next::kEnd;
  hall_.counters.refuse(Refused::kBadRequest);
  Message nothing;
  const auto response = problem(status, "The request could not be read: " + error.message() + ".");
  co_return co_await respond(nothing, response, false);
}

asio::awaitable<Session::Next> Session::respond(const Message& asked, const Response& response, bool keep_alive) {
  http::response<http::span_body<const char>> out(static_cast<http::status>(response.status), asked.version());
  const auto payload = response.payload();
  for (const auto& [name, value] : response.headers) out.set(name, value);
  out.set(http::field::date, http_date());
  if (!response.content_type.empty()) out.set(http::field::content_type, response.content_type);
  if (response.status != 304) out.content_length(payload.size());
  out.keep_alive(keep_alive);
  // RFC 9110 section 9.3.2: HEAD has the headers of GET and no content.
  if (asked.method() != http::verb::head) out.body() = beast::span<const char>(payload.data(), payload.size());
  ++hall_.counters.responses[std::min<size_t>(response.status / 100, hall_.counters.responses.size() - 1)];
  wire().limit(limits().response);
  const auto [error, size] = co_await http::async_write(wire(), out, kAwait);
  co_return !error && keep_alive ? Next::kRequest : Next::kEnd;
}

asio::awaitable<Session::Next> Session::upgrade(const Message& asked) {
  const auto request = request_of(asked, address_);
  id_ = ++hall_.last_id;
  upgrade_ = std::make_unique<Upgrade>(Upgrade{.id = id_,
                                               .address = address_,
                                               .path = request.path,
                                               .token = token_of(request.query, request.authorization),
                                               .origin = request.origin,
                                               .forwarded_for = request.forwarded_for,
                                               .host = text(asked[http::field::host])});
  if (const auto denial = denial_of(*upgrade_)) co_return co_await respond(asked, *denial, false);
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
  if (!error) co_return Next::kWebSocket;
  hall_.counters.refuse(wire().limit_passed() ? Refused::kTooSlow : Refused::kBadRequest);
  co_return Next::kEnd;
}

std::optional<Response> Session::denial_of(const Upgrade& upgrade) {
  if (hall_.draining) {
    hall_.counters.refuse(Refused::kDraining);
    return denied({.status = 503,
                   .sentence = "The server is about to stop; connect again in a moment.",
                   .retry_after = base::Duration::seconds(1)});
  }
  // RFC 6455 section 4.1: a client waits for the 101 before it sends.
  if (inbox_.size() > 0) {
    hall_.counters.refuse(Refused::kBadRequest);
    return problem(400, "Data came before the WebSocket handshake was answered.");
  }
  const auto admitted = hall_.callbacks.admit(upgrade);
  if (admitted) return std::nullopt;
  const auto& denial = admitted.error();
  hall_.counters.refuse(denial.status == 401   ? Refused::kUnauthorized
                        : denial.status == 403 ? Refused::kForbidden
                                               : Refused::kBusy);
  return denied(denial);
}

asio::awaitable<void> Session::hang_up() {
  if (!wire().socket().is_open()) co_return;
  co_await asio::async_initiate<decltype(kAwait), void(error_code)>(
      [this](auto token) { wire().async_teardown(beast::role_type::server, std::move(token)); }, kAwait);
}

asio::awaitable<void> Session::talk() {
  wire().no_limit();
  no_longer_waiting();
  opened_ = true;
  ++hall_.counters.connections_total;
  ++hall_.counters.connections_open;
  ++hall_.counters.responses[1];
  hall_.open.emplace(id_, shared_from_this());
  last_heard_ = last_ping_ = Clock::now();
  inbox_.shrink_to_fit();  // of the request
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

void Session::send(std::string message) {
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
  no_longer_waiting();
  wire().abort();
}

void Session::no_longer_waiting() {
  if (place_) hall_.waiting.erase(*place_);
  place_.reset();
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
  no_longer_waiting();
  wire().abort();
  --hall_.counters.sockets_open;
  if (opened_) --hall_.counters.connections_open;
}

}  // namespace

void start_connection(asio::ip::tcp::socket socket, Hall& hall) {
  std::make_shared<Session>(std::move(socket), hall)->start();
}

}  // namespace heliograph::gateway
