// SPDX-License-Identifier: Apache-2.0
#include "sfu/track.h"

namespace heliograph::sfu {
namespace {

// About two seconds of 2.5 Mbit/s video, ten of Opus; both more than Track::kGoodFor of the largest packets.
constexpr size_t kVideoPackets = 1024;
constexpr size_t kVideoBytes = 768 * 1024;
constexpr size_t kAudioPackets = 512;
constexpr size_t kAudioBytes = 160 * 1024;
static_assert(kAudioBytes >= (Track::kGoodFor + 2) * 2048);

}  // namespace

Track::Layer::Layer(plan::Codec codec)
    : history(plan::kind_of(codec) == plan::Kind::kVideo ? kVideoPackets : kAudioPackets,
              plan::kind_of(codec) == plan::Kind::kVideo ? kVideoBytes : kAudioBytes),
      clock(plan::clock_rate(codec)) {}

Track::Track(plan::Codec codec) : codec_(codec) {
  layers_.reserve(kMaxLayers);
  for (size_t i = 0; i < kMaxLayers; ++i) layers_.emplace_back(codec);
}

bool Track::spares(const MediaPacket& packet, size_t last) const {
  const Layer& layer = layers_[packet.layer];
  if (last == 0) return true;
  if (layer.heard && layer.source != packet.source) return false;
  return layer.history.displaced_by(packet.sequence) + last <= appended_;
}

const MediaPacket* Track::append(const MediaPacket& packet) {
  Layer& layer = layers_[packet.layer];
  if (!layer.heard || layer.source != packet.source) replace_source(layer, packet.source);
  ladder_.on_packet(packet.arrival, packet.layer, packet.payload.size());
  const MediaPacket* kept = layer.history.append(packet, appended_ + 1);
  if (kept != nullptr) ++appended_;
  return kept;
}

// An uplink that takes over (B-22) ends all layers of the one before: it may bring fewer, or bring them later. What
// they sent stays, to be sent again.
void Track::replace_source(Layer& layer, uint64_t source) {
  layer.history.clear();
  layer.clock = SenderClock(plan::clock_rate(codec_));
  layer.source = source;
  layer.heard = true;
  for (uint8_t i = 0; i < kMaxLayers; ++i)
    if (uplink_of(layers_[i].source) != uplink_of(source)) ladder_.end(i);
}

const MediaPacket* Track::find(uint8_t layer, uint64_t source, int64_t sequence) const {
  return has_source(layer, source) ? layers_[layer].history.find(sequence) : nullptr;
}

void Track::on_sender_report(uint8_t layer, uint64_t source, const SenderClock::Report& report) {
  if (has_source(layer, source)) layers_[layer].clock.on_report(report);
}

}  // namespace heliograph::sfu
