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

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

base::IpAddress address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address();
  return address.is_v4() ? base::IpAddress::v4(address.to_v4().to_uint())
                         : base::IpAddress::v6(address.to_v6().to_bytes());
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
  void take_in();
  void pump();
  void pulse();
  uint16_t code_of(const error_code& error) const;
  void retire(uint16_t code);
  void gone();

  Hall& hall_;
  const base::IpAddress address_;
  websocket::stream<Wire, false> ws_;  // HTTP runs on its next layer until the upgrade
  beast::flat_buffer inbox_;
  Outbox outbox_;
  Upgrade upgrade_;
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
  if (error) hall_.counters.refuse(wire().limit_passed() ? Refused::kTooSlow : Refused::kBadRequest);
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
  upgrade_ = {.id = ++hall_.last_id,
              .address = address_,
              .path = request.path,
              .token = token_of(request.query, request.authorization),
              .origin = text(asked[http::field::origin])};
  if (const auto denial = denial_of(upgrade_)) co_return co_await respond(asked, *denial, false);
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
    auto response = problem(503, "The server is about to stop; connect again in a moment.");
    response.headers.emplace_back("Retry-After", "1");
    return response;
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
  auto response = problem(denial.status, denial.sentence);
  if (denial.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");  // RFC 6750 section 3
  return response;
}

asio::awaitable<void> Session::hang_up() {
  if (!wire().socket().is_open()) co_return;
  co_await asio::async_initiate<decltype(kAwait), void(error_code)>(
      [this](auto token) { wire().async_teardown(beast::role_type::server, std::move(token)); }, kAwait);
}

asio::awaitable<void> Session::talk() {
  wire().no_limit();
  opened_ = true;
  ++hall_.counters.connections_total;
  ++hall_.counters.connections_open;
  ++hall_.counters.responses[1];
  hall_.open.emplace(upgrade_.id, shared_from_this());
  last_heard_ = last_ping_ = Clock::now();
  pulse();
  hall_.callbacks.on_open(upgrade_);
  error_code error;
  while (!error) {
    std::tie(error, std::ignore) = co_await ws_.async_read_some(inbox_, 0, kAwait);
    last_heard_ = Clock::now();
    if (!error) take_in();
  }
  retire(code_of(error));
  wire().abort();
}

// Some of a message has been read.
void Session::take_in() {
  if (closing_) return inbox_.consume(inbox_.size());
  if (ws_.got_binary()) return close(close_code::kUnknownData, "only text messages are taken");
  if (!ws_.is_message_done()) return;
  const auto data = inbox_.cdata();
  ++hall_.counters.messages_in;
  hall_.counters.bytes_in += data.size();
  hall_.callbacks.on_text(upgrade_.id, {static_cast<const char*>(data.data()), data.size()});
  inbox_.consume(inbox_.size());
}

void Session::send(std::string message) {
  if (closing_ || retired_) return;
  if (outbox_.push(std::move(message))) return pump();
  ++hall_.counters.slow_readers;
  outbox_.keep_front();
  close(close_code::kTryAgainLater, "what was sent has not been read in time");
}

void Session::close(uint16_t code, std::string reason) {
  if (closing_ || retired_) return;
  closing_ = true;
  close_reason_ = {static_cast<websocket::close_code>(code), cut_reason(reason)};
  pulse_timer_.cancel();
  wire().limit(limits().close_handshake);
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
                             if (error) return self->wire().abort();
                             ++self->hall_.counters.messages_out;
                             self->hall_.counters.bytes_out += size;
                             self->outbox_.pop();
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
    ++hall_.counters.silent;
    retire(close_code::kAbnormal);
    return wire().abort();
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
  const auto self = shared_from_this();
  hall_.open.erase(upgrade_.id);
  // Posted: the owner may be in the middle of a call to send() or close().
  asio::post(ws_.get_executor(), [self] { self->hall_.callbacks.on_closed(self->upgrade_.id); });
}

void Session::gone() {
  wire().abort();
  --hall_.counters.sockets_open;
  if (opened_) --hall_.counters.connections_open;
}

}  // namespace

void start_connection(asio::ip::tcp::socket socket, Hall& hall) {
  std::make_shared<Session>(std::move(socket), hall)->start();
}

}  // namespace heliograph::gateway
