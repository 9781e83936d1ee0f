// SPDX-License-Identifier: Apache-2.0
// libav's objects with owners, its errors as ours, its log in ours.
#pragma once

#include <memory>
#include <string_view>

#include "base/refusal.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace heliograph::hls::libav {

// AVThing** to null, as libav's free functions want it.
template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    kFree(&thing);
  }
};

using Packet = std::unique_ptr<AVPacket, Free<av_packet_free>>;
using Picture = std::unique_ptr<AVFrame, Free<av_frame_free>>;  // or a block of audio
using Codec = std::unique_ptr<AVCodecContext, Free<avcodec_free_context>>;
using Parameters = std::unique_ptr<AVCodecParameters, Free<avcodec_parameters_free>>;

// error: what a function of libav returned, negative. what: the beginning of a sentence, "libavformat cannot ...".
base::Trouble trouble(int error, std::string_view what);

// What libav has to say goes to base::log at debug, and never to standard error. To be called before anything else of
// libav; from any thread, as often as wanted.
void redirect_log();

// A copy with the zeros behind it that libav's parsers want (AV_INPUT_BUFFER_PADDING_SIZE), from av_malloc; null when
// there is no memory.
uint8_t* padded_copy(const uint8_t* data, size_t size);

}  // namespace heliograph::hls::libav
