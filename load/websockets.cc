// SPDX-License-Identifier: Apache-2.0
// The one translation unit that pays for Beast's WebSocket.
#include "load/websockets.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "io/wake.h"

namespace heliograph::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;

using Tell = std::function<void(SocketEvent)>;

// One WebSocket, on the thread of the io_context; kept alive by its own operations.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& context, uint32_t number, const Tell& tell)
      : socket_(context), number_(number), tell_(tell) {}

  void open(const tcp::resolver::results_type& where, const Url& url) {
    asio::async_connect(socket_.next_layer(), where,
                        [self = shared_from_this(), url](error_code error, const tcp::endpoint&) {
                          if (error) return self->end(error);
                          self->shake_hands(url);
                        });
  }
  void send(std::string text) {
    outbox_.push_back(std::move(text));
    if (open_ && outbox_.size() == 1) write();
  }
  void close() {
    if (!open_) return;
    socket_.async_close(beast::websocket::close_code::normal, [self = shared_from_this()](error_code) {});
  }

 private:
  void shake_hands(const Url& url) {
    socket_.next_layer().set_option(tcp::no_delay(true));
    socket_.async_handshake(url.authority(), url.target, [self = shared_from_this()](error_code error) {
      if (error) return self->end(error);
      self->open_ = true;
      self->tell_({self->number_, SocketEvent::Kind::kOpened, {}});
      self->read();
      if (!self->outbox_.empty()) self->write();
    });
  }
  void read() {
    socket_.async_read(buffer_, [self = shared_from_this()](error_code error, size_t) {
      if (error) return self->end(error);
      self->tell_({self->number_, SocketEvent::Kind::kText, beast::buffers_to_string(self->buffer_.data())});
      self->buffer_.clear();
      self->read();
    });
  }
  void write() {
    socket_.async_write(asio::buffer(outbox_.front()), [self = shared_from_this()](error_code error, size_t) {
      if (error) return self->end(error);
      self->outbox_.pop_front();
      if (!self->outbox_.empty()) self->write();
    });
  }
  void end(error_code error) {
    open_ = false;
    if (!std::exchange(ended_, true)) tell_({number_, SocketEvent::Kind::kClosed, error.message()});
  }

  beast::websocket::stream<tcp::socket> socket_;
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
  Thread(io::Wake wake, Url url) : wake_(std::move(wake)), url_(std::move(url)) {}
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

  void open(uint32_t number) {
    asio::post(context_, [this, number] {
      auto connection = std::make_shared<Connection>(context_, number, tell_);
      connections_[number] = connection;
      connection->open(where_, url_);
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

void Websockets::open(uint32_t connection) { thread_->open(connection); }

void Websockets::send(uint32_t connection, std::string text) {
  thread_->with(connection, [text = std::move(text)](Connection& c) mutable { c.send(std::move(text)); });
}

void Websockets::close(uint32_t connection) {
  thread_->with(connection, [](Connection& c) { c.close(); });
}

int Websockets::fd() const { return thread_->fd(); }

std::vector<SocketEvent> Websockets::take_events() { return thread_->take_events(); }

}  // namespace heliograph::load
