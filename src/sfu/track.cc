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

// Another layer must carry this much more than the present one, so that two of like size do not take turns.
constexpr double kClearlyBetter = 1.3;

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
  if (!layer.heard || layer.source != packet.source) {
    layer.history.clear();
    layer.clock = SenderClock(plan::clock_rate(codec_));
    layer.source = packet.source;
    layer.heard = true;
  }
  layer.last_arrival = packet.arrival;
  layer.rate.add(packet.arrival, packet.payload.size());
  const MediaPacket* kept = layer.history.append(packet, appended_ + 1);
  if (kept != nullptr) ++appended_;
  return kept;
}

const MediaPacket* Track::find(uint8_t layer, uint64_t source, int64_t sequence) const {
  return has_source(layer, source) ? layers_[layer].history.find(sequence) : nullptr;
}

void Track::on_sender_report(uint8_t layer, uint64_t source, const SenderClock::Report& report) {
  if (has_source(layer, source)) layers_[layer].clock.on_report(report);
}

bool Track::alive(base::Timestamp now, const Layer& layer) const {
  return layer.heard && now - layer.last_arrival < kAliveWithin;
}

std::optional<uint8_t> Track::best_layer(base::Timestamp now, std::optional<uint8_t> current) {
  std::optional<uint8_t> best;
  double best_rate = -1;
  for (uint8_t i = 0; i < kMaxLayers; ++i) {
    if (!alive(now, layers_[i])) continue;
    auto rate = static_cast<double>(layers_[i].rate.rate(now).bps());
    if (current == i) rate *= kClearlyBetter;
    if (rate <= best_rate) continue;
    best = i;
    best_rate = rate;
  }
  return best;
}

}  // namespace heliograph::sfu
