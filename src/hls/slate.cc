// SPDX-License-Identifier: Apache-2.0
#include "hls/slate.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "hls/av1_depacketizer.h"
#include "hls/h264_depacketizer.h"
#include "hls/libav.h"
#include "hls/slate_picture.h"
#include "hls/vp9_depacketizer.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace heliograph::hls {
namespace {

constexpr uint16_t kLeastSide = 16;
constexpr uint16_t kMostSide = 8'192;  // within the highest level of each codec

struct Option {
  const char* name;
  const char* value;
};
struct Encoder {
  plan::Codec codec;
  const char* name;
  std::array<Option, 5> options;
};
// In order of preference. One picture, in no time; H.264 as every decoder takes it (baseline).
constexpr Encoder kEncoders[] = {
    {plan::Codec::kH264,
     "libx264",
     {{{"preset", "ultrafast"}, {"tune", "zerolatency"}, {"profile", "baseline"}, {"crf", "24"}, {}}}},
    {plan::Codec::kVp9,
     "libvpx-vp9",
     {{{"deadline", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}, {"crf", "30"}, {"auto-alt-ref", "0"}}}},
    {plan::Codec::kAv1,
     "libaom-av1",
     {{{"usage", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}, {"crf", "30"}, {}}}},
    {plan::Codec::kAv1, "libsvtav1", {{{"preset", "12"}, {"crf", "35"}, {}, {}, {}}}},
};

libav::Codec open(const Encoder& encoder, const AVFrame& picture) {
  const auto* found = avcodec_find_encoder_by_name(encoder.name);
  libav::Codec codec(found == nullptr ? nullptr : avcodec_alloc_context3(found));
  if (!codec) return nullptr;
  codec->width = picture.width;
  codec->height = picture.height;
  codec->pix_fmt = static_cast<AVPixelFormat>(picture.format);
  codec->time_base = {1, 30};
  codec->framerate = {30, 1};
  codec->bit_rate = 0;  // crf is all that counts
  codec->thread_count = 1;
  codec->color_range = picture.color_range;
  codec->color_primaries = picture.color_primaries;
  codec->color_trc = picture.color_trc;
  codec->colorspace = picture.colorspace;
  for (const auto& [name, value] : encoder.options)
    if (name != nullptr) av_opt_set(codec->priv_data, name, value, 0);
  return avcodec_open2(codec.get(), nullptr, nullptr) == 0 ? std::move(codec) : nullptr;
}

libav::Packet encode(AVCodecContext& codec, const AVFrame& picture) {
  libav::Packet packet(av_packet_alloc());
  if (!packet || avcodec_send_frame(&codec, &picture) < 0 || avcodec_send_frame(&codec, nullptr) < 0) return nullptr;
  return avcodec_receive_packet(&codec, packet.get()) == 0 ? std::move(packet) : nullptr;
}

// The NAL units of a byte stream (ITU-T H.264 annex B).
std::vector<base::ConstBytes> nal_units(base::ConstBytes stream) {
  constexpr uint8_t kStartCode[] = {0, 0, 1};
  std::vector<base::ConstBytes> units;
  auto rest = std::ranges::search(stream, kStartCode);
  while (rest.begin() != stream.end()) {
    const auto begin = rest.end();
    rest = std::ranges::search(begin, stream.end(), std::begin(kStartCode), std::end(kStartCode));
    auto end = rest.begin();
    while (end != begin && *(end - 1) == 0) --end;  // zero_byte, trailing_zero_8bits
    if (end != begin) units.emplace_back(begin, end);
  }
  return units;
}

// What an encoder gives as what would have come over RTP: samples and configurations are made in one place.
std::optional<CodedPicture> assemble(plan::Codec codec, base::ConstBytes coded) {
  std::vector<uint8_t> payload;
  switch (codec) {
    case plan::Codec::kH264:
      return H264Depacketizer("").assemble(nal_units(coded));  // RFC 6184 section 5.6
    case plan::Codec::kVp9:
      payload = {0x0c};
      break;  // B, E: RFC 9628 section 4.2
    default:
      payload = {0x18};  // W: one element, N: a coded video sequence begins
  }
  append(payload, coded);
  const base::ConstBytes payloads[] = {payload};
  return codec == plan::Codec::kVp9 ? Vp9Depacketizer().assemble(payloads) : Av1Depacketizer().assemble(payloads);
}

std::shared_ptr<const Slate> encode(const Encoder& encoder, const AVFrame& picture) {
  const auto codec = open(encoder, picture);
  const auto packet = codec ? encode(*codec, picture) : nullptr;
  if (!packet) return nullptr;
  auto coded = assemble(encoder.codec, {packet->data, static_cast<size_t>(packet->size)});
  if (!coded || !coded->keyframe || !coded->config) return nullptr;
  return std::make_shared<const Slate>(Slate{.config = std::move(coded->config), .data = std::move(coded->data)});
}

int even_side(uint16_t side) { return std::clamp<int>(side & ~1, kLeastSide, kMostSide); }

}  // namespace

std::shared_ptr<const Slate> make_slate(plan::Codec codec, uint16_t width, uint16_t height) {
  libav::redirect_log();
  const auto picture = draw_slate(even_side(width), even_side(height));
  if (!picture) return nullptr;
  for (const auto& encoder : kEncoders) {
    if (encoder.codec != codec) continue;
    if (auto slate = encode(encoder, *picture)) return slate;
  }
  return nullptr;
}

}  // namespace heliograph::hls
