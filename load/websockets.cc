// SPDX-License-Identifier: Apache-2.0
// The one translation unit that pays for Beast's WebSocket.
#include "load/websockets.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "io/wake.h"
#include "load/tls.h"

namespace heliograph::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;

using Tell = std::function<void(SocketEvent)>;

// One WebSocket, on the thread of the io_context; kept alive by its own operations.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void open(const tcp::resolver::results_type& where, const Url& url) = 0;
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
};

std::string why_declined(const beast::websocket::response_type& response) {
  std::string why = "the server answered " + std::to_string(response.result_int());
  if (response.result_int() == 401 || response.result_int() == 403)
    why += ": it wants tokens; see --token-secret-file, or run it with --dev";
  if (response.result_int() == 404) why += ": is the path of the URL right? heliograph's is /ws";
  if (response.result_int() == 429)
    why += ": run it with --connections-per-address 0 --connection-rate-per-address 0 for a load from one address";
  return why;
}

std::string why_not_secure(error_code error) {
  return error.message() + "; --insecure takes a certificate that is self-signed or for another name";
}

// Layer: tcp::socket, or TLS over one.
template <class Layer>
class ConnectionOver : public Connection, public std::enable_shared_from_this<ConnectionOver<Layer>> {
 public:
  template <class... Arguments>
  ConnectionOver(uint32_t number, const Tell& tell, Arguments&&... arguments)
      : socket_(std::forward<Arguments>(arguments)...), number_(number), tell_(tell) {}

  void open(const tcp::resolver::results_type& where, const Url& url) override {
    asio::async_connect(beast::get_lowest_layer(socket_), where,
                        [self = this->shared_from_this(), url](error_code error, const tcp::endpoint&) {
                          if (error) return self->end(error.message() + "; is the server listening there?");
                          beast::get_lowest_layer(self->socket_).set_option(tcp::no_delay(true), error);
                          self->secure(url);
                        });
  }
  void send(std::string text) override {
    outbox_.push_back(std::move(text));
    if (open_ && outbox_.size() == 1) write();
  }
  void close() override {
    if (!open_) return;
    socket_.async_close(beast::websocket::close_code::normal, [self = this->shared_from_this()](error_code) {});
  }

 private:
  void secure(const Url& url) {
    if constexpr (std::is_same_v<Layer, tcp::socket>) {
      shake_hands(url);
    } else {
      expect_host(socket_.next_layer().native_handle(), url);
      socket_.next_layer().async_handshake(asio::ssl::stream_base::client,
                                           [self = this->shared_from_this(), url](error_code error) {
                                             if (error) return self->end(why_not_secure(error));
                                             self->shake_hands(url);
                                           });
    }
  }
  void shake_hands(const Url& url) {
    socket_.async_handshake(response_, url.authority(), url.target,
                            [self = this->shared_from_this()](error_code error) {
                              if (error == beast::websocket::error::upgrade_declined)
                                return self->end(why_declined(self->response_));
                              if (error) return self->end(error);
                              self->open_ = true;
                              self->tell_({self->number_, SocketEvent::Kind::kOpened, {}});
                              self->read();
                              if (!self->outbox_.empty()) self->write();
                            });
  }
  void read() {
    socket_.async_read(buffer_, [self = this->shared_from_this()](error_code error, size_t) {
      if (error) return self->end(error);
      self->tell_({self->number_, SocketEvent::Kind::kText, beast::buffers_to_string(self->buffer_.data())});
      self->buffer_.clear();
      self->read();
    });
  }
  void write() {
    socket_.async_write(asio::buffer(outbox_.front()), [self = this->shared_from_this()](error_code error, size_t) {
      if (error) return self->end(error);
      self->outbox_.pop_front();
      if (!self->outbox_.empty()) self->write();
    });
  }
  void end(error_code error) {
    // The server says why it closes; an error code does not.
    const auto& reason = socket_.reason();
    end(error == beast::websocket::error::closed && !reason.reason.empty() ? std::string(reason.reason.c_str())
                                                                           : error.message());
  }
  void end(std::string why) {
    open_ = false;
    if (!std::exchange(ended_, true)) tell_({number_, SocketEvent::Kind::kClosed, std::move(why)});
  }

  beast::websocket::stream<Layer> socket_;
  beast::websocket::response_type response_;
  beast::flat_buffer buffer_;
  std::deque<std::string> outbox_;
  uint32_t number_;
  const Tell& tell_;
  bool open_ = false;
  bool ended_ = false;
};

}  // namespace

class Websockets::Thread {
 public:
  Thread(io::Wake wake, Url url) : wake_(std::move(wake)), url_(std::move(url)), tls_(tls_context(url_.insecure)) {}
  ~Thread() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  error_code start() {
    error_code error;
    where_ = tcp::resolver(context_).resolve(url_.host, url_.port, error);
    if (!error) thread_ = std::thread([this] { context_.run(); });
    return error;
  }

  void open(uint32_t number, std::string target) {
    asio::post(context_, [this, number, target = std::move(target)] {
      const auto& connection = connections_[number] = make(number);
      connection->open(where_, url_.at(target));
    });
  }
  template <class Do>
  void with(uint32_t number, Do&& what) {
    asio::post(context_, [this, number, what = std::forward<Do>(what)]() mutable {
      if (const auto found = connections_.find(number); found != connections_.end()) what(*found->second);
    });
  }
  int fd() const { return wake_.fd(); }
  std::vector<SocketEvent> take_events() {
    wake_.take();
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  std::shared_ptr<Connection> make(uint32_t number) {
    if (url_.tls)
      return std::make_shared<ConnectionOver<asio::ssl::stream<tcp::socket>>>(number, tell_, context_, tls_);
    return std::make_shared<ConnectionOver<tcp::socket>>(number, tell_, context_);
  }
  void tell(SocketEvent event) {
    if (event.kind == SocketEvent::Kind::kClosed) connections_.erase(event.connection);
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    wake_.signal();
  }

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  io::Wake wake_;
  Url url_;
  asio::ssl::context tls_;
  tcp::resolver::results_type where_;
  const Tell tell_ = [this](SocketEvent event) { tell(std::move(event)); };
  std::unordered_map<uint32_t, std::shared_ptr<Connection>> connections_;  // the thread's
  std::mutex mutex_;
  std::vector<SocketEvent> events_;  // under mutex_
  std::thread thread_;
};

Websockets::Websockets(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}
Websockets::~Websockets() = default;

std::expected<std::unique_ptr<Websockets>, base::Trouble> Websockets::create(const Url& server) {
  auto wake = io::Wake::create();
  if (!wake) return std::unexpected(wake.error());
  auto thread = std::make_unique<Thread>(std::move(*wake), server);
  if (const auto error = thread->start()) return std::unexpected(base::Trouble{error, "resolving " + server.host});
  return std::unique_ptr<Websockets>(new Websockets(std::move(thread)));
}

void Websockets::open(uint32_t connection, std::string target) { thread_->open(connection, std::move(target)); }

void Websockets::send(uint32_t connection, std::string text) {
  thread_->with(connection, [text = std::move(text)](Connection& c) mutable { c.send(std::move(text)); });
}

void Websockets::close(uint32_t connection) {
  thread_->with(connection, [](Connection& c) { c.close(); });
}

int Websockets::fd() const { return thread_->fd(); }

std::vector<SocketEvent> Websockets::take_events() { return thread_->take_events(); }

}  // namespace heliograph::load
