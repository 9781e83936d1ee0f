// SPDX-License-Identifier: Apache-2.0
#include "shard/handshake_queue.h"

#include <algorithm>

#include "base/check.h"

namespace heliograph::shard {
namespace {

// RFC 6347 sections 4.1 and 4.2.2: a record's header (type, version, epoch, sequence number, length), then a handshake
// message's (type, length, message_seq, fragment_offset, fragment_length).
constexpr uint8_t kHandshakeRecord = 22;
constexpr size_t kEpoch = 3;
constexpr size_t kSequenceNumber = 5;
constexpr size_t kRecordLength = 11;
constexpr size_t kHeaders = 25;

// Handshake messages that are not encrypted, the first of them the same: only its record's number is another (section
// 4.2.4). Flights are cut alike each time they are sent.
bool repeats(base::ConstBytes a, base::ConstBytes b) {
  if (a.size() != b.size() || a.size() < kHeaders) return false;
  if (a[0] != kHandshakeRecord || a[kEpoch] != 0 || a[kEpoch + 1] != 0) return false;
  return std::ranges::equal(a.first(kSequenceNumber), b.first(kSequenceNumber)) &&
         std::ranges::equal(a.subspan(kRecordLength, kHeaders - kRecordLength),
                            b.subspan(kRecordLength, kHeaders - kRecordLength));
}

}  // namespace

HandshakeQueue::HandshakeQueue() : bytes_(std::make_unique_for_overwrite<uint8_t[]>(kCapacity * kMaxDatagram)) {
  free_.reserve(kCapacity);
  for (size_t i = kCapacity; i > 0; --i) free_.push_back(static_cast<uint16_t>(i - 1));
  newcomers_.reserve(kCapacity);
  begun_.reserve(kCapacity);
}

bool HandshakeQueue::push(base::Handle peer, Line& line, const base::Path& path, base::ConstBytes bytes) {
  if (waits_already(line, bytes)) return true;
  if (bytes.size() > kMaxDatagram || line.size_ == kMaxOfPeer || free_.empty()) return false;
  const uint16_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.path = path;
  slot.size = static_cast<uint16_t>(bytes.size());
  std::ranges::copy(bytes, bytes_of(index));
  if (line.empty()) {
    line.first_ = index;
    (line.begun_ ? begun_ : newcomers_).push_back(peer);
  } else {
    slots_[line.last_].next = index;
  }
  line.last_ = index;
  ++line.size_;
  return true;
}

bool HandshakeQueue::waits_already(const Line& line, base::ConstBytes bytes) {
  uint16_t at = line.first_;
  for (size_t i = 0; i < line.size_; ++i, at = slots_[at].next)
    if (repeats({bytes_of(at), slots_[at].size}, bytes)) return true;
  return false;
}

std::optional<base::Handle> HandshakeQueue::next() {
  if (empty()) return std::nullopt;
  const bool newcomer = begun_.empty() || (!newcomers_.empty() && ++turns_ % kNewcomersTurn == 0);
  auto& from = newcomer ? newcomers_ : begun_;
  const auto peer = from.front();
  from.erase(from.begin());
  return peer;
}

base::Datagram HandshakeQueue::take(base::Handle peer, Line& line) {
  CHECK(!line.empty());
  const uint16_t index = unlink_first(line);
  line.begun_ = true;
  if (!line.empty()) begun_.push_back(peer);
  return {slots_[index].path, {bytes_of(index), slots_[index].size}};
}

void HandshakeQueue::forget(base::Handle peer, Line& line) {
  if (line.empty()) return;
  while (!line.empty()) unlink_first(line);
  std::erase(newcomers_, peer);
  std::erase(begun_, peer);
}

uint16_t HandshakeQueue::unlink_first(Line& line) {
  const uint16_t index = line.first_;
  line.first_ = slots_[index].next;
  --line.size_;
  free_.push_back(index);
  return index;
}

}  // namespace heliograph::shard
