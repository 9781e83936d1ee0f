// SPDX-License-Identifier: Apache-2.0
// Pictures and sound encoded by libavcodec, and mp4 taken apart and decoded again by libav, for tests.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hls/audio_track.h"
#include "hls/frame.h"
#include "hls/libav.h"
#include "hls/muxer.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace heliograph::hls::testing {

struct EncodedSample {
  int64_t dts = 0, pts = 0;  // in the track's timescale
  uint32_t duration = 0;
  bool keyframe = false;
  std::vector<uint8_t> data;

  Sample sample() const { return {.dts = dts, .pts = pts, .duration = duration, .keyframe = keyframe, .data = data}; }
};

struct EncodedVideo {
  VideoConfig config;
  std::vector<EncodedSample> samples;
};

struct EncodedAudio {
  AudioConfig config;
  std::vector<EncodedSample> samples;
};

inline int require(int result, const char* what) {
  if (result < 0) throw std::runtime_error(libav::trouble(result, what).where);
  return result;
}

// The NAL units of an Annex B stream (ITU-T H.264 annex B).
inline std::vector<base::ConstBytes> nal_units(base::ConstBytes stream) {
  std::vector<base::ConstBytes> found;
  constexpr std::array<uint8_t, 3> kStart{0, 0, 1};
  auto at = std::ranges::search(stream, kStart);
  while (!at.empty()) {
    const auto rest = stream.subspan(static_cast<size_t>(at.end() - stream.begin()));
    const auto next = std::ranges::search(rest, kStart);
    auto unit = next.empty() ? rest : rest.first(static_cast<size_t>(next.begin() - rest.begin()));
    while (!unit.empty() && unit.back() == 0) unit = unit.first(unit.size() - 1);
    found.push_back(unit);
    stream = rest;
    at = std::ranges::search(stream, kStart);
  }
  return found;
}

inline void append_unit(std::vector<uint8_t>& out, base::ConstBytes unit, size_t length_bytes) {
  for (size_t i = length_bytes; i-- > 0;) out.push_back(static_cast<uint8_t>(unit.size() >> (8 * i)));
  out.insert(out.end(), unit.begin(), unit.end());
}

// An avcC of the one SPS and the one PPS.
inline std::vector<uint8_t> avcc_of(base::ConstBytes extradata) {
  const auto units = nal_units(extradata);
  const auto of_type = [&](int type) {
    return *std::ranges::find_if(units, [&](base::ConstBytes unit) { return (unit[0] & 0x1f) == type; });
  };
  const auto sps = of_type(7), pps = of_type(8);
  std::vector<uint8_t> record{1, sps[1], sps[2], sps[3], 0xff, 0xe1};
  append_unit(record, sps, 2);
  record.push_back(1);
  append_unit(record, pps, 2);
  return record;
}

// Without parameter sets, delimiters and SEI.
inline std::vector<uint8_t> slices_of(base::ConstBytes annex_b) {
  std::vector<uint8_t> data;
  for (const auto unit : nal_units(annex_b))
    if (const int type = unit[0] & 0x1f; type == 1 || type == 5) append_unit(data, unit, 4);
  return data;
}

inline libav::Codec open_encoder(const char* name, const std::function<void(AVCodecContext&)>& set,
                                 AVDictionary* options = nullptr) {
  libav::redirect_log();
  const AVCodec* codec = avcodec_find_encoder_by_name(name);
  if (codec == nullptr) throw std::runtime_error(std::string("no encoder ") + name);
  libav::Codec context(avcodec_alloc_context3(codec));
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  context->thread_count = 1;
  set(*context);
  const int opened = avcodec_open2(context.get(), codec, &options);
  av_dict_free(&options);
  require(opened, name);
  return context;
}

// Sends the frame (null: the end) and hands every packet on.
inline void encode(AVCodecContext& context, const AVFrame* frame, const std::function<void(const AVPacket&)>& sink) {
  require(avcodec_send_frame(&context, frame), "encoding");
  const libav::Packet packet(av_packet_alloc());
  while (avcodec_receive_packet(&context, packet.get()) >= 0) {
    sink(*packet);
    av_packet_unref(packet.get());
  }
}

struct H264Options {
  int width = 320, height = 180;
  int frames = 60;
  int b_frames = 0;
  int keyframe_interval = 30;
  int64_t begin = 9'000;  // pts of the first, 1/90000 s
};

// By libx264 at 30 frames a second: a moving ramp.
inline EncodedVideo encode_h264(const H264Options& options) {
  constexpr int64_t kFrame = kVideoRate / 30;
  AVDictionary* private_options = nullptr;
  av_dict_set(&private_options, "preset", "ultrafast", 0);
  const auto context = open_encoder(
      "libx264",
      [&](AVCodecContext& c) {
        c.width = options.width;
        c.height = options.height;
        c.pix_fmt = AV_PIX_FMT_YUV420P;
        c.time_base = {1, static_cast<int>(kVideoRate)};
        c.framerate = {30, 1};
        c.max_b_frames = options.b_frames;
        c.gop_size = options.keyframe_interval;
      },
      private_options);
  EncodedVideo video;
  const auto size = static_cast<size_t>(context->extradata_size);
  video.config = {.codec = plan::Codec::kH264,
                  .record = avcc_of({context->extradata, size}),
                  .codecs = "avc1",
                  .width = static_cast<uint16_t>(options.width),
                  .height = static_cast<uint16_t>(options.height)};
  const auto take = [&](const AVPacket& packet) {
    video.samples.push_back({.dts = packet.dts,
                             .pts = packet.pts,
                             .duration = static_cast<uint32_t>(kFrame),
                             .keyframe = (packet.flags & AV_PKT_FLAG_KEY) != 0,
                             .data = slices_of({packet.data, static_cast<size_t>(packet.size)})});
  };
  const libav::Picture picture(av_frame_alloc());
  picture->width = options.width;
  picture->height = options.height;
  picture->format = AV_PIX_FMT_YUV420P;
  require(av_frame_get_buffer(picture.get(), 0), "a picture");
  for (int i = 0; i < options.frames; ++i) {
    require(av_frame_make_writable(picture.get()), "a picture");
    for (int plane = 0; plane < 3; ++plane)
      for (int y = 0; y < (plane == 0 ? options.height : options.height / 2); ++y)
        std::memset(picture->data[plane] + y * picture->linesize[plane], (y * (plane + 1) + 3 * i) & 0xff,
                    static_cast<size_t>(plane == 0 ? options.width : options.width / 2));
    picture->pts = options.begin + i * kFrame;
    encode(*context, picture.get(), take);
  }
  encode(*context, nullptr, take);
  return video;
}

// By libavcodec's aac: a tone in stereo.
inline EncodedAudio encode_aac(int frames, int64_t begin = 0) {
  const auto context = open_encoder("aac", [](AVCodecContext& c) {
    c.sample_rate = kAudioRate;
    c.sample_fmt = AV_SAMPLE_FMT_FLTP;
    c.bit_rate = 96'000;
    c.time_base = {1, static_cast<int>(kAudioRate)};
    av_channel_layout_default(&c.ch_layout, 2);
  });
  EncodedAudio audio;
  audio.config = {.codec = AudioCodec::kAac,
                  .record = {context->extradata, context->extradata + context->extradata_size},
                  .codecs = "mp4a.40.2"};
  const auto take = [&](const AVPacket& packet) {
    const int64_t at = begin + static_cast<int64_t>(audio.samples.size()) * 1024;
    audio.samples.push_back(
        {.dts = at, .pts = at, .duration = 1024, .keyframe = true, .data = {packet.data, packet.data + packet.size}});
  };
  const libav::Picture block(av_frame_alloc());
  block->nb_samples = 1024;
  block->format = AV_SAMPLE_FMT_FLTP;
  block->sample_rate = kAudioRate;
  av_channel_layout_default(&block->ch_layout, 2);
  require(av_frame_get_buffer(block.get(), 0), "a block");
  for (int i = 0; i < frames; ++i) {
    require(av_frame_make_writable(block.get()), "a block");
    for (int channel = 0; channel < 2; ++channel)
      for (int n = 0; n < 1024; ++n)
        reinterpret_cast<float*>(block->data[channel])[n] =
            0.4F * std::sin(static_cast<float>((i * 1024 + n) % 48'000) * 0.0576F);
    block->pts = i * 1024;
    encode(*context, block.get(), take);
  }
  return audio;
}

struct Demuxed {
  struct Stream {
    AVCodecID codec = AV_CODEC_ID_NONE;
    std::vector<EncodedSample> samples = {};  // in the track's timescale; durations are not given at a fragment's end
    std::vector<std::pair<int, int>> decoded = {};  // width and height of each picture, 0 and samples of each block
  };
  std::vector<Stream> streams;
  int damaged = 0;  // packets that libav marked so, or could not decode
  int end = 0;      // what av_read_frame() returned at last
};

namespace internal {

struct Input {
  base::ConstBytes rest;

  static int read(void* self, uint8_t* out, int size) {
    auto& rest = static_cast<Input*>(self)->rest;
    const size_t n = std::min(static_cast<size_t>(size), rest.size());
    if (n == 0) return AVERROR_EOF;
    std::memcpy(out, rest.data(), n);
    rest = rest.subspan(n);
    return static_cast<int>(n);
  }
};

inline libav::Codec open_decoder(const AVCodecParameters& parameters) {
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  libav::Codec context(avcodec_alloc_context3(codec));
  context->thread_count = 1;
  context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
  require(avcodec_parameters_to_context(context.get(), &parameters), "decoder");
  require(avcodec_open2(context.get(), codec, nullptr), "decoder");
  return context;
}

// packet null: the end.
inline void decode(AVCodecContext& context, const AVPacket* packet, Demuxed::Stream& out, int& damaged) {
  const libav::Picture frame(av_frame_alloc());
  if (avcodec_send_packet(&context, packet) < 0) ++damaged;
  int result = 0;
  while ((result = avcodec_receive_frame(&context, frame.get())) >= 0) {
    if (frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) ++damaged;
    frame->width != 0 ? out.decoded.emplace_back(frame->width, frame->height)
                      : out.decoded.emplace_back(0, frame->nb_samples);
  }
  if (result != AVERROR(EAGAIN) && result != AVERROR_EOF) ++damaged;
}

}  // namespace internal

// Reads the bytes as a stream, to the end. Throws when libavformat cannot open it.
inline Demuxed demux(base::ConstBytes bytes, bool decode = false) {
  libav::redirect_log();
  internal::Input input{bytes};
  AVIOContext* io = avio_alloc_context(static_cast<uint8_t*>(av_malloc(4096)), 4096, 0, &input, internal::Input::read,
                                       nullptr, nullptr);
  AVFormatContext* file = avformat_alloc_context();
  file->pb = io;
  file->error_recognition = AV_EF_EXPLODE;
  const auto close = [&] {
    avformat_close_input(&file);
    av_freep(&io->buffer);
    avio_context_free(&io);
  };
  if (const int error = avformat_open_input(&file, nullptr, av_find_input_format("mp4"), nullptr); error < 0) {
    close();
    require(error, "opening mp4");
  }
  Demuxed found;
  std::vector<libav::Codec> decoders;
  for (unsigned i = 0; i < file->nb_streams; ++i) {
    found.streams.push_back({.codec = file->streams[i]->codecpar->codec_id});
    decoders.push_back(decode ? internal::open_decoder(*file->streams[i]->codecpar) : nullptr);
  }
  const libav::Packet packet(av_packet_alloc());
  while ((found.end = av_read_frame(file, packet.get())) >= 0) {
    const auto index = static_cast<size_t>(packet->stream_index);
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) ++found.damaged;
    found.streams[index].samples.push_back({.dts = packet->dts,
                                            .pts = packet->pts,
                                            .duration = static_cast<uint32_t>(packet->duration),
                                            .keyframe = (packet->flags & AV_PKT_FLAG_KEY) != 0,
                                            .data = {packet->data, packet->data + packet->size}});
    if (decode) internal::decode(*decoders[index], packet.get(), found.streams[index], found.damaged);
    av_packet_unref(packet.get());
  }
  for (size_t i = 0; decode && i < decoders.size(); ++i)
    internal::decode(*decoders[i], nullptr, found.streams[i], found.damaged);
  close();
  return found;
}

}  // namespace heliograph::hls::testing
