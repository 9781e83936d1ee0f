// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <system_error>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "gateway/connection.h"
#include "gateway/listen_address.h"
#include "gateway/router.h"

namespace heliograph::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as io::now()
using Done = std::expected<void, base::Trouble>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kAcceptBatch = 32;
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

std::unexpected<base::Trouble> trouble(const error_code& error, std::string where) {
  return std::unexpected(base::Trouble{error, std::move(where)});
}

base::SocketAddress address_of(const tcp::endpoint& endpoint) {
  const auto ip = endpoint.address();
  return {ip.is_v4() ? base::IpAddress::v4(ip.to_v4().to_uint()) : base::IpAddress::v6(ip.to_v6().to_bytes()),
          endpoint.port()};
}

// RFC 9325 section 3.1.1: TLS 1.2 and up; the library's cipher list at its default level.
Done read_certificate(asio::ssl::context& tls, const GatewayOptions& options) {
  error_code error;
  tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                  asio::ssl::context::no_tlsv1_1);
  SSL_CTX_set_options(tls.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  tls.use_certificate_chain_file(options.tls_certificate, error);
  if (error) return trouble(error, "TLS certificate " + options.tls_certificate);
  tls.use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (error) return trouble(error, "TLS key " + options.tls_key);
  return {};
}

Route plain_get(std::string path, std::function<Response()> answer) {
  return {.method = "GET", .path = std::move(path), .answer = [answer = std::move(answer)](const Request&) {
            auto response = answer();
            response.headers.emplace_back("Cache-Control", "no-store");
            return response;
          }};
}

}  // namespace

struct Gateway::Core {
  Core(GatewayOptions o, Callbacks callbacks)
      : options(std::move(o)),
        hall{.limits = options.limits, .callbacks = std::move(callbacks), .router = Router({}, {})} {
    hall.router = Router(routes(), options.assets);
  }
  ~Core() { hall.open.clear(); }

  std::vector<Route> routes();
  Done listen(const std::string& where);
  Done open(const tcp::endpoint& endpoint, const std::string& where);
  asio::awaitable<void> accept(tcp::acceptor& acceptor);
  void take(tcp::socket socket);
  void arm(base::Timestamp when);

  // In this order: what runs in `context` refers to `hall`, and timers and acceptors refer to `context`.
  GatewayOptions options;
  asio::ssl::context tls{asio::ssl::context::tls_server};
  Hall hall;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::deque<tcp::acceptor> acceptors;
  asio::steady_timer timer{context};
  base::Timestamp armed = base::Timestamp::never();
};

std::vector<Route> Gateway::Core::routes() {
  auto all = std::move(options.routes);
  const auto health = [](unsigned status, const char* word) {
    return Response{
        .status = status, .content_type = "application/json", .body = std::string("{\"status\":\"") + word + "\"}"};
  };
  all.push_back(plain_get("/healthz", [health] { return health(200, "ok"); }));
  all.push_back(
      plain_get("/readyz", [this, health] { return hall.draining ? health(503, "draining") : health(200, "ok"); }));
  if (!hall.callbacks.metrics) return all;
  all.push_back(plain_get("/metrics", [this] {
    return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = hall.callbacks.metrics()};
  }));
  return all;
}

// A name may stand for several addresses, of which this machine need not have every family: one is enough.
Done Gateway::Core::listen(const std::string& where) {
  const auto address = ListenAddress::parse(where);
  if (!address) return trouble(asio::error::invalid_argument, "listen address " + where);
  error_code error;
  const auto found = tcp::resolver(context).resolve(address->host, std::to_string(address->port),
                                                    tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return trouble(error, "listen address " + where);
  Done last = trouble(asio::error::host_not_found, "listen address " + where);
  bool opened = false;
  for (const auto& entry : found) {
    last = open(entry.endpoint(), where);
    opened = opened || last;
    const bool no_such_family = !last && (last.error().error == std::errc::address_family_not_supported ||
                                          last.error().error == std::errc::address_not_available);
    if (!last && !no_such_family) return last;
  }
  return opened ? Done() : last;
}

Done Gateway::Core::open(const tcp::endpoint& endpoint, const std::string& where) {
  tcp::acceptor acceptor(context);
  error_code error;
  const auto step = [&error](auto&& act) {
    if (!error) act();
  };
  acceptor.open(endpoint.protocol(), error);
  step([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  step([&] {
    // [::] beside 0.0.0.0 must not clash with it.
    if (endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  });
  step([&] { acceptor.bind(endpoint, error); });
  step([&] { acceptor.listen(asio::socket_base::max_listen_connections, error); });
  step([&] { acceptor.non_blocking(true, error); });
  if (error) return trouble(error, "listen address " + where);
  acceptors.push_back(std::move(acceptor));
  return {};
}

asio::awaitable<void> Gateway::Core::accept(tcp::acceptor& acceptor) {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kAwait);
    // All that wait, up to a limit: when very much else is going on it takes long until it is this one's turn again.
    for (size_t i = 1; !error; ++i) {
      take(std::move(socket));
      if (i == kAcceptBatch) break;
      socket = acceptor.accept(error);
    }
    if (!error || error == asio::error::would_block) continue;
    // Out of file descriptors, most likely: wait for some to come back rather than spin.
    ++hall.counters.accept_errors;
    asio::steady_timer pause(context, kAcceptRetry);
    co_await pause.async_wait(kAwait);
  }
}

void Gateway::Core::take(tcp::socket socket) {
  if (!hall.make_room()) return hall.counters.refuse(Refused::kFull);
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  // What one who does not read leaves unsent shall wait where it is counted and bounded, not in the kernel's buffers,
  // which grow to megabytes.
  constexpr int kUnsentInKernel = 64 * 1024;
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernel, sizeof kUnsentInKernel);
  start_connection(std::move(socket), hall);
}

void Gateway::Core::arm(base::Timestamp when) {
  if (when == armed) return;
  armed = when;
  if (when.is_never()) return void(timer.cancel());
  timer.expires_at(Clock::time_point(std::chrono::microseconds(when.us())));
  timer.async_wait([this, when](const error_code& error) {
    if (error || when != armed) return;  // replaced
    armed = base::Timestamp::never();
    const auto now = std::chrono::floor<std::chrono::microseconds>(Clock::now().time_since_epoch());
    hall.callbacks.on_time(base::Timestamp::from_micros(now.count()));
  });
}

Gateway::Gateway(GatewayOptions options, Callbacks callbacks)
    : core_(std::make_unique<Core>(std::move(options), std::move(callbacks))) {}
Gateway::~Gateway() = default;

std::expected<void, base::Trouble> Gateway::start() {
  if (!core_->options.tls_certificate.empty()) {
    if (auto read = read_certificate(core_->tls, core_->options); !read) return read;
    core_->hall.tls = &core_->tls;
  }
  for (const auto& where : core_->options.listen)
    if (auto listening = core_->listen(where); !listening) return listening;
  for (auto& acceptor : core_->acceptors) asio::co_spawn(core_->context, core_->accept(acceptor), asio::detached);
  return {};
}

std::vector<base::SocketAddress> Gateway::bound() const {
  std::vector<base::SocketAddress> all;
  for (const auto& acceptor : core_->acceptors) all.push_back(address_of(acceptor.local_endpoint()));
  return all;
}

void Gateway::run() { core_->context.run(); }
void Gateway::stop() { core_->context.stop(); }
void Gateway::post(std::function<void()> work) { asio::post(core_->context, std::move(work)); }
void Gateway::call_at(base::Timestamp when) { core_->arm(when); }

void Gateway::send(ConnectionId id, std::shared_ptr<const std::string> text) {
  if (const auto found = core_->hall.open.find(id); found != core_->hall.open.end())
    found->second->send(std::move(text));
}

void Gateway::close(ConnectionId id, uint16_t code, std::string reason) {
  const auto found = core_->hall.open.find(id);
  if (found == core_->hall.open.end()) return;
  const auto connection = found->second;  // it takes itself out of the table
  connection->close(code, std::move(reason));
}

void Gateway::close_all(uint16_t code, const std::string& reason) {
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [id, connection] : core_->hall.open) all.push_back(connection);
  for (const auto& connection : all) connection->close(code, reason);
  for (Connection* const waiting : core_->hall.answering) waiting->turn_away();
}

void Gateway::begin_drain() { core_->hall.draining = true; }
size_t Gateway::connections() const { return core_->hall.counters.connections_open; }
const Counters& Gateway::counters() const { return core_->hall.counters; }

}  // namespace heliograph::gateway
