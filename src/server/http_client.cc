// SPDX-License-Identifier: Apache-2.0
#include "server/http_client.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <utility>

#include <openssl/ssl.h>

#include "base/socket_address.h"
#include "fmt/format.h"

namespace heliograph::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Failure = std::unexpected<std::string>;
using Clock = std::chrono::steady_clock;

http::request<http::string_body> message_of(const Url& url, const HttpRequest& request) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(url.path + request.target);
  const bool v6 = url.host.find(':') != url.host.npos;
  message.set(http::field::host, (v6 ? "[" + url.host + "]" : url.host) + ":" + url.port);
  message.set(http::field::user_agent, "heliograph");
  message.set(http::field::accept, "application/json, application/problem+json");
  if (!request.token.empty()) message.set(http::field::authorization, "Bearer " + request.token);
  if (!request.content_type.empty()) message.set(http::field::content_type, request.content_type);
  message.body() = request.body;
  message.keep_alive(false);
  message.prepare_payload();
  return message;
}

// One request, step by step, with one deadline over all of it.
class Exchange {
 public:
  explicit Exchange(const HttpClientOptions& options)
      : options_(options), until_(Clock::now() + std::chrono::microseconds(options.timeout.us())) {}

  std::expected<HttpReply, std::string> run(const HttpRequest& request) {
    beast::tcp_stream tcp(io_);
    if (const auto error = connect(tcp)) return failure(error);
    auto message = message_of(options_.url, request);
    if (!options_.url.tls) return exchange(tcp, message);
    ssl::context context(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    if (const auto error = trust(context)) return failure(error);
    ssl::stream<beast::tcp_stream&> tls(tcp, context);
    if (const auto error = secure(tcp, tls)) return failure(error);
    return exchange(tls, message);
  }

 private:
  // Runs what `start` begins, which tells its end to the function that it is given.
  template <class Start>
  error_code wait(Start start) {
    error_code result = asio::error::timed_out;
    start([&result](const error_code& error, const auto&...) { result = error; });
    io_.restart();
    io_.run_until(until_);
    if (io_.stopped()) return result;
    // The name server keeps us waiting: nothing that was begun may be called back when we are gone.
    io_.stop();
    return asio::error::timed_out;
  }

  error_code connect(beast::tcp_stream& tcp) {
    asio::ip::tcp::resolver resolver(io_);
    asio::ip::tcp::resolver::results_type found;
    const auto resolved = wait([&](auto done) {
      resolver.async_resolve(options_.url.host, options_.url.port,
                             [&found, done](const error_code& error, auto results) {
                               found = results;
                               done(error);
                             });
    });
    if (resolved) return resolved;
    tcp.expires_at(until_);
    return wait([&](auto done) { tcp.async_connect(found, done); });
  }

  error_code trust(ssl::context& context) const {
    error_code error;
    if (options_.ca_file.empty()) {
      context.set_default_verify_paths(error);
    } else {
      context.load_verify_file(options_.ca_file, error);
    }
    context.set_verify_mode(ssl::verify_peer);
    return error;
  }

  error_code secure(beast::tcp_stream& tcp, ssl::stream<beast::tcp_stream&>& tls) {
    tls.set_verify_callback(ssl::host_name_verification(options_.url.host));
    // RFC 6066 section 3: a name, never an address.
    const auto& host = options_.url.host;
    if (!base::IpAddress::parse(host)) SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
    tcp.expires_at(until_);
    return wait([&](auto done) { tls.async_handshake(ssl::stream_base::client, done); });
  }

  template <class Stream>
  std::expected<HttpReply, std::string> exchange(Stream& stream, http::request<http::string_body>& message) {
    beast::get_lowest_layer(stream).expires_at(until_);
    if (const auto error = wait([&](auto done) { http::async_write(stream, message, done); })) return failure(error);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(options_.max_reply_bytes);
    parser.skip(message.method() == http::verb::head);
    if (const auto error = wait([&](auto done) { http::async_read(stream, buffer, parser, done); }))
      return failure(error);
    auto& reply = parser.get();
    const auto type = reply[http::field::content_type];
    return HttpReply{reply.result_int(), std::string(type.data(), type.size()), std::move(reply.body())};
  }

  Failure failure(const error_code& error) const {
    const auto& url = options_.url;
    const bool late = error == asio::error::timed_out || error == beast::error::timeout;
    return Failure(
        fmt::format("{}:{}: {}", url.host, url.port,
                    late ? fmt::format("no answer within {} s", static_cast<double>(options_.timeout.ms()) / 1'000)
                         : error.message()));
  }

  const HttpClientOptions& options_;
  const Clock::time_point until_;
  asio::io_context io_;
};

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
  } else if (!text.starts_with("http://")) {
    return std::nullopt;
  }
  text.remove_prefix(url.tls ? 8 : 7);
  const auto slash = std::min(text.find('/'), text.size());
  auto authority = text.substr(0, slash);
  url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (url.path.find_first_of("?# ") != url.path.npos || authority.find_first_of("@?# ") != authority.npos)
    return std::nullopt;
  if (authority.starts_with('[')) {  // RFC 3986 section 3.2.2
    const auto end = authority.find(']');
    if (end == authority.npos) return std::nullopt;
    url.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
  } else {
    url.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(url.host.size());
  }
  url.port = authority.empty() ? (url.tls ? "443" : "80") : std::string(authority.substr(1));
  const bool numeric = !url.port.empty() && url.port.find_first_not_of("0123456789") == url.port.npos;
  if (url.host.empty() || !numeric || (!authority.empty() && authority.front() != ':')) return std::nullopt;
  return url;
}

std::expected<HttpReply, std::string> http_request(const HttpClientOptions& options, const HttpRequest& request) {
  return Exchange(options).run(request);
}

}  // namespace heliograph::server
