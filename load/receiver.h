// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/datagrams.h"
#include "base/time.h"

namespace heliograph::load {

// What one thread receives into, for very many sockets with little on each: few messages a call, and nothing is written
// anew for each call that can stay. When a datagram came is the kernel's word, so that what this program does meanwhile
// is not taken for the server's delay.
class Receiver {
 public:
  static constexpr size_t kMessages = 8;           // at a time from one socket; a frame of video is one, by GRO
  static constexpr size_t kMessageBytes = 65'536;  // a whole GRO train

  Receiver();
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // Asks for time stamps on a socket.
  static void prepare(int fd);
  // How far the wall clock, which the kernel stamps by, is ahead of ours.
  void set_wall_offset(base::Duration offset) { wall_offset_us_ = offset.us(); }

  // visit(const base::Datagram&, base::Timestamp came) for all that waits at the socket. now: for what bears no stamp.
  template <class Visit>
  void receive_all(int fd, base::Timestamp now, Visit&& visit) {
    for (size_t count = kMessages; count == kMessages;) {
      count = receive_some(fd);
      for (size_t i = 0; i < count; ++i) each_datagram(message(i, now), visit);
    }
  }

 private:
  struct Headers;
  struct Message {
    base::Path from;
    base::Bytes bytes;  // empty: nothing that can be used
    size_t segment = 0;
    base::Timestamp came;
  };
  size_t receive_some(int fd);
  Message message(size_t i, base::Timestamp now);
  template <class Visit>
  static void each_datagram(const Message& message, Visit& visit) {
    for (size_t at = 0; at < message.bytes.size(); at += message.segment) {
      const size_t size = std::min(message.segment, message.bytes.size() - at);
      visit(base::Datagram{message.from, message.bytes.subspan(at, size)}, message.came);
    }
  }

  std::unique_ptr<uint8_t[]> buffers_;
  std::unique_ptr<Headers> headers_;
  int64_t wall_offset_us_ = 0;
};

}  // namespace heliograph::load
