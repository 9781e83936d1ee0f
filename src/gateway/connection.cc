// SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <ctime>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/answer.h"
#include "gateway/incoming.h"
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

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxFrameHeader = 10;  // RFC 6455 section 5.2, unmasked
constexpr size_t kMaxReason = 123;      // RFC 6455 section 5.5, less the code
// What is made ready for a read between messages, and within one: a client has to send what it wants us to hold, a
// header that promises 128 KB is not enough.
constexpr size_t kIdleRead = 512;
constexpr size_t kReadStep = 4 * 1024;
// Content up to this size goes out in one piece with its head, at the price of a copy.
constexpr size_t kSmallContent = 4 * 1024;

base::IpAddress address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address();
  return address.is_v4() ? base::IpAddress::v4(address.to_v4().to_uint())
                         : base::IpAddress::v6(address.to_v6().to_bytes());
}

// Cut to what a close frame holds, between characters.
std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= kMaxReason) return reason;
  size_t end = kMaxReason;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end);
}

// What comes while a request waits for its answer, and the read that waits for it: how a client is noticed to have
// gone. Apart from the inbox, where the next request may already be and is read while this waits.
struct Ahead {
  std::array<char, 2 * 1024> bytes;
  size_t size = 0;
  error_code error;
  bool reading = false;
};

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, Hall& hall)
      : hall_(hall),
        address_(address_of(socket)),
        ws_(Wire(std::move(socket), hall.tls, hall.limits.close_handshake)),
        answer_(hall.counters, [this] { wake(); }),
        outbox_(hall.limits),
        timer_(ws_.get_executor()) {}

  void start();
  void send(std::string message) override;
  void close(uint16_t code, std::string reason) override;
  size_t held_bytes() const override { return held_; }
  void shed() override;
  void drop() override;
  void turn_away() override;

 private:
  enum class Next { kRequest, kWebSocket, kEnd };

  Wire& wire() { return ws_.next_layer(); }
  const Limits& limits() const { return hall_.limits; }

  asio::awaitable<void> run();
  asio::awaitable<bool> secure();
  asio::awaitable<Next> serve_request();
  asio::awaitable<error_code> read(Parser& parser);
  asio::awaitable<error_code> read_some();
  asio::awaitable<Next> reject(const error_code& error, bool begun);
  std::optional<Response> answer(const Request& request);
  asio::awaitable<std::optional<Response>> wait_for_answer();
  asio::awaitable<Next> respond(const Framing& asked, const Response& response);
  void read_ahead();
  error_code take_ahead();
  asio::awaitable<void> stop_reading_ahead();
  asio::awaitable<void> doze();
  void wake();
  asio::awaitable<Next> upgrade(Message& asked);
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
  void stand_in(std::list<Connection*>& line);
  void leave_line();
  void drop_queue();
  uint16_t code_of(const error_code& error) const;
  void retire(uint16_t code);
  void gone();

  Hall& hall_;
  const base::IpAddress address_;
  websocket::stream<Wire, false> ws_;  // HTTP runs on its next layer until the upgrade
  beast::flat_buffer inbox_;
  std::unique_ptr<Ahead> ahead_;  // from the first request that is answered later until the upgrade
  Answer answer_;
  Outbox outbox_;
  size_t held_ = 0;  // our part of Counters::held_bytes
  ConnectionId id_ = 0;
  std::unique_ptr<Upgrade> upgrade_;        // until on_open
  std::list<Connection*>* line_ = nullptr;  // Hall::waiting or Hall::answering; null: a WebSocket, or dropped
  std::list<Connection*>::iterator place_;  // in it
  asio::steady_timer* gate_ = nullptr;      // while nothing is read because the client does not read
  asio::steady_timer timer_;                // until the upgrade that of doze(), then that of pulse()
  Clock::time_point last_heard_;
  Clock::time_point last_ping_;
  websocket::close_reason close_reason_;
  bool dozing_ = false;
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
  line_ = &hall_.waiting;
  place_ = line_->insert(line_->end(), this);
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
  if (error && line_ != nullptr)
    hall_.counters.refuse(wire().limit_passed() ? Refused::kTooSlow : Refused::kBadRequest);
  co_return !error;
}

asio::awaitable<Session::Next> Session::serve_request() {
  Framing asked;
  std::optional<Response> response;
  {  // What was read is not kept while its answer is waited for.
    Parser parser;
    parser.eager(true);
    parser.header_limit(static_cast<uint32_t>(limits().max_header_bytes));
    parser.body_limit(limits().max_body_bytes);
    wire().limit(limits().request);
    const error_code error = co_await read(parser);
    if (error) co_return co_await reject(error, parser.got_some());
    if (websocket::is_upgrade(parser.get())) co_return co_await upgrade(parser.get());
    asked = framing_of(parser.get());
    response = answer(request_of(parser.get(), address_));
  }
  if (!response) response = co_await wait_for_answer();
  if (!response) co_return Next::kEnd;
  co_return co_await respond(asked, *response);
}

// One request; what comes after it stays in the inbox.
asio::awaitable<error_code> Session::read(Parser& parser) {
  error_code error;
  while (true) {
    if (inbox_.size() > 0) {
      inbox_.consume(parser.put(inbox_.data(), error));
      if (error && error != http::error::need_more) co_return error;
      if (parser.is_done()) co_return error_code();
    }
    error = co_await read_some();
    if (error == asio::error::eof && parser.got_some()) parser.put_eof(error = {});
    if (error) co_return error;
  }
}

// What a read that is under way brings, else what comes next.
asio::awaitable<error_code> Session::read_some() {
  if (ahead_ && (ahead_->reading || ahead_->size > 0 || ahead_->error)) {
    while (ahead_->reading) co_await doze();
    co_return take_ahead();
  }
  const auto [error, size] = co_await wire().async_read_some(inbox_.prepare(kReadStep), kAwait);
  inbox_.commit(size);
  co_return error;
}

// begun: something of a request had come, so that it is not just an idle connection that ends.
asio::awaitable<Session::Next> Session::reject(const error_code& error, bool begun) {
  if (wire().limit_passed() && begun) hall_.counters.refuse(Refused::kTooSlow);
  const unsigned status = status_of(error);
  if (status == 0) co_return Next::kEnd;
  hall_.counters.refuse(Refused::kBadRequest);
  const auto response = problem(status, "The request could not be read: " + error.message() + ".");
  co_return co_await respond({.keep_alive = false}, response);
}

// nullopt: it comes later.
std::optional<Response> Session::answer(const Request& request) {
  const Route* route = hall_.router.route_of(request);
  if (route == nullptr || !route->answer_later) return hall_.router.answer(request, route);
  route->answer_later(request, answer_.open());
  return std::nullopt;
}

// nullopt: the client has gone. That includes one that only sends no more (a half-closed socket), as it does not differ
// until something is written to it; what is not worth a wait is answered at once, which serves such a one as well.
asio::awaitable<std::optional<Response>> Session::wait_for_answer() {
  wire().no_limit();
  stand_in(hall_.answering);
  ++hall_.counters.requests_waiting;
  error_code gone;
  while (!answer_.has_come() && !gone && wire().socket().is_open()) {
    read_ahead();
    co_await doze();
    gone = take_ahead();
  }
  --hall_.counters.requests_waiting;
  stand_in(hall_.waiting);
  if (answer_.has_come()) {
    auto response = answer_.take();
    Router::complete(response);
    co_return response;
  }
  answer_.forget();
  ++hall_.counters.requests_left;
  co_return std::nullopt;
}

// Pipelined requests are kept, but not more than one may be large: past that, nothing is read, and a client that goes
// is noticed when its answer is written.
void Session::read_ahead() {
  if (!ahead_) ahead_ = std::make_unique_for_overwrite<Ahead>();
  if (ahead_->reading || inbox_.size() >= limits().max_header_bytes) return;
  ahead_->reading = true;
  wire().async_read_some(asio::buffer(ahead_->bytes),
                         [self = shared_from_this()](const error_code& error, size_t size) {
                           self->ahead_->reading = false;
                           self->ahead_->error = error;
                           self->ahead_->size = size;
                           self->wake();
                         });
}

error_code Session::take_ahead() {
  if (!ahead_ || ahead_->reading) return {};
  inbox_.commit(asio::buffer_copy(inbox_.prepare(ahead_->size), asio::buffer(ahead_->bytes, ahead_->size)));
  ahead_->size = 0;
  return std::exchange(ahead_->error, error_code());
}

asio::awaitable<void> Session::stop_reading_ahead() {
  error_code ignored;
  if (ahead_ && ahead_->reading) wire().socket().cancel(ignored);
  while (ahead_ && ahead_->reading) co_await doze();
  take_ahead();
}

// Until wake(), or longer: whoever calls it looks whether what it waits for has come.
asio::awaitable<void> Session::doze() {
  timer_.expires_at(Clock::time_point::max());
  dozing_ = true;
  co_await timer_.async_wait(kAwait);
  dozing_ = false;
}

void Session::wake() {
  if (dozing_) timer_.cancel();
}

asio::awaitable<Session::Next> Session::respond(const Framing& asked, const Response& response) {
  const bool keep_alive = asked.keep_alive && !hall_.draining;
  auto head = head_of(response, {asked.http_1_1, keep_alive, asked.head_only}, hall_.date.at(std::time(nullptr)));
  std::string_view content = asked.head_only ? std::string_view() : response.payload();
  if (content.size() <= kSmallContent) head.append(std::exchange(content, {}));
  ++hall_.counters.responses[std::min<size_t>(response.status / 100, hall_.counters.responses.size() - 1)];
  wire().limit(limits().response);
  const std::array<asio::const_buffer, 2> pieces{asio::buffer(head), asio::buffer(content)};
  const auto [error, size] = co_await asio::async_write(wire(), pieces, kAwait);
  stand_in(hall_.waiting);
  co_return !error && keep_alive ? Next::kRequest : Next::kEnd;
}

asio::awaitable<Session::Next> Session::upgrade(Message& asked) {
  co_await stop_reading_ahead();
  const auto request = request_of(asked, address_);
  id_ = ++hall_.last_id;
  upgrade_ = std::make_unique<Upgrade>(Upgrade{.id = id_,
                                               .address = address_,
                                               .path = request.path,
                                               .token = token_of(request.query, request.authorization),
                                               .origin = request.origin,
                                               .forwarded_for = request.forwarded_for,
                                               .host = text(asked[http::field::host])});
  if (const auto denial = denial_of(*upgrade_)) {
    auto framing = framing_of(asked);
    framing.keep_alive = false;
    co_return co_await respond(framing, *denial);
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
  co_await stop_reading_ahead();
  if (!wire().socket().is_open()) co_return;
  co_await asio::async_initiate<decltype(kAwait), void(error_code)>(
      [this](auto token) { wire().async_teardown(beast::role_type::server, std::move(token)); }, kAwait);
}

asio::awaitable<void> Session::talk() {
  wire().no_limit();
  leave_line();
  ahead_.reset();
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
  leave_line();
  wire().abort();
  wake();
}

void Session::turn_away() {
  answer_.preempt(denied({.status = 503,
                          .sentence = "The server is about to stop; ask again in a moment.",
                          .retry_after = base::Duration::seconds(1)}));
}

// At its end; nothing happens to one that was dropped.
void Session::stand_in(std::list<Connection*>& line) {
  if (line_ == nullptr) return;
  line.splice(line.end(), *line_, place_);
  line_ = &line;
}

void Session::leave_line() {
  if (line_ != nullptr) std::exchange(line_, nullptr)->erase(place_);
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
  timer_.expires_at(std::min(last_ping_ + interval, last_heard_ + silence));
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
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
  timer_.cancel();
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
  leave_line();
  wire().abort();
  --hall_.counters.sockets_open;
  if (opened_) --hall_.counters.connections_open;
}

}  // namespace

void start_connection(asio::ip::tcp::socket socket, Hall& hall) {
  std::make_shared<Session>(std::move(socket), hall)->start();
}

}  // namespace heliograph::gateway
