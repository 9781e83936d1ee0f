// SPDX-License-Identifier: Apache-2.0
#include "hls/video_rendition.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "hls/recorder.h"

namespace heliograph::hls {
namespace {

int64_t ticks_of(base::Duration d) { return d.us() * (kVideoRate / 1'000) / 1'000; }

constexpr double kLayerStep = 3;
constexpr int64_t kNoticed = kVideoRate / 25;  // of sound against pictures

// Worth telling players of: they have the playlist of variants already.
bool differs(base::DataRate before, base::DataRate now) {
  return std::abs(now.bps() - before.bps()) * 10 > before.bps();
}

}  // namespace

VideoRendition::VideoRendition(size_t index, std::string name, const Timing& timing, const Epoch& epoch,
                               Recorder* recorder)
    : index_(index), part_(ticks_of(timing.part)), writer_(index, kVideoRate, epoch), recorder_(recorder) {
  described_.kind = plan::Kind::kVideo;
  described_.name = std::move(name);
}

void VideoRendition::cut(base::Timestamp now, int64_t at, std::shared_ptr<const VideoConfig> config,
                         std::shared_ptr<const Slate> slate, int below, bool discontinuity, Updates& out) {
  const bool running = writer_.has_muxer();
  while (running && at >= writer_.part_start() + part_ && close_full(now, out)) {
  }
  // No segment is without a part: its number would be another's in the other renditions. And where nothing was shown
  // for longer than the ear would notice, the sound that belongs to the old segment does not wait for the new one.
  const bool first = writer_.part_start() == writer_.segment_start();
  if (running && held_.empty() && (first || at - writer_.part_start() > kNoticed)) hold_filler();
  // Without a sample the open part never was: the new segment begins where it would have.
  const int64_t limit = writer_.part_start() + part_;
  const int64_t end = held_.empty() ? writer_.part_start() : std::clamp(at, held_.back().dts + 1, limit);
  if (!held_.empty()) close(now, end, out);
  writer_.end_segment(out);
  if (running) describe(out);
  frames_ = 0;
  below_ = below;
  slate_ = std::move(slate);
  if (config_ != config && (!config_ || !config || *config_ != *config || !running)) format(config, out);
  config_ = std::move(config);
  writer_.begin_segment(running ? end : at, discontinuity, out);
}

void VideoRendition::format(const std::shared_ptr<const VideoConfig>& config, Updates& out) {
  auto muxer = ChunkMuxer::create(*config);
  if (!muxer) {
    base::log::warn("a video format cannot be packaged", {{"codecs", config->codecs}, {"why", muxer.error().where}});
    return writer_.use_none();
  }
  writer_.use(std::move(*muxer), out);
  repeater_ = {};
  described_.codecs = config->codecs;
  described_.width = config->width;
  described_.height = config->height;
  out.emplace_back(Described{index_, described_});
}

void VideoRendition::append(base::Timestamp now, const Frame& frame, int64_t pts, Updates& out) {
  while (pts >= writer_.part_start() + part_ && close_full(now, out)) {
  }
  int64_t dts = held_.empty() ? writer_.part_start() : std::max(held_.back().dts + 1, pts);
  if (dts >= writer_.part_start() + part_) {
    // Frames that came in a heap, each a tick behind the one before, have filled the part.
    close_full(now, out);
    dts = writer_.part_start();
  }
  repeater_.see(frame);
  ++frames_;
  held_.push_back({dts, std::max(dts, pts), frame.keyframe, frame.data, frame.config});
}

bool VideoRendition::fill(base::Timestamp now, int64_t time, Updates& out) {
  while (time >= writer_.part_start() + part_)
    if (!close_full(now, out)) return false;
  return true;
}

bool VideoRendition::hold_filler() {
  const int64_t at = writer_.part_start();
  if (slate_) {
    held_.push_back({at, at, true, slate_->data, slate_->config});
    return true;
  }
  auto repeated = repeater_.repeat();
  if (!repeated) return false;
  ++repeats_;
  held_.push_back({at, at, false, std::move(*repeated), nullptr});
  return true;
}

bool VideoRendition::close_full(base::Timestamp now, Updates& out) {
  if (held_.empty() && !hold_filler()) return false;
  const int64_t before = writer_.part_start();
  close(now, before + part_, out);
  // The muxer may have refused every sample: then nothing has been closed, and trying on would not end.
  return writer_.part_start() != before;
}

void VideoRendition::close(base::Timestamp now, int64_t end, Updates& out) {
  for (size_t i = 0; i < held_.size(); ++i) {
    const auto& held = held_[i];
    const int64_t next = i + 1 < held_.size() ? held_[i + 1].dts : end;
    const Sample sample{.dts = held.dts,
                        .pts = held.pts,
                        .duration = static_cast<uint32_t>(next - held.dts),
                        .keyframe = held.keyframe,
                        .data = held.data};
    writer_.add(sample);
    if (recorder_ != nullptr) recorder_->add_video(sample, held.config);
  }
  const bool some = !held_.empty();
  held_.clear();
  writer_.end_part(now, end, out);
  if (some && recorder_ != nullptr) recorder_->flush(out);
}

// At the end of a segment: what is known of the rendition now.
void VideoRendition::describe(Updates& out) {
  const auto length = Epoch::span(writer_.part_start() - writer_.segment_start(), kVideoRate).to_seconds();
  const double rate = length > 0 ? static_cast<double>(frames_) / length : 0;
  const bool other_rate = !is_slate() && std::abs(rate - described_.frame_rate) > 2;
  // Two variants of the same bandwidth are one to hls.js: a layer that is not there yet is taken to need what libwebrtc
  // gives to four times the pixels.
  const double more = std::pow(kLayerStep, below_);
  if (!other_rate && !differs(described_.peak, writer_.peak() * more)) return;
  if (other_rate) described_.frame_rate = std::round(rate * 10) / 10;
  described_.peak = writer_.peak() * more;
  described_.average = writer_.average() * more;
  out.emplace_back(Described{index_, described_});
}

void VideoRendition::finish(base::Timestamp now, int64_t until, Updates& out) {
  fill(now, until, out);
  if (!held_.empty()) {
    constexpr int64_t kLastFrame = kVideoRate / 30;
    const int64_t end = std::max(held_.back().dts + kLastFrame, until);
    close(now, std::min(end, writer_.part_start() + part_), out);
  }
  writer_.end_segment(out);
}

}  // namespace heliograph::hls
