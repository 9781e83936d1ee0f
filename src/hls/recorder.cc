// SPDX-License-Identifier: Apache-2.0
#include "hls/recorder.h"

#include <utility>

#include "base/log.h"

namespace heliograph::hls {

void Recorder::begin(const VideoConfig* video, const AudioConfig* audio) {
  if (movie_ || (video == nullptr && audio == nullptr)) return;
  auto movie = MovieMuxer::create(video, audio);
  if (!movie) return base::log::error("a recording cannot begin", {{"why", movie.error().where}});
  movie_.emplace(std::move(*movie));
}

void Recorder::add_video(const Sample& sample, const std::shared_ptr<const VideoConfig>& config) {
  if (movie_) movie_->add_video(sample, config.get());
}

void Recorder::add_audio(const Sample& sample) {
  if (movie_) movie_->add_audio(sample);
}

void Recorder::flush(Updates& out) {
  if (!movie_) return;
  if (auto bytes = movie_->flush()) out.emplace_back(Recorded{.bytes = std::move(bytes)});
}

void Recorder::finish(Updates& out) {
  if (!movie_) return;
  out.emplace_back(Recorded{.bytes = movie_->finish(), .last = true});
  movie_.reset();
}

}  // namespace heliograph::hls
