// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/datagrams.h"
#include "base/rng.h"
#include "control/control.h"
#include "crypto/certificate.h"
#include "shard/shard.h"

namespace heliograph::sim {

// Where what a House says goes. None of these may call the House.
class Street {
 public:
  virtual ~Street() = default;
  virtual void hear(control::ConnectionId connection, std::string text) = 0;
  virtual void close(control::ConnectionId connection) = 0;
  virtual void carry(const base::SocketAddress& from, const base::SocketAddress& to, base::ConstBytes datagram) = 0;
};

// The real control plane and real shards, wired as server/ wires them but for threads, sockets and clocks: everything
// happens in one thread, when it is called. What it allocates is counted as the server's.
class House {
 public:
  struct Options {
    size_t shards = 2;
    uint64_t seed = 1;
    control::Limits limits;
  };
  House(const Options& options, Street& street);
  ~House();

  void connected(base::Timestamp now, control::ConnectionId connection, base::IpAddress address);
  void receive(base::Timestamp now, control::ConnectionId connection, std::string_view text);
  void disconnected(base::Timestamp now, control::ConnectionId connection);
  // false: the address is none of the shards'.
  bool receive(base::Timestamp now, const base::SocketAddress& from, const base::SocketAddress& to, base::Bytes bytes);
  void on_time(base::Timestamp now);
  base::Timestamp next_time() const;
  // Lets shards hear each other and control hear them, until nobody has anything to say; sends what they wrote.
  void settle(base::Timestamp now);

  control::Numbers numbers() const { return control_->numbers(); }
  size_t peers() const;         // of the shards
  size_t publications() const;  // a crossing's far ends too
  shard::Counters counters() const;

 private:
  struct Hall {  // a shard with what io and server would give it
    Hall(House& h, base::SocketAddress a) : house(h), address(a) {}
    House& house;
    base::SocketAddress address;
    std::unique_ptr<shard::Shard> shard;
    base::SendBatch out{&House::drain, this};
  };
  static void drain(void* context, const base::SendBatch& batch);
  void open_shards(const Options& options, base::Rng& rng);
  void open_control(const Options& options, base::Rng& rng);
  template <class Call>
  void ask_control(base::Timestamp now, Call&& call);

  Street& street_;
  std::unique_ptr<crypto::Certificate> certificate_;
  std::vector<std::unique_ptr<shard::CrossingRing>> rings_;
  std::vector<std::unique_ptr<Hall>> halls_;
  std::unique_ptr<control::Control> control_;
};

}  // namespace heliograph::sim
