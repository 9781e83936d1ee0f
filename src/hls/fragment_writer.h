// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

#include "base/refusal.h"
#include "hls/blob.h"
#include "hls/libav.h"
#include "hls/muxer.h"

namespace heliograph::hls {

// What ChunkMuxer and MovieMuxer have in common: an ISO base media file in fragments, by libavformat's "mp4" muxer, in
// memory. Samples come out in the order in which they came in, with the times they came with: nothing waits, is
// interleaved, or moved so that the file begins at 0.
class FragmentWriter {
 public:
  // Of one fragment; more is refused.
  static constexpr size_t kMaxBytes = 64 * 1024 * 1024;
  static constexpr size_t kMaxSamples = 16'384;

  // with_index: finish() writes an mfra, for which 32 bytes a fragment and track are kept until then.
  static std::expected<std::unique_ptr<FragmentWriter>, base::Trouble> create(std::vector<libav::Parameters> tracks,
                                                                              bool with_index);
  ~FragmentWriter();
  FragmentWriter(const FragmentWriter&) = delete;
  FragmentWriter& operator=(const FragmentWriter&) = delete;

  // False: refused, nothing has changed (see Sample).
  bool add(size_t track, const Sample& sample);
  // Ends the fragment, if one was begun.
  void flush();
  // Ends the fragment and the file; nothing may be added afterwards.
  void finish();
  // What was written since the last call, ftyp and moov at first; null when nothing was.
  Blob take();

 private:
  struct Track {
    int64_t dts = INT64_MIN;  // of the last sample
    int64_t end = INT64_MIN;  // of the last sample, dts + duration
    bool in_fragment = false;
    bool is_av1 = false;
  };

  // What libavformat has written and nobody has taken.
  struct Output {
    std::vector<uint8_t> bytes;
    size_t at = 0;      // where the next byte goes, in bytes
    int64_t taken = 0;  // bytes of the file before them
  };
  struct Callbacks;

  FragmentWriter() = default;
  std::expected<void, base::Trouble> open(std::vector<libav::Parameters> tracks, bool with_index);
  bool add_streams(std::vector<libav::Parameters> tracks);
  bool fits(const Track& track, const Sample& sample) const;
  void begin_fragment();
  bool write(size_t track, const Sample& sample);

  struct CloseOutput {
    void operator()(AVIOContext* output) const;
  };
  struct CloseFile {
    void operator()(AVFormatContext* file) const { avformat_free_context(file); }
  };

  Output output_;
  std::unique_ptr<AVIOContext, CloseOutput> io_;      // uses output_
  std::unique_ptr<AVFormatContext, CloseFile> file_;  // uses io_
  libav::Packet packet_;
  std::vector<Track> tracks_;
  size_t pending_bytes_ = 0;  // of the samples of the fragment
  size_t pending_ = 0;        // samples of the fragment
};

}  // namespace heliograph::hls
