// SPDX-License-Identifier: Apache-2.0
#include "hls/audio_rendition.h"

#include <cmath>
#include <utility>

#include "hls/recorder.h"

namespace heliograph::hls {

AudioRendition::AudioRendition(size_t index, AudioTrack track) : index_(index), track_(std::move(track)) {
  described_.kind = plan::Kind::kAudio;
  described_.name = config().codec == AudioCodec::kAac ? "aac" : "opus";
  described_.codecs = config().codecs;
  described_.channels = config().channels;
  // Until a segment has been measured: what the encoder aims at, and a usual rate of WebRTC.
  described_.peak = described_.average = base::DataRate::kbps(config().codec == AudioCodec::kAac ? 128 : 64);
}

std::expected<AudioRendition, base::Trouble> AudioRendition::create(size_t index, AudioCodec codec) {
  auto track = AudioTrack::create(codec);
  if (!track) return std::unexpected(track.error());
  return AudioRendition(index, std::move(*track));
}

void AudioRendition::start(const Epoch& epoch, const Timing& timing, Recorder* recorder, Updates& out) {
  epoch_ = epoch;
  part_ = timing.part.us() * (kAudioRate / 1'000) / 1'000;
  recorder_ = recorder;
  writer_.emplace(index_, kAudioRate, epoch);
  track_.start(epoch.at);
  if (auto muxer = ChunkMuxer::create(config())) writer_->use(std::move(*muxer), out);
}

void AudioRendition::cut(base::Timestamp at, bool discontinuity) {
  cuts_.push_back({epoch_.ticks(at, kAudioRate), discontinuity});
}

void AudioRendition::advance(base::Timestamp now, Updates& out) {
  track_.advance(now);
  while (const auto sample = track_.take()) take(now, *sample, out);
}

void AudioRendition::take(base::Timestamp now, const AudioSample& sample, Updates& out) {
  if (!std::exchange(begun_, true)) writer_->begin_segment(sample.at, false, out);
  if (!cuts_.empty() && sample.at >= cuts_.front().at && position_ > writer_->segment_start()) {
    close(now, out);
    describe(out);
    writer_->begin_segment(position_, cuts_.front().discontinuity, out);
    cuts_.pop_front();
  } else if (sample.at + sample.duration - writer_->part_start() > part_) {
    close(now, out);
  }
  const Sample written{
      .dts = sample.at, .pts = sample.at, .duration = sample.duration, .keyframe = true, .data = sample.data};
  writer_->add(written);
  if (recorder_ != nullptr) recorder_->add_audio(written);
  position_ = sample.at + sample.duration;
}

void AudioRendition::close(base::Timestamp now, Updates& out) { writer_->end_part(now, position_, out); }

void AudioRendition::describe(Updates& out) {
  writer_->end_segment(out);
  if (std::abs(described_.peak.bps() - writer_->peak().bps()) * 10 <= described_.peak.bps()) return;
  described_.peak = writer_->peak();
  described_.average = writer_->average();
  out.emplace_back(Described{index_, described_});
}

void AudioRendition::finish(base::Timestamp now, Updates& out) {
  advance(now, out);
  close(now, out);
  writer_->end_segment(out);
}

}  // namespace heliograph::hls
