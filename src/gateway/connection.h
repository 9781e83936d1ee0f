// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "gateway/gateway.h"
#include "gateway/response_head.h"
#include "gateway/router.h"

namespace heliograph::gateway {

// One accepted socket: HTTP requests until one of them asks for a WebSocket. It keeps itself alive until its socket is
// gone. The class behind it is the one translation unit that compiles Beast.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void send(std::shared_ptr<const std::string> text) = 0;
  virtual void close(uint16_t code, std::string reason) = 0;
  // Its part of Counters::held_bytes.
  virtual size_t held_bytes() const = 0;
  // Forgets what is queued and closes with 1013.
  virtual void shed() = 0;
  // Before the upgrade: the socket is closed without a word.
  virtual void drop() = 0;
  // The request that is to be answered later is answered now, 503.
  virtual void turn_away() = 0;
};

// Where a connection stands in one of Hall's lines, if it does.
class Place {
 public:
  explicit Place(Connection& who) : who_(who) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  void enter(std::list<Connection*>& line) {
    line_ = &line;
    at_ = line.insert(line.end(), &who_);
  }
  // At its end; nothing happens to one that has left.
  void stand_in(std::list<Connection*>& line) {
    if (line_ == nullptr) return;
    line.splice(line.end(), *line_, at_);
    line_ = &line;
  }
  void leave() {
    if (line_ != nullptr) std::exchange(line_, nullptr)->erase(at_);
  }
  bool has_left() const { return line_ == nullptr; }

 private:
  Connection& who_;
  std::list<Connection*>* line_ = nullptr;
  std::list<Connection*>::iterator at_;
};

// What every connection of one gateway shares; outlives them all.
struct Hall {
  Limits limits;
  Callbacks callbacks;
  Router router;
  boost::asio::ssl::context* tls = nullptr;
  Counters counters = {};
  HttpDate date = {};
  bool draining = false;
  ConnectionId last_id = 0;
  std::unordered_map<ConnectionId, std::shared_ptr<Connection>> open = {};  // those between on_open and on_closed
  // Those that are no WebSocket. Who is idle longest, or has not said what it wants for longest, in front.
  std::list<Connection*> waiting = {};
  std::list<Connection*> answering = {};  // likewise, but with a request that is answered later; the oldest in front

  // Room for one more socket, if need be at the cost of who is idle longest; where nobody is, of who has waited longest
  // for an answer: a player asks again, and who comes may be somebody who publishes.
  bool make_room();
  // Past Limits::max_held_bytes: closes those that hold most, until a quarter of it is free. Looks at all connections,
  // but seldom: that quarter must be filled again first.
  void relieve();
};

void start_connection(boost::asio::ip::tcp::socket socket, Hall& hall);

}  // namespace heliograph::gateway
