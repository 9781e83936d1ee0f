// SPDX-License-Identifier: Apache-2.0
#include "sfu/track.h"

namespace heliograph::sfu {
namespace {

// About two seconds of 2.5 Mbit/s video, ten of Opus; both more than a batch of datagrams can bring at once.
constexpr size_t kVideoPackets = 1024;
constexpr size_t kVideoBytes = 768 * 1024;
constexpr size_t kAudioPackets = 512;
constexpr size_t kAudioBytes = 128 * 1024;

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
  return layer.history.append(packet);
}

const MediaPacket* Track::find(uint8_t layer, uint8_t source, int64_t sequence) const {
  return layers_[layer].source == source ? layers_[layer].history.find(sequence) : nullptr;
}

void Track::on_sender_report(uint8_t layer, uint8_t source, const SenderClock::Report& report) {
  if (layers_[layer].heard && layers_[layer].source == source) layers_[layer].clock.on_report(report);
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
