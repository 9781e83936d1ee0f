// SPDX-License-Identifier: Apache-2.0
#include "load/hls/line.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "io/clock.h"

namespace heliograph::load::hls {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

std::string words_of(int error) { return std::system_category().message(error); }

// CLOCK_REALTIME, microseconds; 0: the kernel did not say.
int64_t arrival(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at{};
    __builtin_memcpy(&at, CMSG_DATA(c), sizeof at);
    return int64_t{at.tv_sec} * 1'000'000 + at.tv_nsec / 1000;
  }
  return 0;
}

}  // namespace

std::unexpected<std::string> Line::broken(std::string sentence) {
  close();
  return std::unexpected(std::move(sentence));
}

void Line::close() {
  fd_ = io::FileDescriptor();
  state_ = State::kClosed;
}

std::expected<void, std::string> Line::open(base::Timestamp now) {
  began_ = now;
  fd_ = io::FileDescriptor(::socket(endpoint_->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) return broken("no socket: " + words_of(errno));
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  state_ = State::kConnecting;
  const auto* to = reinterpret_cast<const sockaddr*>(&endpoint_->address);
  if (::connect(fd_.get(), to, endpoint_->size) != 0 && errno != EINPROGRESS)
    return broken("no connection: " + words_of(errno));
  return {};
}

std::expected<void, std::string> Line::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return broken("no connection: " + words_of(error));
  state_ = State::kIdle;
  return {};
}

std::expected<void, std::string> Line::ask(Fetch fetch, base::Timestamp now) {
  fetch_ = std::move(fetch);
  began_ = now;
  reply_.begin(fetch_.is_playlist());
  fmt::memory_buffer request;
  fmt::format_to(std::back_inserter(request), "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", fetch_.target,
                 endpoint_->authority);
  const auto sent = ::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  // A request is small and alone on its socket: it fits, or the connection is no good.
  if (sent != static_cast<ssize_t>(request.size())) return broken("a request could not be sent: " + words_of(errno));
  state_ = State::kBusy;
  return {};
}

std::expected<bool, std::string> Line::receive(int64_t wall_offset_us) {
  static thread_local std::array<char, kReadBytes> bytes;
  std::array<char, CMSG_SPACE(sizeof(timespec)) + 64> control;
  iovec vector{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = ::recvmsg(fd_.get(), &message, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got < 0) return broken("the connection broke: " + words_of(errno));
  if (got == 0)
    return broken(state_ != State::kBusy ? "the server closed an idle connection"
                  : reply_.begun()       ? "the server closed a connection within its answer"
                                         : "the server closed a connection instead of an answer");
  if (state_ != State::kBusy) return broken("the server sent what was not asked for");
  const int64_t wall = arrival(message);
  arrived_ = wall == 0 ? io::now() : base::Timestamp::from_micros(wall - wall_offset_us);
  const auto state = reply_.take({bytes.data(), static_cast<size_t>(got)});
  if (state == ReplyReader::State::kBroken) return broken("an answer could not be read");
  if (state == ReplyReader::State::kMore) return false;
  state_ = State::kIdle;
  if (reply_.closes()) close();
  return true;
}

}  // namespace heliograph::load::hls
