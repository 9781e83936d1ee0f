// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/datagrams.h"
#include "base/refusal.h"
#include "base/socket_address.h"
#include "base/spsc_ring.h"
#include "io/file_descriptor.h"
#include "io/udp_socket.h"
#include "io/wake.h"
#include "shard/shard.h"

namespace heliograph::server {

// What a shard and its sockets have counted, as the metrics page shows it.
struct ShardSnapshot {
  shard::Counters shard;
  io::UdpCounters udp;
  size_t peers = 0;
};

// Gives one shard a thread, its UDP sockets and the time. Commands come in and Events go out by rings; the control
// thread is told of Events by `on_events`, which is called on this thread.
class ShardThread {
 public:
  static constexpr size_t kRingSize = 4096;  // words in either direction; more wait at their sender
  // Commands carried out before media has its turn again.
  static constexpr size_t kCommandsATurn = 16;

  struct Options {
    plan::ShardIndex index = 0;
    std::vector<base::SocketAddress> bind;  // one socket each
    uint64_t seed = 0;
    shard::Crossings crossings;
    std::function<void()> on_events;
  };
  static std::expected<std::unique_ptr<ShardThread>, base::Trouble> create(Options options,
                                                                           const crypto::Certificate& certificate);
  ~ShardThread();

  // peers: all shards' threads by index, to be woken when something crossed to them.
  void start(std::vector<ShardThread*> peers);
  // Ends the thread and waits for it; peers were closed by Commands before.
  void stop();

  // The control thread only.
  void post(plan::Command command);
  // Tries again what did not fit the ring; true when nothing is left. The control thread only.
  bool flush_commands();
  // The control thread only.
  std::vector<plan::Event> take_events();

  // Any thread.
  void wake() { wake_.signal(); }
  ShardSnapshot snapshot() const;
  std::vector<base::SocketAddress> bound() const;

 private:
  ShardThread(Options options, const crypto::Certificate& certificate, io::Wake wake, io::FileDescriptor epoll);
  std::expected<void, base::Trouble> open_sockets(const std::vector<base::SocketAddress>& addresses);
  std::expected<void, base::Trouble> watch(int fd, uint32_t what);
  void run();
  void wait();
  void turn();
  void execute_commands();
  bool take_all();
  void wait_for_the_rest();
  void receive(size_t socket);
  void deliver_events();
  void wake_others();
  void take_snapshot(base::Timestamp now);
  static void drain(void* context, const base::SendBatch& batch);

  std::function<void()> on_events_;
  io::Wake wake_;
  io::FileDescriptor epoll_;
  std::vector<io::UdpSocket> sockets_;
  std::vector<ShardThread*> peers_;
  base::SpscRing<plan::Command> commands_{kRingSize};
  base::SpscRing<plan::Event> events_{kRingSize};
  std::deque<plan::Command> waiting_commands_;  // the control thread's
  std::deque<plan::Event> waiting_events_;      // this thread's
  shard::Shard shard_;
  base::SendBatch out_;
  io::Receiver receiver_;
  io::UdpCounters udp_;
  std::vector<size_t> readable_;
  std::atomic<bool> stopping_{false};
  base::Timestamp next_snapshot_;
  mutable std::mutex snapshot_mutex_;
  ShardSnapshot snapshot_;
  std::thread thread_;
};

}  // namespace heliograph::server
