// SPDX-License-Identifier: Apache-2.0
#include "hls/opus_decoder.h"

#include <utility>

#include "hls/audio_track.h"

namespace heliograph::hls {
namespace {

libav::Codec open(const AVCodec* codec) {
  if (codec == nullptr) return nullptr;
  libav::Codec opened(avcodec_alloc_context3(codec));
  if (!opened) return nullptr;
  opened->sample_rate = static_cast<int>(kAudioRate);
  av_channel_layout_default(&opened->ch_layout, 2);
  opened->request_sample_fmt = AV_SAMPLE_FMT_FLT;
  return avcodec_open2(opened.get(), codec, nullptr) == 0 ? std::move(opened) : nullptr;
}

}  // namespace

std::expected<OpusDecoder, base::Trouble> OpusDecoder::create() {
  libav::redirect_log();
  auto codec = open(avcodec_find_decoder_by_name("libopus"));
  if (!codec) codec = open(avcodec_find_decoder(AV_CODEC_ID_OPUS));
  if (!codec) return std::unexpected(libav::trouble(AVERROR_DECODER_NOT_FOUND, "libavcodec cannot decode Opus"));
  libav::Packet packet(av_packet_alloc());
  libav::Picture block(av_frame_alloc());
  if (!packet || !block) return std::unexpected(libav::trouble(AVERROR(ENOMEM), "libavcodec cannot decode Opus"));
  return OpusDecoder(std::move(codec), std::move(packet), std::move(block));
}

OpusDecoder::OpusDecoder(libav::Codec codec, libav::Packet packet, libav::Picture block)
    : codec_(std::move(codec)), packet_(std::move(packet)), block_(std::move(block)) {}

std::span<Stereo> OpusDecoder::decode(const OpusPacket& packet, base::ConstBytes payload) {
  sound_.clear();
  packet_->data = const_cast<uint8_t*>(payload.data());  // without an owner: libavcodec makes its own copy
  packet_->size = static_cast<int>(payload.size());
  if (avcodec_send_packet(codec_.get(), packet_.get()) < 0) return {};
  while (avcodec_receive_frame(codec_.get(), block_.get()) == 0) append_block();
  if (sound_.empty()) return {};
  sound_.resize(packet.duration);
  return sound_;
}

void OpusDecoder::append_block() {
  if (block_->ch_layout.nb_channels != 2) return;
  const auto count = static_cast<size_t>(block_->nb_samples);
  const auto* first = reinterpret_cast<const float*>(block_->data[0]);
  const auto* second = reinterpret_cast<const float*>(block_->data[1]);
  if (block_->format == AV_SAMPLE_FMT_FLT) {
    for (size_t i = 0; i < count; ++i) sound_.push_back({first[2 * i], first[2 * i + 1]});
  } else if (block_->format == AV_SAMPLE_FMT_FLTP) {
    for (size_t i = 0; i < count; ++i) sound_.push_back({first[i], second[i]});
  }
}

void OpusDecoder::reset() { avcodec_flush_buffers(codec_.get()); }

}  // namespace heliograph::hls
