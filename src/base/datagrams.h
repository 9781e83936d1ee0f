// SPDX-License-Identifier: Apache-2.0
// Datagrams between io/ and the machines: what came in, and where what goes out is written.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/socket_address.h"

namespace heliograph::base {

// The 5-tuple as one end sees it: which of our sockets, and who is at the other end.
struct Path {
  SocketAddress remote;
  uint8_t socket = 0;

  auto operator<=>(const Path&) const = default;
};

// One received datagram. The bytes belong to the receiver's scratch and may be changed in place until the next receive.
struct Datagram {
  Path path;
  Bytes bytes;
};

// What is to be sent: datagrams written one behind the other into one block, consecutive ones to the same path merged
// into one message for UDP_SEGMENT (equal sizes, only the last may be smaller). When the block is full it drains
// itself: through io/ in the server, into a list in tests and sim/. Lives on one thread.
class SendBatch {
 public:
  static constexpr size_t kBlockSize = 1 << 20;
  static constexpr size_t kMaxMessages = 512;
  static constexpr size_t kMaxDatagram = 1500;
  static constexpr size_t kMaxSegments = 64;          // UDP_MAX_SEGMENTS of older kernels
  static constexpr size_t kMaxMessageBytes = 64'000;  // under the 65,507 of a UDP payload

  struct Message {
    Path path;
    uint32_t offset = 0;
    uint32_t size = 0;
    uint16_t segment = 0;   // every datagram's size but the last's
    uint16_t segments = 0;  // how many datagrams
    bool open = true;       // the next datagram may still join
  };
  // Sends messages() whose bytes are at block(); what cannot be sent is lost and counted there.
  using Drain = void (*)(void* context, const SendBatch& batch);
  // Writes what is still missing in datagrams that were committed.
  using Finish = void (*)(void* context);

  SendBatch(Drain drain, void* context)
      : block_(std::make_unique_for_overwrite<uint8_t[]>(kBlockSize)), drain_(drain), context_(context) {
    messages_.reserve(kMaxMessages);
  }

  // Room for one datagram of up to kMaxDatagram bytes; it exists once commit() says its size.
  uint8_t* reserve() {
    if (used_ + kMaxDatagram > kBlockSize || messages_.size() == kMaxMessages) flush();
    return block_.get() + used_;
  }
  void commit(const Path& path, size_t size);
  void append(const Path& path, ConstBytes datagram) {
    CHECK(datagram.size() <= kMaxDatagram);
    std::memcpy(reserve(), datagram.data(), datagram.size());
    commit(path, datagram.size());
  }
  // Datagrams may be committed before all of their bytes are there: `finish` is called once, by finish() or before
  // anything is drained, and then forgotten. One at a time; to ask again for the same one changes nothing.
  void finish_with(Finish finish, void* context) {
    CHECK(finish_ == nullptr || (finish_ == finish && finish_context_ == context));
    finish_ = finish;
    finish_context_ = context;
  }
  void finish() {
    if (finish_ != nullptr) std::exchange(finish_, nullptr)(finish_context_);
  }
  void flush() {
    finish();
    if (!messages_.empty()) drain_(context_, *this);
    messages_.clear();
    used_ = 0;
  }

  std::span<const Message> messages() const { return messages_; }
  const uint8_t* block() const { return block_.get(); }

 private:
  std::unique_ptr<uint8_t[]> block_;
  size_t used_ = 0;
  std::vector<Message> messages_;
  Drain drain_;
  void* context_;
  Finish finish_ = nullptr;
  void* finish_context_ = nullptr;
};

}  // namespace heliograph::base

template <>
struct std::hash<heliograph::base::Path> {
  size_t operator()(const heliograph::base::Path& p) const noexcept {
    return std::hash<heliograph::base::SocketAddress>()(p.remote) ^ (size_t{p.socket} << 7);
  }
};
