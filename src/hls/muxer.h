// SPDX-License-Identifier: Apache-2.0
// ISO base media files by libavformat (movflags frag_custom+empty_moov+default_base_moof+cmaf+frag_discont).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/refusal.h"
#include "hls/audio_track.h"
#include "hls/blob.h"
#include "hls/frame.h"

namespace heliograph::hls {

inline constexpr uint32_t kVideoRate = 90'000;  // Hz, timescale of video tracks; of audio kAudioRate

// Refused, and counted: a dts that is negative, not after the last one, or 2^31 and more after it; pts < dts; no
// duration; no data, or in AV1 none that can be read as OBUs; what makes a fragment larger than 64 MiB or 16,384
// samples. One that begins a fragment before the end of the fragment before is decoded at that end instead, and shown
// when it says.
struct Sample {
  int64_t dts = 0;        // in the track's timescale, growing; the first sample's is where the fragment begins (tfdt)
  int64_t pts = 0;        // ≥ dts
  uint32_t duration = 0;  // up to the next one's dts; where it is not within a fragment, that dts counts
  bool keyframe = false;
  base::ConstBytes data;  // copied
};

// One track as CMAF (ISO/IEC 23000-19): an initialisation segment, then chunks of one moof and one mdat.
class ChunkMuxer {
 public:
  static std::expected<ChunkMuxer, base::Trouble> create(const VideoConfig& config);
  static std::expected<ChunkMuxer, base::Trouble> create(const AudioConfig& config);
  ~ChunkMuxer();
  ChunkMuxer(ChunkMuxer&&) noexcept;
  ChunkMuxer& operator=(ChunkMuxer&&) noexcept;

  // ftyp and moov.
  const Blob& init() const;
  void add(const Sample& sample);
  // All that was added since the last call, as one chunk whose duration is the sum of its samples'; null when nothing
  // was. There is no trailer, no sidx, and no styp.
  Blob flush();
  uint64_t refused() const;  // samples

 private:
  struct State;
  explicit ChunkMuxer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A recording: one file with video, audio or both, fragment after fragment, so that what is on the disk is always a
// whole movie up to the last one. H.264's parameter sets go into the samples of keyframes as well, so that a picture
// may change its size in the middle of the file. The movie's time 0 is the earliest dts of the first fragment; a track
// that begins later keeps its distance, and what is older and comes later is refused.
class MovieMuxer {
 public:
  // Either may be null, not both.
  static std::expected<MovieMuxer, base::Trouble> create(const VideoConfig* video, const AudioConfig* audio);
  ~MovieMuxer();
  MovieMuxer(MovieMuxer&&) noexcept;
  MovieMuxer& operator=(MovieMuxer&&) noexcept;

  // config: of a keyframe; may be another one than create() had, of the same codec.
  void add_video(const Sample& sample, const VideoConfig* config);
  void add_audio(const Sample& sample);
  // The bytes to append to the file; null when there are none. The first call has ftyp and moov in front.
  Blob flush();
  // The end: what is left, and an index of the fragments (mfra, ISO/IEC 14496-12 section 8.8.9); null when nothing was
  // ever added. Nothing is taken afterwards.
  Blob finish();
  uint64_t refused() const;  // samples

 private:
  struct State;
  explicit MovieMuxer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::hls
