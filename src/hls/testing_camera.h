// SPDX-License-Identifier: Apache-2.0
// A camera whose pictures come as RTP payloads: libx264 without delay, a keyframe whenever one is asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

#include "base/bytes.h"

namespace heliograph::hls::testing {

class Camera {
 public:
  Camera(int width, int height) {
    const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
    encoder_ = avcodec_alloc_context3(codec);
    encoder_->width = width;
    encoder_->height = height;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->time_base = {1, 90'000};
    encoder_->gop_size = 100'000;
    encoder_->max_b_frames = 0;
    encoder_->thread_count = 1;
    encoder_->bit_rate = 300'000;
    for (const auto& [name, value] :
         {std::pair("preset", "ultrafast"), {"tune", "zerolatency"}, {"profile", "baseline"}, {"forced-idr", "1"}})
      av_opt_set(encoder_->priv_data, name, value, 0);
    if (avcodec_open2(encoder_, codec, nullptr) < 0) throw std::runtime_error("libx264 does not open");
    picture_ = av_frame_alloc();
    picture_->width = width;
    picture_->height = height;
    picture_->format = AV_PIX_FMT_YUV420P;
    av_frame_get_buffer(picture_, 0);
    coded_ = av_packet_alloc();
  }
  ~Camera() {
    av_packet_free(&coded_);
    av_frame_free(&picture_);
    avcodec_free_context(&encoder_);
  }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  // The payloads of the next picture (RFC 6184: single NAL units and FU-A); the last one's packet has the marker.
  std::vector<std::vector<uint8_t>> picture(bool keyframe) {
    draw();
    picture_->pict_type = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    picture_->pts = ++count_;
    if (avcodec_send_frame(encoder_, picture_) < 0 || avcodec_receive_packet(encoder_, coded_) < 0)
      throw std::runtime_error("libx264 gives no picture");
    auto payloads = packetise({coded_->data, static_cast<size_t>(coded_->size)});
    av_packet_unref(coded_);
    return payloads;
  }

 private:
  static constexpr size_t kMaxPayload = 1'100;

  void draw() {
    av_frame_make_writable(picture_);
    for (int y = 0; y < picture_->height; ++y)
      for (int x = 0; x < picture_->width; ++x)
        picture_->data[0][y * picture_->linesize[0] + x] = static_cast<uint8_t>(16 + (x + y + 3 * count_) % 200);
    for (int plane = 1; plane < 3; ++plane)
      std::fill_n(picture_->data[plane], picture_->linesize[plane] * picture_->height / 2, uint8_t{128});
  }

  static std::vector<std::vector<uint8_t>> packetise(base::ConstBytes annex_b) {
    std::vector<std::vector<uint8_t>> payloads;
    size_t begin = next_nal(annex_b, 0);
    while (begin < annex_b.size()) {
      const size_t next = next_nal(annex_b, begin);
      size_t end = next == annex_b.size() ? next : next - 3;
      while (end > begin && annex_b[end - 1] == 0) --end;
      append(payloads, annex_b.subspan(begin, end - begin));
      begin = next;
    }
    return payloads;
  }
  // The first byte behind the next start code.
  static size_t next_nal(base::ConstBytes bytes, size_t from) {
    for (size_t i = from; i + 3 <= bytes.size(); ++i)
      if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) return i + 3;
    return bytes.size();
  }
  static void append(std::vector<std::vector<uint8_t>>& payloads, base::ConstBytes nal) {
    if (nal.size() <= kMaxPayload) return void(payloads.emplace_back(nal.begin(), nal.end()));
    const auto body = nal.subspan(1);
    for (size_t at = 0; at < body.size(); at += kMaxPayload) {
      const auto piece = body.subspan(at, std::min(kMaxPayload, body.size() - at));
      const bool first = at == 0, last = at + piece.size() == body.size();
      std::vector<uint8_t> payload{static_cast<uint8_t>((nal[0] & 0xe0) | 28),
                                   static_cast<uint8_t>((first ? 0x80 : 0) | (last ? 0x40 : 0) | (nal[0] & 0x1f))};
      payload.insert(payload.end(), piece.begin(), piece.end());
      payloads.push_back(std::move(payload));
    }
  }

  AVCodecContext* encoder_ = nullptr;
  AVFrame* picture_ = nullptr;
  AVPacket* coded_ = nullptr;
  int count_ = 0;
};

}  // namespace heliograph::hls::testing
