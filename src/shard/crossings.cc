// SPDX-License-Identifier: Apache-2.0
// What passes between shards.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "shard/shard.h"

namespace heliograph::shard {

bool Shard::push(plan::ShardIndex to, const Crossing& message) {
  if (to >= crossings_.to.size() || crossings_.to[to] == nullptr) return true;  // no such shard: nothing to wait for
  Crossing* slot = crossings_.to[to]->reserve();
  if (slot == nullptr) return false;
  *slot = message;
  slot->from = index_;
  crossings_.to[to]->commit();
  wakes_ |= uint64_t{1} << to;
  return true;
}

// A word: it waits its turn when the ring is full, and keeps its place in the order of what goes there.
void Shard::cross(plan::ShardIndex to, const Crossing& message) {
  const auto waiting = waiting_crossings_.find(to);
  if (waiting != waiting_crossings_.end() || !push(to, message)) waiting_crossings_[to].push_back(message);
}

// Each ring by itself: one that is full, as the packager's may be for long, keeps no word from the others.
void Shard::retry_crossings() {
  for (auto at = waiting_crossings_.begin(); at != waiting_crossings_.end();) {
    auto& words = at->second;
    while (!words.empty() && push(at->first, words.front())) words.pop_front();
    at = words.empty() ? waiting_crossings_.erase(at) : std::next(at);
  }
}

// What is said again soon: a sender report, a wish for a keyframe. A hostile peer can cause any number of them.
void Shard::cross_or_lose(plan::ShardIndex to, const Crossing& message) {
  if (!push(to, message)) ++counters_.crossings_lost;
}

// Once a shard, in place; lost and counted when the other does not keep up.
void Shard::cross_media(Publication& publication, plan::Kind kind, const sfu::MediaPacket& packet) {
  if (packet.extensions.size() + packet.payload.size() > Crossing::kMaxBytes) return;
  for (plan::ShardIndex s = 0; s < crossings_.to.size(); ++s) {
    if ((publication.watching_shards >> s & 1) == 0) continue;
    Crossing* slot = crossings_.to[s]->reserve();
    if (slot == nullptr) {
      ++counters_.crossings_lost;
      continue;
    }
    slot->what = Crossing::Kind::kMedia;
    slot->kind = kind;
    slot->publication = publication.id;
    slot->from = index_;
    slot->packet = packet;
    slot->extensions_size = static_cast<uint16_t>(packet.extensions.size());
    slot->payload_size = static_cast<uint16_t>(packet.payload.size());
    std::ranges::copy(packet.extensions, slot->bytes.begin());
    std::ranges::copy(packet.payload, slot->bytes.begin() + slot->extensions_size);
    crossings_.to[s]->commit();
    wakes_ |= uint64_t{1} << s;
  }
}

void Shard::announce_tracks(const Publication& publication, uint64_t shards) {
  for (size_t kind = 0; kind < kKinds; ++kind) {
    if (!publication.lanes[kind].track) continue;
    Crossing message;
    message.what = Crossing::Kind::kTrack;
    message.kind = static_cast<plan::Kind>(kind);
    message.codec = publication.lanes[kind].track->codec();
    message.publication = publication.id;
    for (plan::ShardIndex s = 0; s < crossings_.to.size(); ++s)
      if ((shards >> s & 1) != 0) cross(s, message);
  }
}

bool Shard::take_crossings(base::Timestamp now, base::SendBatch& out) {
  bool some = false;
  for (CrossingRing* ring : crossings_.from) {
    if (ring == nullptr) continue;
    while (const Crossing* message = ring->front()) {
      receive_crossing(now, *message, out);
      some = true;
      ring->pop();
    }
  }
  retry_crossings();
  return some;
}

void Shard::receive_crossing(base::Timestamp now, const Crossing& message, base::SendBatch& out) {
  const bool home = message.publication.home == index_;
  // Only a watch may bring a publication into being: it can overtake nothing, since control published before it routed.
  if (home && message.what == Crossing::Kind::kWatch) {
    Publication& publication = *publications_.find(publication_handle(message.publication));
    publication.watching_shards |= uint64_t{1} << message.from;
    announce_tracks(publication, uint64_t{1} << message.from);
    return;
  }
  const auto found = publications_by_number_.find(message.publication.number);
  if (found == publications_by_number_.end()) return;
  Publication& publication = *publications_.find(found->second);
  Lane& lane = lane_of(publication, message.kind);
  switch (message.what) {
    case Crossing::Kind::kWatch:
      break;
    case Crossing::Kind::kUnwatch:
      publication.watching_shards &= ~(uint64_t{1} << message.from);
      drop_if_idle(found->second);
      break;
    case Crossing::Kind::kRequestKeyframe:
      request_keyframe(now, publication, message.kind, message.packet.layer);
      break;
    case Crossing::Kind::kTrack:
      if (!lane.track || lane.track->codec() != message.codec) {
        lane.fresh.clear();
        lane.track.emplace(message.codec);
      }
      for (const auto v : lane.viewers) {
        const Viewer& viewer = *viewers_.find(v);
        // A Route that only wishes something else is a watch again: whoever has a picture needs no other.
        if (!viewer.subscription.waits_for_keyframe(*lane.track)) continue;
        if (peers_.find(viewer.peer)->transport.can_send()) request_first_keyframe(now, publication, viewer);
      }
      break;
    case Crossing::Kind::kMedia: {
      sfu::MediaPacket packet = message.packet;
      packet.extensions = {message.bytes.data(), message.extensions_size};
      packet.payload = {message.bytes.data() + message.extensions_size, message.payload_size};
      add_fresh(found->second, publication, message.kind, packet, out);
      break;
    }
    case Crossing::Kind::kClock:
      if (lane.track) lane.track->on_sender_report(message.packet.layer, message.packet.source, message.report);
      break;
    case Crossing::Kind::kEnded:
      for (auto& l : publication.lanes) {
        l.fresh.clear();
        l.track.reset();
      }
      break;
  }
}

}  // namespace heliograph::shard
