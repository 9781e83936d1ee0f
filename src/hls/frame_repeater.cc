// SPDX-License-Identifier: Apache-2.0
#include "hls/frame_repeater.h"

#include <utility>
#include <variant>

#include "hls/av1_repeater.h"
#include "hls/h264_repeater.h"
#include "hls/vp9_repeater.h"

namespace heliograph::hls {

struct FrameRepeater::State {
  std::shared_ptr<const VideoConfig> config;
  std::variant<std::monostate, H264Repeater, Vp9Repeater, Av1Repeater> codec;

  void configure(std::shared_ptr<const VideoConfig> next);
  void see(std::monostate&, const Frame&) {}
  void see(H264Repeater& repeater, const Frame& frame) { repeater.see(frame.data, frame.keyframe); }
  void see(auto& repeater, const Frame& frame) { repeater.see(frame.data); }
};

void FrameRepeater::State::configure(std::shared_ptr<const VideoConfig> next) {
  if (!next || (config && *config == *next)) return;
  config = std::move(next);
  switch (config->codec) {
    case plan::Codec::kH264:
      codec.emplace<H264Repeater>(config->record);
      break;
    case plan::Codec::kVp9:
      codec.emplace<Vp9Repeater>();
      break;
    case plan::Codec::kAv1:
      codec.emplace<Av1Repeater>(config->record);
      break;
    default:
      codec.emplace<std::monostate>();
  }
}

FrameRepeater::FrameRepeater() : state_(std::make_unique<State>()) {}
FrameRepeater::~FrameRepeater() = default;
FrameRepeater::FrameRepeater(FrameRepeater&&) noexcept = default;
FrameRepeater& FrameRepeater::operator=(FrameRepeater&&) noexcept = default;

void FrameRepeater::see(const Frame& frame) {
  state_->configure(frame.config);
  std::visit([&](auto& repeater) { state_->see(repeater, frame); }, state_->codec);
}

std::optional<std::vector<uint8_t>> FrameRepeater::repeat() {
  return std::visit(
      [](auto& repeater) -> std::optional<std::vector<uint8_t>> {
        if constexpr (requires { repeater.repeat(); })
          return repeater.repeat();
        else
          return std::nullopt;
      },
      state_->codec);
}

}  // namespace heliograph::hls
