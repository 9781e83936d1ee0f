// SPDX-License-Identifier: Apache-2.0
#include "hls/audio_rendition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
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

void AudioRendition::advance(base::Timestamp now, base::Timestamp settled, Updates& out) {
  track_.advance(now);
  while (auto sample = track_.take()) held_.push_back(std::move(*sample));
  if (held_.empty()) return;
  if (!std::exchange(begun_, true)) writer_->begin_segment(held_.front().at, false, out);
  arrange(now, settled.is_never() ? INT64_MAX : epoch_.ticks(settled, kAudioRate), out);
}

void AudioRendition::arrange(base::Timestamp now, int64_t settled, Updates& out) {
  while (!held_.empty()) {
    const size_t fit = fitting();
    const auto& last = held_[fit - 1];
    const bool whole = fit < held_.size();
    if (!cuts_.empty() && (whole ? held_[fit].at : last.at) >= cuts_.front().at) {
      const int64_t at = cuts_.front().at;
      const auto first = std::ranges::find_if(held_, [&](const AudioSample& s) { return s.at >= at; });
      // A segment has a sample at least, so that its number is the same as in the other renditions.
      const bool nothing = first == held_.begin() && writer_->part_start() == writer_->segment_start();
      close(now, std::max<size_t>(static_cast<size_t>(first - held_.begin()), nothing ? 1 : 0), out);
      describe(out);
      writer_->begin_segment(writer_->part_start(), cuts_.front().discontinuity, out);
      cuts_.pop_front();
    } else if (whole && last.at + last.duration <= settled) {
      close(now, fit, out);
    } else {
      return;
    }
  }
}

// How many of the samples held make a part: at least one.
size_t AudioRendition::fitting() const {
  size_t fit = 1;
  while (fit < held_.size() && held_[fit].at + held_[fit].duration - writer_->part_start() <= part_) ++fit;
  return fit;
}

void AudioRendition::close(base::Timestamp now, size_t samples, Updates& out) {
  if (samples == 0) return;
  int64_t end = 0;
  for (; samples > 0; --samples) {
    const auto& sample = held_.front();
    const Sample written{
        .dts = sample.at, .pts = sample.at, .duration = sample.duration, .keyframe = true, .data = sample.data};
    writer_->add(written);
    if (recorder_ != nullptr) recorder_->add_audio(written);
    end = sample.at + sample.duration;
    held_.pop_front();
  }
  writer_->end_part(now, end, out);
  if (recorder_ != nullptr) recorder_->flush(out);
}

void AudioRendition::describe(Updates& out) {
  writer_->end_segment(out);
  if (std::abs(described_.peak.bps() - writer_->peak().bps()) * 10 <= described_.peak.bps()) return;
  described_.peak = writer_->peak();
  described_.average = writer_->average();
  out.emplace_back(Described{index_, described_});
}

void AudioRendition::finish(base::Timestamp now, Updates& out) {
  advance(now, base::Timestamp::never(), out);
  if (!held_.empty()) close(now, fitting(), out);
  writer_->end_segment(out);
}

}  // namespace heliograph::hls
