// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "base/time.h"
#include "io/file_descriptor.h"
#include "load/hls/reply_reader.h"
#include "load/hls/track.h"

namespace heliograph::load::hls {

// Where to connect to.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::string authority;  // for the Host header
};

// One connection of a player: one request at a time, HTTP/1.1 with keep-alive, without blocking. The kernel says when
// bytes came (SO_TIMESTAMPNS), so that what a busy client takes to get round to them is not put down to the server.
class Line {
 public:
  enum class State : uint8_t { kClosed, kConnecting, kIdle, kBusy };

  explicit Line(const Endpoint& endpoint) : endpoint_(&endpoint) {}

  State state() const { return state_; }
  int fd() const { return fd_.get(); }
  // The error is a sentence; the line is closed then. Readiness to write says that it is through.
  std::expected<void, std::string> open(base::Timestamp now);
  std::expected<void, std::string> connected();
  std::expected<void, std::string> ask(Fetch fetch, base::Timestamp now);
  // There is something to read. True: the answer is whole, and the line idle or closed.
  std::expected<bool, std::string> receive(int64_t wall_offset_us);
  void close();

  const Fetch& fetch() const { return fetch_; }
  Answered answered() const { return {reply_.status(), reply_.body(), reply_.body_bytes(), began_, arrived_}; }
  size_t reply_bytes() const { return reply_.total_bytes(); }
  // Since when it has been busy or connecting.
  base::Timestamp began() const { return began_; }

 private:
  std::unexpected<std::string> broken(std::string sentence);

  const Endpoint* endpoint_;
  io::FileDescriptor fd_;
  State state_ = State::kClosed;
  ReplyReader reply_;
  Fetch fetch_;
  base::Timestamp began_;
  base::Timestamp arrived_;
};

}  // namespace heliograph::load::hls
