// SPDX-License-Identifier: Apache-2.0
#include "sfu/even_sizes.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace heliograph::sfu {
namespace {

// What varies of a datagram's size.
size_t size_of(const MediaPacket& packet) { return packet.extensions.size() + packet.payload.size(); }

// Packets of one layer that can be one message.
class Group {
 public:
  explicit Group(Track& track) : track_(&track) {}

  void add(const MediaPacket& packet) {
    const size_t size = size_of(packet);
    if (count_ == packets_.size() || (count_ > 0 && !close(size) && size > smallest_)) end();
    if (count_ == 0) smallest_ = largest_ = size;
    packets_[count_++] = &packet;
    if (!close(size)) return end();  // smaller by much: it can only be the last
    smallest_ = std::min(smallest_, size);
    largest_ = std::max(largest_, size);
  }
  // All but the last become as large as the largest.
  void end() {
    for (size_t i = 0; i + 1 < count_; ++i) track_->pad(*packets_[i], largest_ - size_of(*packets_[i]));
    count_ = 0;
  }

 private:
  // The group would still differ by no more than padding can make up for.
  bool close(size_t size) const { return std::max(largest_, size) - std::min(smallest_, size) <= kMaxPadding; }

  Track* track_;
  std::array<const MediaPacket*, Track::kGoodFor> packets_;
  size_t count_ = 0;
  size_t smallest_ = 0;
  size_t largest_ = 0;
};

}  // namespace

void even_out(Track& track, std::span<const MediaPacket* const> fresh) {
  if (fresh.size() < 2) return;
  for (uint8_t layer = 0; layer < kMaxLayers; ++layer) {
    Group group(track);
    for (const MediaPacket* packet : fresh)
      if (packet->layer == layer) group.add(*packet);
    group.end();
  }
}

}  // namespace heliograph::sfu
