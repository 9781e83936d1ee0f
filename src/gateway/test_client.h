// SPDX-License-Identifier: Apache-2.0
// For tests: a client that speaks HTTP and RFC 6455 byte by byte over a blocking socket, so that it can be as wrong as
// it likes and shares no code with what it tests.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/bytes.h"

namespace heliograph::gateway::test {

struct Frame {
  bool end = true;  // nothing came: the connection is over
  bool fin = false;
  int opcode = 0;
  size_t header_bytes = 0;
  std::string payload;

  int close_code() const {
    return opcode == 8 && payload.size() >= 2 ? base::load_be<uint16_t>(base::as_bytes(payload).data()) : 0;
  }
};

struct Reply {
  int status = 0;
  std::string head;  // with the status line
  std::string body;

  bool has(std::string_view text) const { return head.find(text) != head.npos; }
};

class Client {
 public:
  explicit Client(uint16_t port, bool tls = false) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    // So that a test that waits for what never comes fails instead of hanging.
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    if (tls) secure();
  }
  ~Client() { hang_up(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void hang_up() {
    if (ssl_) SSL_free(std::exchange(ssl_, nullptr));
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                          : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  Reply request(std::string_view method, std::string_view target, std::string_view headers = {}) {
    write(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n");
    return read_reply(method == "HEAD");
  }
  Reply upgrade(std::string_view target = "/", std::string_view headers = {}) {
    // The key of RFC 6455 section 1.3.
    return request("GET", target,
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                       std::string(headers));
  }
  Reply read_reply(bool head_only = false) {
    Reply reply;
    while (reply.head.find("\r\n\r\n") == reply.head.npos) {
      const auto byte = read(1);
      if (byte.empty()) return reply;
      reply.head += byte;
    }
    if (!reply.head.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::atoi(reply.head.c_str() + reply.head.find(' '));
    const auto length = reply.head.find("Content-Length: ");
    if (!head_only && length != reply.head.npos)
      reply.body = read(static_cast<size_t>(std::atoi(reply.head.c_str() + length + 16)));
    return reply;
  }

  // All that comes until the other side ends the connection.
  std::string read_to_end() {
    std::string all;
    for (auto byte = read(1); !byte.empty(); byte = read(1)) all += byte;
    return all;
  }

  bool send_text(std::string_view text) { return send_frame(1, text); }
  bool send_frame(int opcode, std::string_view payload, bool fin = true, bool masked = true) {
    std::string frame;
    frame += static_cast<char>((fin ? 0x80 : 0) | opcode);
    const char mask_bit = static_cast<char>(masked ? 0x80 : 0);
    const size_t length_bytes = payload.size() < 126 ? 0 : payload.size() < 65'536 ? 2 : 8;
    frame += static_cast<char>(mask_bit | static_cast<char>(length_bytes == 0   ? payload.size()
                                                            : length_bytes == 2 ? 126
                                                                                : 127));
    for (size_t i = length_bytes; i-- > 0;) frame += static_cast<char>(payload.size() >> (8 * i));
    if (!masked) return write(frame + std::string(payload));
    const std::string_view mask = "\x11\x22\x33\x44";
    frame += mask;
    for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
    return write(frame);
  }
  bool send_close(uint16_t code) {
    return send_frame(8, std::string{static_cast<char>(code >> 8), static_cast<char>(code)});
  }

  Frame read_frame() {
    Frame frame;
    const auto start = read(2);
    if (start.size() < 2) return frame;
    frame.fin = (start[0] & 0x80) != 0;
    frame.opcode = start[0] & 0x0f;
    size_t length = start[1] & 0x7f;
    const size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (length_bytes > 0) length = 0;
    for (const char c : read(length_bytes)) length = length << 8 | static_cast<uint8_t>(c);
    frame.header_bytes = 2 + length_bytes;
    frame.payload = read(length);
    frame.end = frame.payload.size() != length;
    return frame;
  }
  // The next frame of this kind; others are passed over.
  Frame read_frame(int opcode) {
    auto frame = read_frame();
    while (!frame.end && frame.opcode != opcode) frame = read_frame();
    return frame;
  }
  // True when the other side has ended the connection, with or without a reset; false after some seconds of nothing.
  bool at_end() {
    char byte = 0;
    while (true) {
      const auto n = ssl_ ? SSL_read(ssl_, &byte, 1) : ::recv(fd_, &byte, 1, 0);
      if (n <= 0) return ssl_ != nullptr || n == 0 || errno != EAGAIN;
    }
  }

 private:
  void secure() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    connected_ = connected_ && SSL_connect(ssl_) == 1;
  }
  std::string read(size_t size) {
    std::string out(size, '\0');
    size_t got = 0;
    while (got < size) {
      const auto n = ssl_ ? SSL_read(ssl_, out.data() + got, static_cast<int>(size - got))
                          : ::recv(fd_, out.data() + got, size - got, 0);
      if (n <= 0) break;
      got += static_cast<size_t>(n);
    }
    out.resize(got);
    return out;
  }

  int fd_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

}  // namespace heliograph::gateway::test
