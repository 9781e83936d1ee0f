// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <expected>
#include <span>

#include "base/refusal.h"
#include "hls/audio_track.h"
#include "hls/libav.h"
#include "hls/stereo.h"

namespace heliograph::hls {

// libavcodec's AAC-LC, 48 kHz, stereo, about 128 kbit/s. It holds back the frame under way and two before it, up to
// 64 ms of sound.
class AacEncoder {
 public:
  static constexpr uint32_t kFrame = 1'024;  // samples

  static std::expected<AacEncoder, base::Trouble> create();

  const AudioConfig& config() const { return config_; }
  // The next samples; frames that are complete are appended to out, the first one `at` 0.
  void encode(std::span<const Stereo> sound, std::deque<AudioSample>& out);

 private:
  AacEncoder(libav::Codec codec, libav::Packet packet, libav::Picture block);
  void encode_block(std::deque<AudioSample>& out);

  libav::Codec codec_;
  libav::Packet packet_;
  libav::Picture block_;
  size_t filled_ = 0;  // of block_
  AudioConfig config_;
};

}  // namespace heliograph::hls
