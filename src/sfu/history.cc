// SPDX-License-Identifier: Apache-2.0
#include "sfu/history.h"

#include <bit>
#include <cstring>

#include "base/check.h"

namespace heliograph::sfu {
namespace {

size_t bytes_of(const MediaPacket& packet) { return packet.extensions.size() + packet.payload.size() + kMaxPadding; }

}  // namespace

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
  return entry.end != 0 && entry.end - bytes_of(entry.packet) + capacity_ >= cursor_;
}

void History::take_memory() {
  entries_.resize(mask_ + 1);
  bytes_ = std::make_unique_for_overwrite<uint8_t[]>(capacity_);
}

const MediaPacket* History::append(const MediaPacket& packet, uint64_t order) {
  if (entries_.empty()) take_memory();
  Entry& entry = entries_[static_cast<uint64_t>(packet.sequence) & mask_];
  if (entry.end != 0 && entry.packet.sequence >= packet.sequence) return nullptr;
  const size_t size = bytes_of(packet);
  if (size > capacity_) return nullptr;
  uint8_t* to = bytes_.get() + place(size) % capacity_;
  if (!packet.extensions.empty()) std::memcpy(to, packet.extensions.data(), packet.extensions.size());
  if (!packet.payload.empty()) std::memcpy(to + packet.extensions.size(), packet.payload.data(), packet.payload.size());
  entry.packet = packet;
  entry.packet.extensions = {to, packet.extensions.size()};
  entry.packet.payload = {to + packet.extensions.size(), packet.payload.size()};
  entry.packet.padding = 0;
  entry.order = order;
  entry.end = cursor_;
  return &entry.packet;
}

void History::pad(const MediaPacket& kept, size_t size) {
  CHECK(size <= kMaxPadding);
  Entry& entry = entries_[static_cast<uint64_t>(kept.sequence) & mask_];
  CHECK(&entry.packet == &kept);
  entry.packet.padding = static_cast<uint8_t>(size);
  if (size == 0) return;
  const base::ConstBytes whole = kept.padded_payload();
  uint8_t* padding = bytes_.get() + (whole.data() - bytes_.get()) + kept.payload.size();
  std::memset(padding, 0, size);
  padding[size - 1] = static_cast<uint8_t>(size);
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
