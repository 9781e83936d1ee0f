// SPDX-License-Identifier: Apache-2.0
#include "load/http_get.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include "load/tls.h"

namespace heliograph::load {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kMaxPage = 16 << 20;

// Of each read and write: asio's own time limits need asynchronous calls.
void limit(tcp::socket& socket) {
  const timeval patience{3, 0};
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

// As HTTP/1.0, so that the answer does not come in chunks.
template <class Stream>
std::string exchange(Stream& stream, const Url& url) {
  error_code error;
  asio::write(
      stream,
      asio::buffer("GET " + url.target + " HTTP/1.0\r\nHost: " + url.authority() + "\r\nConnection: close\r\n\r\n"),
      error);
  std::string reply;
  std::array<char, 16'384> piece;
  while (!error && reply.size() < kMaxPage) {
    const size_t size = stream.read_some(asio::buffer(piece), error);
    reply.append(piece.data(), size);
  }
  return reply;
}

}  // namespace

std::optional<std::string> http_get(const Url& url) {
  asio::io_context context;
  error_code error;
  const auto where = tcp::resolver(context).resolve(url.host, url.port, error);
  if (error) return std::nullopt;
  std::string reply;
  if (url.tls) {
    auto tls = tls_context(url.insecure);
    asio::ssl::stream<tcp::socket> stream(context, tls);
    asio::connect(stream.next_layer(), where, error);
    if (error) return std::nullopt;
    limit(stream.next_layer());
    expect_host(stream.native_handle(), url);
    stream.handshake(asio::ssl::stream_base::client, error);
    if (!error) reply = exchange(stream, url);
  } else {
    tcp::socket socket(context);
    asio::connect(socket, where, error);
    if (error) return std::nullopt;
    limit(socket);
    reply = exchange(socket, url);
  }
  const auto body = reply.find("\r\n\r\n");
  const bool good = reply.starts_with("HTTP/1.1 200") || reply.starts_with("HTTP/1.0 200");
  if (!good || body == reply.npos) return std::nullopt;
  return reply.substr(body + 4);
}

}  // namespace heliograph::load
