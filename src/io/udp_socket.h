// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <vector>

#include "base/datagrams.h"
#include "base/refusal.h"
#include "io/file_descriptor.h"

namespace heliograph::io {

// What happened to datagrams at the door of the kernel; read by one thread, the owner's.
struct UdpCounters {
  uint64_t received = 0;
  uint64_t sent = 0;
  uint64_t send_calls = 0;
  uint64_t send_failed = 0;  // datagrams that the kernel refused: no buffer, no route
};

// One bound UDP socket, non-blocking, receiving with UDP_GRO and sending with UDP_SEGMENT where the kernel has them.
class UdpSocket {
 public:
  static constexpr int kBufferBytes = 8 << 20;  // SO_RCVBUF and SO_SNDBUF that we ask for

  static std::expected<UdpSocket, base::Trouble> bind(const base::SocketAddress& local);

  int fd() const { return fd_.get(); }
  base::SocketAddress local() const { return local_; }

  // Sends the messages that are for this socket (path.socket == index). Never blocks: what does not fit is lost and
  // counted.
  void send(const base::SendBatch& batch, uint8_t index, UdpCounters& counters);

 private:
  friend class Receiver;
  UdpSocket(FileDescriptor fd, base::SocketAddress local) : fd_(std::move(fd)), local_(local) {}
  size_t send_some(std::span<const base::SendBatch::Message> messages, const uint8_t* block, uint8_t index,
                   UdpCounters& counters);
  void refused(const base::SendBatch::Message& message, const uint8_t* block, int error, UdpCounters& counters);

  FileDescriptor fd_;
  base::SocketAddress local_;
};

// The scratch into which one thread receives: a batch is valid until the next one.
class Receiver {
 public:
  static constexpr size_t kMessages = 32;
  static constexpr size_t kMessageBytes = 65'536;  // a whole GRO train

  Receiver();
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // What has arrived at the socket, up to a full batch; empty when nothing is waiting. index: the socket's, for Path.
  std::span<base::Datagram> receive(UdpSocket& socket, uint8_t index, UdpCounters& counters);

 private:
  struct Headers;
  void prepare(size_t i);
  std::unique_ptr<uint8_t[]> buffers_;
  std::unique_ptr<Headers> headers_;
  std::vector<base::Datagram> batch_;
};

}  // namespace heliograph::io
