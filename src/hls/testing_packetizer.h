// SPDX-License-Identifier: Apache-2.0
// Pictures of real encoders as RTP payloads in every form that the payload formats have, for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "hls/testing_media.h"
#include "plan/media.h"

namespace heliograph::hls::testing {

using Payload = std::vector<uint8_t>;

struct EncodedPicture {
  bool keyframe = false;
  std::vector<uint8_t> stream;  // as the encoder gave it: Annex B, a VP9 frame, a temporal unit
};

inline void join(Payload& to, base::ConstBytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// RFC 6184: single NAL units, STAP-A, FU-A, as the dice fall.
class H264Packetizer {
 public:
  H264Packetizer(base::Rng& rng, size_t max_payload) : rng_(rng), max_(max_payload) {}

  std::vector<Payload> packetize(base::ConstBytes annex_b) {
    for (const auto nal : nal_units(annex_b)) {
      if (nal.size() > max_ || (nal.size() > 2 && rng_.chance(0.2))) {
        fragment(nal);
      } else if (aggregated_ > 0 && payloads_.back().size() + 2 + nal.size() <= max_ && rng_.chance(0.8)) {
        aggregate(nal);
      } else if (nal.size() + 3 <= max_ && rng_.chance(0.5)) {
        payloads_.push_back({static_cast<uint8_t>((nal[0] & 0x60) | 24)});
        aggregate(nal);
      } else {
        payloads_.emplace_back(nal.begin(), nal.end());
        aggregated_ = 0;
      }
    }
    aggregated_ = 0;
    return std::exchange(payloads_, {});
  }

 private:
  void aggregate(base::ConstBytes nal) {
    append_unit(payloads_.back(), nal, 2);
    ++aggregated_;
  }
  void fragment(base::ConstBytes nal) {
    const auto body = nal.subspan(1);
    const size_t piece = std::min(max_ - 2, std::max<size_t>(1, body.size() / 2));
    for (size_t at = 0; at < body.size(); at += piece) {
      const auto part = body.subspan(at, std::min(piece, body.size() - at));
      const int edge = (at == 0 ? 0x80 : 0) | (at + part.size() == body.size() ? 0x40 : 0);
      payloads_.push_back({static_cast<uint8_t>((nal[0] & 0xe0) | 28), static_cast<uint8_t>(edge | (nal[0] & 0x1f))});
      join(payloads_.back(), part);
    }
    aggregated_ = 0;
  }

  base::Rng& rng_;
  size_t max_;
  size_t aggregated_ = 0;  // NAL units in the last payload, where that is a STAP
  std::vector<Payload> payloads_;
};

// RFC 9628, non-flexible mode, a frame for each spatial layer; a scalability structure with keyframes of several.
inline std::vector<Payload> packetize_vp9(const std::vector<base::ConstBytes>& layers, bool keyframe, size_t max,
                                          const std::vector<std::pair<uint16_t, uint16_t>>& sizes = {}) {
  std::vector<Payload> payloads;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    for (size_t at = 0; at < layers[layer].size(); at += max) {
      const auto part = layers[layer].subspan(at, std::min(max, layers[layer].size() - at));
      const bool first = at == 0, last = at + part.size() == layers[layer].size();
      const bool structure = keyframe && first && layer == 0 && !sizes.empty();
      // I, P, L, B, E, V
      payloads.push_back({static_cast<uint8_t>(0x80 | (keyframe ? 0 : 0x40) | 0x20 | (first ? 8 : 0) | (last ? 4 : 0) |
                                               (structure ? 2 : 0)),
                          0x81, 0x02, static_cast<uint8_t>(layer << 1 | (layer > 0 ? 1 : 0)), 0x07});
      if (structure) {
        payloads.back().push_back(static_cast<uint8_t>((sizes.size() - 1) << 5 | 0x10));
        for (const auto& [width, height] : sizes)
          for (const uint16_t side : {width, height})
            payloads.back().insert(payloads.back().end(),
                                   {static_cast<uint8_t>(side >> 8), static_cast<uint8_t>(side)});
      }
      join(payloads.back(), part);
    }
  }
  return payloads;
}

inline void put_leb128(Payload& out, size_t value) {
  for (; value > 0x7f; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}
inline size_t take_leb128(base::ConstBytes& in) {
  size_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t b = in[0];
    in = in.subspan(1);
    value |= size_t{b & 0x7fU} << shift;
    if ((b & 0x80) == 0) return value;
  }
}

// The OBUs of a temporal unit without their sizes and without its delimiter.
inline std::vector<Payload> bare_obus(base::ConstBytes unit) {
  std::vector<Payload> obus;
  while (!unit.empty()) {
    const uint8_t header = unit[0];
    Payload obu{static_cast<uint8_t>(header & ~2)};
    unit = unit.subspan(1);
    if ((header & 4) != 0) obu.push_back(unit[0]), unit = unit.subspan(1);
    const size_t size = take_leb128(unit);
    join(obu, unit.first(size));
    unit = unit.subspan(size);
    if ((header >> 3 & 15) != 2) obus.push_back(std::move(obu));
  }
  return obus;
}

// AV1 RTP section 4.4: elements cut where a packet is full, the count in W where the dice say so.
inline std::vector<Payload> packetize_av1(base::ConstBytes unit, bool keyframe, size_t max, base::Rng& rng) {
  struct Packet {
    bool continues = false, goes_on = false;
    std::vector<base::ConstBytes> elements;
    size_t size = 0;
  };
  const auto obus = bare_obus(unit);
  std::vector<Packet> packets(1);
  for (const auto& obu : obus) {
    for (base::ConstBytes rest = obu; !rest.empty();) {
      if (packets.back().size >= max) packets.emplace_back().continues = rest.size() < obu.size();
      auto& packet = packets.back();
      const auto part = rest.first(std::min(rest.size(), max - packet.size));
      packet.elements.push_back(part);
      packet.size += part.size();
      rest = rest.subspan(part.size());
      packet.goes_on = !rest.empty();
    }
  }
  std::vector<Payload> payloads;
  for (const auto& packet : packets) {
    const bool counted = packet.elements.size() <= 3 && rng.chance(0.7);
    const size_t count = counted ? packet.elements.size() : 0;
    payloads.push_back({static_cast<uint8_t>((packet.continues ? 0x80 : 0) | (packet.goes_on ? 0x40 : 0) | count << 4 |
                                             (keyframe && payloads.empty() ? 8 : 0))});
    for (size_t i = 0; i < packet.elements.size(); ++i) {
      if (!counted || i + 1 < count) put_leb128(payloads.back(), packet.elements[i].size());
      join(payloads.back(), packet.elements[i]);
    }
  }
  return payloads;
}

inline std::vector<Payload> packetize(plan::Codec codec, const EncodedPicture& picture, size_t max, base::Rng& rng) {
  if (codec == plan::Codec::kH264) return H264Packetizer(rng, max).packetize(picture.stream);
  if (codec == plan::Codec::kVp9) return packetize_vp9({picture.stream}, picture.keyframe, max);
  return packetize_av1(picture.stream, picture.keyframe, max, rng);
}

// What the sample of the picture has to be.
inline std::vector<uint8_t> sample_of(plan::Codec codec, base::ConstBytes stream) {
  std::vector<uint8_t> sample;
  if (codec == plan::Codec::kH264) {
    for (const auto nal : nal_units(stream))
      if (const int type = nal[0] & 0x1f; type == 1 || type == 5 || type == 6) append_unit(sample, nal, 4);
    return sample;
  }
  if (codec == plan::Codec::kVp9) return {stream.begin(), stream.end()};
  for (const auto& obu : bare_obus(stream)) {
    const size_t header = (obu[0] & 4) != 0 ? 2 : 1;
    sample.push_back(static_cast<uint8_t>(obu[0] | 2));
    if (header == 2) sample.push_back(obu[1]);
    put_leb128(sample, obu.size() - header);
    join(sample, base::ConstBytes(obu).subspan(header));
  }
  return sample;
}

// Noise that moves, a keyframe every `interval` pictures, as an encoder for calls gives it: no picture waits for
// another.
inline std::vector<EncodedPicture> encode_pictures(plan::Codec codec, int width, int height, int count,
                                                   int interval = 10) {
  AVDictionary* options = nullptr;
  const char* name = "libx264";
  if (codec == plan::Codec::kH264) {
    av_dict_set(&options, "preset", "ultrafast", 0);
    av_dict_set(&options, "tune", "zerolatency", 0);
    av_dict_set(&options, "aud", "1", 0);
  } else {
    name = codec == plan::Codec::kVp9 ? "libvpx-vp9" : "libaom-av1";
    av_dict_set(&options, codec == plan::Codec::kVp9 ? "deadline" : "usage", "realtime", 0);
    av_dict_set(&options, "cpu-used", "8", 0);
    av_dict_set(&options, "lag-in-frames", "0", 0);
  }
  const auto context = open_encoder(
      name,
      [&](AVCodecContext& c) {
        c.flags &= ~AV_CODEC_FLAG_GLOBAL_HEADER;
        c.width = width;
        c.height = height;
        c.pix_fmt = AV_PIX_FMT_YUV420P;
        c.time_base = {1, 30};
        c.framerate = {30, 1};
        c.max_b_frames = 0;
        c.gop_size = interval;
        c.keyint_min = interval;
        c.slices = 2;
        c.bit_rate = 300'000;
      },
      options);
  std::vector<EncodedPicture> pictures;
  const auto take = [&](const AVPacket& packet) {
    pictures.push_back({(packet.flags & AV_PKT_FLAG_KEY) != 0, {packet.data, packet.data + packet.size}});
  };
  const libav::Picture picture(av_frame_alloc());
  picture->width = width;
  picture->height = height;
  picture->format = AV_PIX_FMT_YUV420P;
  require(av_frame_get_buffer(picture.get(), 0), "a picture");
  base::Rng rng(3);
  for (int i = 0; i < count; ++i) {
    require(av_frame_make_writable(picture.get()), "a picture");
    for (int plane = 0; plane < 3; ++plane)
      for (int y = 0; y < (plane == 0 ? height : height / 2); ++y)
        for (int x = 0; x < (plane == 0 ? width : width / 2); ++x)
          picture->data[plane][y * picture->linesize[plane] + x] =
              static_cast<uint8_t>(64 + (x * 3 + y * 2 + i * 4) % 96 + static_cast<int>(rng.below(24)));
    picture->pts = i;
    encode(*context, picture.get(), take);
  }
  encode(*context, nullptr, take);
  return pictures;
}

}  // namespace heliograph::hls::testing
