// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hls/frame.h"
#include "hls/frame_repeater.h"
#include "hls/segment_writer.h"
#include "hls/slate.h"
#include "hls/update.h"

namespace heliograph::hls {

class Recorder;

// One video playlist's samples. Decode times are laid so that every part but a segment's last is exactly as long as the
// part target whatever the frame rate: a part's first sample is decoded at the part's beginning and shown when it was
// taken (composition offset); a part into which no frame fell gets the picture before once more.
class VideoRendition {
 public:
  // recorder: may be null; outlives it.
  VideoRendition(size_t index, std::string name, const Timing& timing, const Epoch& epoch, Recorder* recorder);

  // Ends the segment that runs, not before tick `at`, and begins one of this format. slate: what fills it; null: frames
  // do, by append(). below: by how many layers what feeds it is smaller than what it will have once all layers come.
  void cut(base::Timestamp now, int64_t at, std::shared_ptr<const VideoConfig> config,
           std::shared_ptr<const Slate> slate, int below, bool discontinuity, Updates& out);
  // A frame of the segment, in decoding order; pts in ticks, moved on where its place is gone already.
  void append(base::Timestamp now, const Frame& frame, int64_t pts, Updates& out);
  // Time has come to tick `time`: parts that end before it are closed. False: nothing can fill one of them.
  bool fill(base::Timestamp now, int64_t time, Updates& out);
  // The last part, up to tick `until` where it can be, and the last segment.
  void finish(base::Timestamp now, int64_t until, Updates& out);

  const std::shared_ptr<const VideoConfig>& config() const { return config_; }
  bool is_slate() const { return slate_ != nullptr; }
  int64_t segment_start() const { return writer_.segment_start(); }
  const SegmentWriter& writer() const { return writer_; }
  const Rendition& described() const { return described_; }
  uint64_t repeats() const { return repeats_; }

 private:
  struct Held {
    int64_t dts = 0;
    int64_t pts = 0;
    bool keyframe = false;
    std::vector<uint8_t> data;
    std::shared_ptr<const VideoConfig> config;
  };

  bool hold_filler();
  bool close_full(base::Timestamp now, Updates& out);
  void close(base::Timestamp now, int64_t end, Updates& out);
  void format(const std::shared_ptr<const VideoConfig>& config, Updates& out);
  void describe(Updates& out);

  size_t index_;
  int64_t part_;  // ticks
  SegmentWriter writer_;
  Recorder* recorder_;
  Rendition described_;
  std::shared_ptr<const VideoConfig> config_;
  std::shared_ptr<const Slate> slate_;
  FrameRepeater repeater_;
  std::vector<Held> held_;  // of the part that is open
  int below_ = 0;
  uint64_t frames_ = 0;  // of the segment, without repeats
  uint64_t repeats_ = 0;
};

}  // namespace heliograph::hls
