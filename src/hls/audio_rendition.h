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
  // No cut will come before `settled`: parts up to there may be closed.
  void advance(base::Timestamp now, base::Timestamp settled, Updates& out);
  void finish(base::Timestamp now, Updates& out);

  const AudioConfig& config() const { return track_.config(); }
  const Rendition& described() const { return described_; }
  const SegmentWriter& writer() const { return *writer_; }

 private:
  struct Cut {
    int64_t at = 0;
    bool discontinuity = false;
  };
  AudioRendition(size_t index, AudioTrack track);
  void arrange(base::Timestamp now, int64_t settled, Updates& out);
  size_t fitting() const;
  void close(base::Timestamp now, size_t samples, Updates& out);
  void describe(Updates& out);

  size_t index_;
  AudioTrack track_;
  int64_t part_ = 0;  // ticks
  Rendition described_;
  Epoch epoch_;
  std::optional<SegmentWriter> writer_;
  Recorder* recorder_ = nullptr;
  std::deque<Cut> cuts_;
  std::deque<AudioSample> held_;  // not in a part yet
  bool begun_ = false;
};

}  // namespace heliograph::hls
