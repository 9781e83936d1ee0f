// SPDX-License-Identifier: Apache-2.0
#include "hls/packet_queue.h"

namespace heliograph::hls {

uint64_t PacketQueue::turn_of(uint64_t source) {
  if (source == source_) return turn_;
  if (source == source_before_) return turn_ - 1;  // it was overtaken by its successor's first packets
  source_before_ = std::exchange(source_, source);
  return ++turn_;
}

void PacketQueue::put(const RtpPacket& packet, base::Timestamp at, const OpusPacket& opus) {
  const Place place(turn_of(packet.source), packet.sequence);
  if (taken_ && place <= *taken_) return;
  const auto [held, fresh] = held_.try_emplace(place);
  if (!fresh) return;
  held->second = {.turn = place.first,
                  .sequence = packet.sequence,
                  .timestamp = packet.timestamp,
                  .at = at,
                  .opus = opus,
                  .payload = {packet.payload.begin(), packet.payload.end()}};
}

bool PacketQueue::is_next() const {
  return taken_ && !held_.empty() && front().turn == taken_->first && front().sequence - 1 == taken_->second;
}

HeldPacket PacketQueue::take() {
  auto node = held_.extract(held_.begin());
  taken_ = node.key();
  return std::move(node.mapped());
}

}  // namespace heliograph::hls
