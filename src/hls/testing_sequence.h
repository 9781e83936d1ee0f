// SPDX-License-Identifier: Apache-2.0
// Sequences of pictures coded and decoded by libavcodec, for tests.
#pragma once

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "hls/av1_depacketizer.h"
#include "hls/frame.h"
#include "hls/h264_depacketizer.h"
#include "hls/libav.h"
#include "hls/vp9_depacketizer.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace heliograph::hls::testing {

using Bytes = std::vector<uint8_t>;

// From now on libav's warnings and errors are kept, instead of written.
inline std::mutex log_mutex;
inline std::vector<std::string> log_lines;

[[gnu::format(printf, 3, 0)]] inline void keep_line(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING) return;
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  const std::scoped_lock lock(log_mutex);
  log_lines.emplace_back(line.data());
}

inline void watch_log() {
  libav::redirect_log();
  av_log_set_callback(keep_line);
  const std::scoped_lock lock(log_mutex);
  log_lines.clear();
}

struct CodedSequence {
  std::string encoder = "libx264";
  int width = 320, height = 180;
  int frames = 40;
  int keyframe_interval = 15;
  std::vector<std::pair<std::string, std::string>> options = {};  // the encoder's own
  bool p_only = false;  // each picture is asked to be P, whatever the encoder would choose
  bool interlaced = false;
  bool flat = false;  // grey, without a pattern
};

// A pattern that moves, with noise, and brightens and darkens.
inline libav::Picture draw_pattern(const CodedSequence& sequence, int number) {
  libav::Picture picture(av_frame_alloc());
  picture->format = AV_PIX_FMT_YUV420P;
  picture->width = sequence.width;
  picture->height = sequence.height;
  picture->pts = number;
  av_frame_get_buffer(picture.get(), 0);
  base::Rng rng(static_cast<uint64_t>(number));
  for (int plane = 0; plane < 3; ++plane) {
    if (sequence.flat)
      std::fill_n(picture->data[plane], picture->linesize[plane] * (sequence.height >> (plane > 0)), uint8_t{128});
    const int shift = plane == 0 ? 0 : 1, fade = number * 7 % 60;
    for (int y = 0; !sequence.flat && y < (sequence.height + shift) >> shift; ++y)
      for (int x = 0; x < (sequence.width + shift) >> shift; ++x)
        picture->data[plane][static_cast<ptrdiff_t>(y) * picture->linesize[plane] + x] = static_cast<uint8_t>(
            40 + fade + ((x + 3 * number) / 9 ^ (y + number) / 7) % 90 + static_cast<int>(rng.below(6)));
  }
  if (sequence.p_only)
    picture->pict_type = number % sequence.keyframe_interval == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P;
  return picture;
}

inline libav::Codec open_encoder(const CodedSequence& sequence) {
  const auto* found = avcodec_find_encoder_by_name(sequence.encoder.c_str());
  libav::Codec codec(found == nullptr ? nullptr : avcodec_alloc_context3(found));
  if (!codec) return nullptr;
  codec->width = sequence.width;
  codec->height = sequence.height;
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->time_base = {1, 30};
  codec->framerate = {30, 1};
  codec->gop_size = sequence.keyframe_interval;
  codec->thread_count = 1;
  if (sequence.interlaced) codec->flags |= AV_CODEC_FLAG_INTERLACED_DCT;
  for (const auto& [name, value] : sequence.options)
    if (av_opt_set(codec->priv_data, name.c_str(), value.c_str(), 0) != 0)
      av_opt_set(codec.get(), name.c_str(), value.c_str(), 0);
  return avcodec_open2(codec.get(), nullptr, nullptr) == 0 ? std::move(codec) : nullptr;
}

// The NAL units of a byte stream (ITU-T H.264 annex B).
inline std::vector<Bytes> nal_units(base::ConstBytes stream) {
  std::vector<Bytes> units;
  size_t begin = 0;
  for (size_t i = 0; i + 3 <= stream.size() + 3; ++i) {
    const bool code = i + 3 <= stream.size() && stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1;
    if (!code && i < stream.size()) continue;
    size_t end = std::min(i, stream.size());
    while (end > begin && stream[end - 1] == 0) --end;
    if (begin > 0)
      units.emplace_back(stream.begin() + static_cast<ptrdiff_t>(begin), stream.begin() + static_cast<ptrdiff_t>(end));
    begin = i + 3;
  }
  return units;
}

// What an encoder gives as a publisher's frames.
class FrameMaker {
 public:
  Frame make_h264(const std::vector<Bytes>& units) {
    const std::vector<base::ConstBytes> payloads(units.begin(), units.end());
    return to_frame(h264_.assemble(payloads));
  }
  Frame make(AVCodecID codec, base::ConstBytes coded) {
    if (codec == AV_CODEC_ID_H264) return make_h264(nal_units(coded));
    Bytes payload{static_cast<uint8_t>(codec == AV_CODEC_ID_VP9 ? 0x0c : 0x10)};
    payload.insert(payload.end(), coded.begin(), coded.end());
    const base::ConstBytes payloads[] = {payload};
    return to_frame(codec == AV_CODEC_ID_VP9 ? vp9_.assemble(payloads) : av1_.assemble(payloads));
  }

 private:
  static Frame to_frame(std::optional<CodedPicture> picture) {
    if (!picture) return {};
    return {.timestamp = 0,
            .source = 0,
            .arrival = {},
            .keyframe = picture->keyframe,
            .data = picture->data,
            .config = picture->config};
  }

  H264Depacketizer h264_{""};
  Vp9Depacketizer vp9_;
  Av1Depacketizer av1_;
};

// Packets as the encoder gives them. Empty when libavcodec has no such encoder.
inline std::vector<Bytes> encode_packets(const CodedSequence& sequence, AVCodecID& codec_id) {
  watch_log();
  const auto codec = open_encoder(sequence);
  std::vector<Bytes> packets;
  if (!codec) return packets;
  codec_id = codec->codec_id;
  libav::Packet packet(av_packet_alloc());
  for (int i = 0; i <= sequence.frames; ++i) {
    const auto picture = i < sequence.frames ? draw_pattern(sequence, i) : nullptr;
    avcodec_send_frame(codec.get(), picture.get());
    while (avcodec_receive_packet(codec.get(), packet.get()) == 0)
      packets.emplace_back(packet->data, packet->data + packet->size);
  }
  return packets;
}

inline std::vector<Frame> encode(const CodedSequence& sequence) {
  AVCodecID codec = AV_CODEC_ID_NONE;
  std::vector<Frame> frames;
  FrameMaker maker;
  for (const auto& packet : encode_packets(sequence, codec)) frames.push_back(maker.make(codec, packet));
  return frames;
}

struct DecodedPicture {
  int64_t pts = 0;
  int width = 0, height = 0;
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
  Bytes pixels;  // all planes, luma first

  bool same_pixels(const DecodedPicture& other) const { return width == other.width && pixels == other.pixels; }
};

struct Decoded {
  std::vector<DecodedPicture> pictures;  // as they came out
  std::vector<std::string> complaints;   // errors, and what libav said of them
};

struct Decoder {
  std::string name;
  int threads = 1;
};

inline DecodedPicture copy(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  DecodedPicture picture{.pts = frame.pts,
                         .width = frame.width,
                         .height = frame.height,
                         .range = frame.color_range,
                         .primaries = frame.color_primaries,
                         .pixels = {}};
  picture.pixels.resize(static_cast<size_t>(av_image_get_buffer_size(format, frame.width, frame.height, 1)));
  av_image_copy_to_buffer(picture.pixels.data(), static_cast<int>(picture.pixels.size()), frame.data, frame.linesize,
                          format, frame.width, frame.height, 1);
  return picture;
}

inline libav::Codec open_decoder(const Decoder& decoder, const VideoConfig& config) {
  const auto* found = avcodec_find_decoder_by_name(decoder.name.c_str());
  libav::Codec codec(found == nullptr ? nullptr : avcodec_alloc_context3(found));
  if (!codec) return nullptr;
  if (config.codec != plan::Codec::kVp9) {
    codec->extradata = libav::padded_copy(config.record.data(), config.record.size());
    codec->extradata_size = static_cast<int>(config.record.size());
  }
  codec->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
  codec->thread_count = decoder.threads;
  codec->pkt_timebase = {1, 30};
  return avcodec_open2(codec.get(), found, nullptr) == 0 ? std::move(codec) : nullptr;
}

// The place of each sample is its pts. An error does not end it.
inline Decoded decode(const Decoder& decoder, const VideoConfig& config, const std::vector<Bytes>& samples) {
  watch_log();
  Decoded decoded;
  const auto codec = open_decoder(decoder, config);
  if (!codec) return {.pictures = {}, .complaints = {"no " + decoder.name}};
  libav::Packet packet(av_packet_alloc());
  libav::Picture picture(av_frame_alloc());
  const auto receive = [&] {
    int result = 0;
    while ((result = avcodec_receive_frame(codec.get(), picture.get())) == 0)
      decoded.pictures.push_back(copy(*picture));
    if (result != AVERROR(EAGAIN) && result != AVERROR_EOF) decoded.complaints.emplace_back("receive failed");
  };
  for (size_t i = 0; i < samples.size(); ++i) {
    av_new_packet(packet.get(), static_cast<int>(samples[i].size()));
    std::copy(samples[i].begin(), samples[i].end(), packet->data);
    packet->pts = packet->dts = static_cast<int64_t>(i);
    if (avcodec_send_packet(codec.get(), packet.get()) < 0)
      decoded.complaints.push_back("send failed at " + std::to_string(i));
    av_packet_unref(packet.get());
    receive();
  }
  avcodec_send_packet(codec.get(), nullptr);
  receive();
  const std::scoped_lock lock(log_mutex);
  decoded.complaints.insert(decoded.complaints.end(), log_lines.begin(), log_lines.end());
  return decoded;
}

}  // namespace heliograph::hls::testing
