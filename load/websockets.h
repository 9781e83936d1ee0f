// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/refusal.h"
#include "load/url.h"

namespace heliograph::load {

// What happened on one WebSocket.
struct SocketEvent {
  enum class Kind : uint8_t { kOpened, kText, kClosed };
  uint32_t connection = 0;
  Kind kind = Kind::kText;
  std::string text;  // the message; of kClosed why
};

// The signalling of all clients: WebSockets to one server on a thread of their own, so that media never waits for
// them. Everything but that thread belongs to the owner's.
class Websockets {
 public:
  static std::expected<std::unique_ptr<Websockets>, base::Trouble> create(const Url& server);
  ~Websockets();

  // connection: a number of the caller's choice, not used before; target: path and query of the URL. kOpened or kClosed
  // follows.
  void open(uint32_t connection, std::string target);
  // In order; what is sent to a socket that is not open is lost.
  void send(uint32_t connection, std::string text);
  void close(uint32_t connection);

  // Readable when there are events.
  int fd() const;
  std::vector<SocketEvent> take_events();

 private:
  class Thread;
  explicit Websockets(std::unique_ptr<Thread> thread);
  std::unique_ptr<Thread> thread_;
};

}  // namespace heliograph::load
