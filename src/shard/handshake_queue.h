// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/datagrams.h"
#include "base/slot_map.h"

namespace heliograph::shard {

// DTLS that has arrived and waits until there is no media to be sent: a step of a handshake takes as long as hundreds
// of packets. A fixed pool of datagrams, a line for each peer that has some waiting, and the order in which the peers
// have their turn, one datagram each. Owned by a shard.
class HandshakeQueue {
 public:
  static constexpr size_t kCapacity = 1024;  // datagrams; what comes when it is full is lost, and DTLS repeats it
  // One peer may not fill it. A flight of a client that sends each message by itself is five.
  static constexpr size_t kMaxOfPeer = 8;
  static constexpr size_t kMaxDatagram = 2048;
  // Who has begun goes first, so that those who came early are not kept until the last has come; but every so many
  // turns are one for those who have not, lest those who go on sending keep them out.
  static constexpr size_t kNewcomersTurn = 4;

  // One peer's waiting datagrams, the first first. Kept with the peer.
  class Line {
   public:
    bool empty() const { return size_ == 0; }

   private:
    friend class HandshakeQueue;
    uint16_t first_ = 0;
    uint16_t last_ = 0;
    uint16_t size_ = 0;
    bool begun_ = false;  // a datagram of it was taken before
  };

  HandshakeQueue();

  bool empty() const { return newcomers_.empty() && begun_.empty(); }
  size_t size() const { return kCapacity - free_.size(); }
  // False when it is lost: too large, too many of this peer, or of all. What repeats a message that waits already is
  // let go: DTLS would do the same with it, later and at a price.
  bool push(base::Handle peer, Line& line, const base::Path& path, base::ConstBytes bytes);
  // Whose turn it is, if anybody waits; calls it. take() with that peer's line, or forget(), must follow.
  std::optional<base::Handle> next();
  // The first of the line; the bytes are good until the next push().
  base::Datagram take(base::Handle peer, Line& line);
  // The peer goes.
  void forget(base::Handle peer, Line& line);

 private:
  struct Slot {
    base::Path path;
    uint16_t next = 0;
    uint16_t size = 0;
  };
  uint8_t* bytes_of(uint16_t index) { return &bytes_[index * kMaxDatagram]; }
  bool waits_already(const Line& line, base::ConstBytes bytes);
  uint16_t unlink_first(Line& line);

  std::array<Slot, kCapacity> slots_;
  std::unique_ptr<uint8_t[]> bytes_;  // not written to before they are used: an idle shard's cost no memory
  std::vector<uint16_t> free_;
  // Peers with something waiting, each once.
  std::vector<base::Handle> newcomers_;
  std::vector<base::Handle> begun_;
  size_t turns_ = 0;
};

}  // namespace heliograph::shard
