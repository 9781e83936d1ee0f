// SPDX-License-Identifier: Apache-2.0
#include "hls/video_layers.h"

#include <algorithm>
#include <utility>

namespace heliograph::hls {

void VideoLayers::begin(const plan::UplinkTrack& track) {
  for (auto& layer : layers_) {
    const uint64_t lost = layer.lost_before + (layer.assembler ? layer.assembler->frames_lost() : 0);
    layer = {};
    layer.lost_before = lost;
    layer.assembler.emplace(track.codec.codec, track.codec.fmtp);
  }
}

void VideoLayers::receive(base::Timestamp now, const RtpPacket& packet) {
  auto& layer = layers_[packet.layer];
  layer.heard = true;
  layer.last_packet = now;
  layer.assembler->receive(now, packet);
}

std::optional<Frame> VideoLayers::take(base::Timestamp now, size_t index) {
  auto& layer = layers_[index];
  while (auto frame = layer.assembler ? layer.assembler->take(now) : std::nullopt) {
    if (layer.skipping && !frame->keyframe) continue;
    layer.skipping = false;
    layer.seen = true;
    layer.last_frame = now;
    if (frame->config) layer.config = frame->config;
    return frame;
  }
  return std::nullopt;
}

std::vector<size_t> VideoLayers::ready() const {
  std::vector<size_t> found;
  for (size_t i = 0; i < layers_.size(); ++i)
    if (layers_[i].ready()) found.push_back(i);
  std::ranges::sort(found, {}, [&](size_t i) { return std::pair(layers_[i].pixels(), i); });
  return found;
}

bool VideoLayers::any_ready() const { return std::ranges::any_of(layers_, &VideoLayer::ready); }

bool VideoLayers::all_ready(base::Timestamp now, base::Duration patience) const {
  bool all = true;
  base::Timestamp first = base::Timestamp::never();
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].ready()) first = std::min(first, layers_[i].ready_since);
    all = all && (layers_[i].ready() || !is_alive(now, i));
  }
  return all || (!first.is_never() && now - first >= patience);
}

uint32_t VideoLayers::ask(base::Timestamp now, bool all) {
  uint32_t asked = 0;
  for (size_t i = 0; i < layers_.size(); ++i) {
    auto& layer = layers_[i];
    const bool sends = layer.heard && now - layer.last_packet < kAlive * 2;
    if (!sends || layer.ready() || now - layer.asked < kAskAgain) continue;
    if (!all && !layer.skipping && !layer.assembler->needs_keyframe()) continue;
    layer.asked = now;
    asked |= 1u << i;
  }
  return asked;
}

void VideoLayers::drop_waiting() {
  for (auto& layer : layers_)
    if (!layer.waiting.empty()) {
      layer.waiting.clear();
      layer.skipping = true;
    }
}

uint64_t VideoLayers::frames_lost() const {
  uint64_t lost = 0;
  for (const auto& layer : layers_) lost += layer.lost_before + (layer.assembler ? layer.assembler->frames_lost() : 0);
  return lost;
}

}  // namespace heliograph::hls
