// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sfu/media_packet.h"

namespace heliograph::sfu {

// The last packets of one layer, shared by all its viewers: what a NACK is answered from (RFC 4585 section 6.2.1), and
// where the fan-out reads. Owned by a Track, on that track's shard. Bytes lie in a ring that the oldest packets lose
// first; memory is taken with the first packet and never after it.
class History {
 public:
  // packets: a power of two. bytes: of payloads and extensions together, with room for padding behind each.
  History(size_t packets, size_t bytes);

  // Copies the bytes. The result's views stay good until about `bytes` more were appended. Appending what is already
  // here (same sequence), or what is older than the ring reaches, gives nullptr. order: a number that grows with every
  // packet of the owner.
  const MediaPacket* append(const MediaPacket& packet, uint64_t order);
  // Puts RTP padding behind a packet that append() has just returned: size - 1 zeros and the size, at most kMaxPadding.
  void pad(const MediaPacket& kept, size_t size);
  // The order of the packet whose place this one would take; 0: of none.
  uint64_t displaced_by(int64_t sequence) const;
  // nullptr when it never came or is gone.
  const MediaPacket* find(int64_t sequence) const;
  // Forgets everything: another source begins.
  void clear();

 private:
  struct Entry {
    MediaPacket packet;
    uint64_t order = 0;
    uint64_t end = 0;  // position behind its bytes, counted since the beginning; 0: nothing here
  };
  void take_memory();
  uint64_t place(size_t size);
  bool alive(const Entry& entry) const;

  size_t mask_;
  size_t capacity_;
  std::vector<Entry> entries_;
  std::unique_ptr<uint8_t[]> bytes_;
  uint64_t cursor_ = 0;
};

}  // namespace heliograph::sfu
