// SPDX-License-Identifier: Apache-2.0
#include "sfu/history.h"

#include <bit>
#include <cstring>

#include "base/check.h"

namespace heliograph::sfu {

History::History(size_t packets, size_t bytes) : mask_(packets - 1), capacity_(bytes) {
  CHECK(std::has_single_bit(packets));
}

// Position of `size` contiguous bytes: the ring's end is skipped rather than split.
uint64_t History::place(size_t size) {
  const size_t at = cursor_ % capacity_;
  if (at + size > capacity_) cursor_ += capacity_ - at;
  cursor_ += size;
  return cursor_ - size;
}

bool History::alive(const Entry& entry) const {
  const size_t size = entry.packet.extensions.size() + entry.packet.payload.size();
  return entry.end != 0 && entry.end - size + capacity_ >= cursor_;
}

void History::take_memory() {
  entries_.resize(mask_ + 1);
  bytes_ = std::make_unique_for_overwrite<uint8_t[]>(capacity_);
}

const MediaPacket* History::append(const MediaPacket& packet, uint64_t order) {
  if (entries_.empty()) take_memory();
  Entry& entry = entries_[static_cast<uint64_t>(packet.sequence) & mask_];
  if (entry.end != 0 && entry.packet.sequence >= packet.sequence) return nullptr;
  const size_t size = packet.extensions.size() + packet.payload.size();
  if (size > capacity_) return nullptr;
  uint8_t* to = bytes_.get() + place(size) % capacity_;
  if (!packet.extensions.empty()) std::memcpy(to, packet.extensions.data(), packet.extensions.size());
  if (!packet.payload.empty()) std::memcpy(to + packet.extensions.size(), packet.payload.data(), packet.payload.size());
  entry.packet = packet;
  entry.packet.extensions = {to, packet.extensions.size()};
  entry.packet.payload = {to + packet.extensions.size(), packet.payload.size()};
  entry.order = order;
  entry.end = cursor_ == 0 ? 1 : cursor_;
  return &entry.packet;
}

uint64_t History::displaced_by(int64_t sequence) const {
  if (entries_.empty()) return 0;
  const Entry& entry = entries_[static_cast<uint64_t>(sequence) & mask_];
  return entry.end != 0 && entry.packet.sequence < sequence ? entry.order : 0;
}

const MediaPacket* History::find(int64_t sequence) const {
  if (entries_.empty()) return nullptr;
  const Entry& entry = entries_[static_cast<uint64_t>(sequence) & mask_];
  return entry.packet.sequence == sequence && alive(entry) ? &entry.packet : nullptr;
}

void History::clear() {
  for (auto& entry : entries_) entry = {};
  cursor_ = 0;
}

}  // namespace heliograph::sfu
