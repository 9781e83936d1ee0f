// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <optional>

#include "hls/audio_track.h"
#include "hls/segment_writer.h"
#include "hls/update.h"

namespace heliograph::hls {

class Recorder;

// One audio playlist's samples: as many whole ones to a part as fit its target; segments end where video's do.
class AudioRendition {
 public:
  static std::expected<AudioRendition, base::Trouble> create(size_t index, AudioCodec codec);

  // Samples begin here. recorder: may be null; outlives it.
  void start(const Epoch& epoch, const Timing& timing, Recorder* recorder, Updates& out);
  void receive(const RtpPacket& packet, base::Timestamp at) { track_.receive(packet, at); }
  // The segment ends at the first sample not before this moment that is not in a part yet.
  void cut(base::Timestamp at, bool discontinuity);
  void advance(base::Timestamp now, Updates& out);
  void finish(base::Timestamp now, Updates& out);

  const AudioConfig& config() const { return track_.config(); }
  const Rendition& described() const { return described_; }
  const SegmentWriter& writer() const { return *writer_; }
  // Up to where there are samples: ticks.
  int64_t position() const { return position_; }

 private:
  struct Cut {
    int64_t at = 0;
    bool discontinuity = false;
  };
  AudioRendition(size_t index, AudioTrack track);
  void take(base::Timestamp now, const AudioSample& sample, Updates& out);
  void close(base::Timestamp now, Updates& out);
  void describe(Updates& out);

  size_t index_;
  AudioTrack track_;
  int64_t part_ = 0;  // ticks
  Rendition described_;
  Epoch epoch_;
  std::optional<SegmentWriter> writer_;
  Recorder* recorder_ = nullptr;
  std::deque<Cut> cuts_;
  int64_t position_ = 0;
  bool begun_ = false;
};

}  // namespace heliograph::hls
