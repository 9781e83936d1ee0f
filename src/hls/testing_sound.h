// SPDX-License-Identifier: Apache-2.0
// Sound for tests: a publisher who speaks Opus, and a player who listens to what an AudioTrack makes of it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hls/audio_track.h"
#include "hls/libav.h"
#include "hls/rtp_packet.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace heliograph::hls::testing {

using Sound = std::function<float(double)>;  // of seconds

inline constexpr base::Timestamp kSoundEpoch = base::Timestamp::from_micros(77'000'000'123);

// 1 kHz at half of full scale.
inline float tone(double t) { return static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * 1'000 * t)); }
// For 60 ms from each half second on, but for the very first.
inline float beeps(double t) { return t >= 0.4 && std::fmod(t, 0.5) < 0.06 ? tone(t) : 0; }

struct SpokenPacket {
  RtpPacket packet;  // its payload is the one below
  std::vector<uint8_t> payload;
  base::Timestamp at;  // its first sample's true time

  std::pair<base::Timestamp, int64_t> order() const { return {packet.arrival, packet.sequence}; }
  RtpPacket rtp() const {
    RtpPacket made = packet;
    made.payload = payload;
    return made;
  }
};

struct Speaker {
  Sound sound = beeps;
  int64_t begin_ms = 0;
  int64_t length_ms = 10'000;
  double packet_ms = 20;
  double drift_ppm = 0;  // its clock is faster by that
  int channels = 2;
  uint64_t source = 1;
  int64_t sequence = 7;
  uint32_t timestamp = 0xfffff000;
  int64_t path_ms = 40;
};

inline libav::Codec open_speaker(const Speaker& speaker) {
  libav::redirect_log();
  const AVCodec* codec = avcodec_find_encoder_by_name("libopus");
  libav::Codec opened(avcodec_alloc_context3(codec));
  opened->sample_rate = static_cast<int>(kAudioRate);
  opened->sample_fmt = AV_SAMPLE_FMT_FLT;
  opened->bit_rate = 96'000;
  av_channel_layout_default(&opened->ch_layout, speaker.channels);
  av_opt_set_double(opened->priv_data, "frame_duration", speaker.packet_ms, 0);
  return avcodec_open2(opened.get(), codec, nullptr) == 0 ? std::move(opened) : nullptr;
}

// What libopus (by libavcodec) makes of the sound, with times counted from kSoundEpoch. The encoder's own delay is
// taken off: a packet's time is that of the sound that comes out of it.
inline std::vector<SpokenPacket> speak(const Speaker& speaker) {
  std::vector<SpokenPacket> spoken;
  const libav::Codec codec = open_speaker(speaker);
  const libav::Packet packet(av_packet_alloc());
  const libav::Picture block(av_frame_alloc());
  block->nb_samples = codec->frame_size;
  block->format = codec->sample_fmt;
  block->sample_rate = codec->sample_rate;
  av_channel_layout_copy(&block->ch_layout, &codec->ch_layout);
  av_frame_get_buffer(block.get(), 0);
  const auto time_of = [&](int64_t sample) {  // seconds since the epoch
    return static_cast<double>(speaker.begin_ms) / 1e3 +
           static_cast<double>(sample) / (kAudioRate * (1 + speaker.drift_ppm * 1e-6));
  };
  for (int64_t begin = 0; time_of(begin) * 1e3 < static_cast<double>(speaker.begin_ms + speaker.length_ms);
       begin += codec->frame_size) {
    av_frame_make_writable(block.get());
    auto* out = reinterpret_cast<float*>(block->data[0]);
    for (int64_t i = 0; i < codec->frame_size; ++i) {
      const float value = speaker.sound(time_of(begin + i + codec->initial_padding));
      for (int channel = 0; channel < speaker.channels; ++channel) *out++ = value;
    }
    block->pts = begin;
    avcodec_send_frame(codec.get(), block.get());
    while (avcodec_receive_packet(codec.get(), packet.get()) == 0) {
      const auto index = static_cast<int64_t>(spoken.size());
      const int64_t first = index * codec->frame_size;
      SpokenPacket made;
      made.at = kSoundEpoch + base::Duration::from_seconds(time_of(first));
      made.packet.kind = plan::Kind::kAudio;
      made.packet.source = speaker.source;
      made.packet.sequence = speaker.sequence + index;
      made.packet.timestamp = speaker.timestamp + static_cast<uint32_t>(first);
      made.packet.arrival = made.at + base::Duration::millis(speaker.path_ms);
      made.payload.assign(packet->data, packet->data + packet->size);
      spoken.push_back(std::move(made));
      av_packet_unref(packet.get());
    }
  }
  return spoken;
}

// Decodes samples by libavcodec, and demands that they follow one another.
class Listener {
 public:
  explicit Listener(const AudioConfig& config)
      : packet_(av_packet_alloc()), block_(av_frame_alloc()), aac_(config.codec == AudioCodec::kAac) {
    const AVCodec* codec = aac_ ? avcodec_find_decoder(AV_CODEC_ID_AAC) : avcodec_find_decoder_by_name("libopus");
    codec_.reset(avcodec_alloc_context3(codec));
    codec_->sample_rate = static_cast<int>(kAudioRate);
    codec_->request_sample_fmt = AV_SAMPLE_FMT_FLT;
    av_channel_layout_default(&codec_->ch_layout, 2);
    codec_->extradata = libav::padded_copy(config.record.data(), config.record.size());
    codec_->extradata_size = static_cast<int>(config.record.size());
    EXPECT_EQ(avcodec_open2(codec_.get(), codec, nullptr), 0);
  }

  void hear(const AudioSample& sample) {
    ASSERT_EQ(sample.at, end_) << "a hole, or samples that overlap";
    end_ += sample.duration;
    packet_->data = const_cast<uint8_t*>(sample.data.data());
    packet_->size = static_cast<int>(sample.data.size());
    EXPECT_EQ(avcodec_send_packet(codec_.get(), packet_.get()), 0) << "at " << sample.at;
    while (avcodec_receive_frame(codec_.get(), block_.get()) == 0) append_block();
    EXPECT_EQ(sound_.size(), static_cast<size_t>(end_)) << "a sample is not as long as it says";
    sound_.resize(static_cast<size_t>(end_));
  }

  double heard_ms() const { return static_cast<double>(end_) / 48; }
  // When it becomes loud after at least 100 ms of quiet: ms.
  std::vector<double> beginnings() const {
    std::vector<double> found;
    int64_t quiet = 4'800;
    for (size_t i = 0; i < sound_.size(); ++i) {
      const bool loud = std::abs(sound_[i]) > 0.1F;
      if (loud && quiet >= 4'800) found.push_back(static_cast<double>(i) / 48);
      quiet = loud ? 0 : quiet + 1;
    }
    return found;
  }
  float loudest(double from_ms, double to_ms) const {
    float most = 0;
    for (const float value : between(from_ms, to_ms)) most = std::max(most, std::abs(value));
    return most;
  }
  double level(double from_ms, double to_ms) const {  // root mean square
    double sum = 0;
    const auto part = between(from_ms, to_ms);
    for (const float value : part) sum += double{value} * value;
    return part.empty() ? 0 : std::sqrt(sum / static_cast<double>(part.size()));
  }

 private:
  std::span<const float> between(double from_ms, double to_ms) const {
    const auto from = std::min(sound_.size(), static_cast<size_t>(from_ms * 48));
    const auto to = std::min(sound_.size(), static_cast<size_t>(to_ms * 48));
    return std::span(sound_).subspan(from, to - from);
  }
  void append_block() {
    const auto* left = reinterpret_cast<const float*>(block_->data[0]);
    const auto step = static_cast<size_t>(block_->format == AV_SAMPLE_FMT_FLT ? 2 : 1);
    for (size_t i = 0; i < static_cast<size_t>(block_->nb_samples); ++i) sound_.push_back(left[i * step]);
  }

  libav::Codec codec_;
  libav::Packet packet_;
  libav::Picture block_;
  bool aac_;
  int64_t end_ = 0;
  std::vector<float> sound_;  // left
};

// A track in a world of ticks: packets come when they arrive, advance() every 10 ms.
class Stage {
 public:
  explicit Stage(AudioCodec codec, int64_t epoch_ms = 0)
      : track_(*AudioTrack::create(codec)), listener_(track_.config()), epoch_ms_(epoch_ms) {}

  void add(std::vector<SpokenPacket> packets) {
    for (auto& packet : packets) coming_.push_back(std::move(packet));
    std::ranges::sort(coming_, {}, &SpokenPacket::order);
  }
  void run_until(int64_t until_ms) {
    size_t next = 0;
    for (; now_ms_ < until_ms; now_ms_ += 10) {
      const auto now = kSoundEpoch + base::Duration::millis(now_ms_);
      for (; next < coming_.size() && coming_[next].packet.arrival <= now; ++next) {
        track_.receive(coming_[next].rtp(), coming_[next].at);
      }
      if (now_ms_ == epoch_ms_) track_.start(now);
      if (now_ms_ < epoch_ms_) continue;
      track_.advance(now);
      while (const auto sample = track_.take()) listener_.hear(*sample);
    }
    coming_.erase(coming_.begin(), coming_.begin() + static_cast<std::ptrdiff_t>(next));
  }
  const Listener& listener() const { return listener_; }

 private:
  AudioTrack track_;
  Listener listener_;
  int64_t epoch_ms_;
  int64_t now_ms_ = 0;
  std::vector<SpokenPacket> coming_;
};

}  // namespace heliograph::hls::testing
