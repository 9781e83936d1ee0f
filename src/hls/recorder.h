// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "hls/muxer.h"
#include "hls/segment_writer.h"

namespace heliograph::hls {

// What the best rendition and one of audio show, as one file (hls.record). Begins when the formats are known.
class Recorder {
 public:
  // Either may be null.
  void begin(const VideoConfig* video, const AudioConfig* audio);
  void add_video(const Sample& sample, const std::shared_ptr<const VideoConfig>& config);
  void add_audio(const Sample& sample);
  // What was added becomes bytes to append.
  void flush(Updates& out);
  void finish(Updates& out);

 private:
  std::optional<MovieMuxer> movie_;
};

}  // namespace heliograph::hls
