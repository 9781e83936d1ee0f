// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/refusal.h"
#include "hls/libav.h"
#include "hls/opus_packet.h"
#include "hls/stereo.h"

namespace heliograph::hls {

// libavcodec's libopus, or its own decoder where it is built without. 48 kHz, stereo whatever comes.
class OpusDecoder {
 public:
  static std::expected<OpusDecoder, base::Trouble> create();

  // As many samples as the packet lasts, good until the next call; empty when it cannot be decoded.
  std::span<Stereo> decode(const OpusPacket& packet, base::ConstBytes payload);
  // What comes is another encoder's.
  void reset();

 private:
  OpusDecoder(libav::Codec codec, libav::Packet packet, libav::Picture block);
  void append_block();

  libav::Codec codec_;
  libav::Packet packet_;
  libav::Picture block_;
  std::vector<Stereo> sound_;
};

}  // namespace heliograph::hls
