// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/data_rate.h"
#include "base/time.h"
#include "hls/muxer.h"
#include "hls/update.h"

namespace heliograph::hls {

using Updates = std::vector<Update>;

// Where the stream's time began: tick 0 of every track.
struct Epoch {
  base::Timestamp at;
  int64_t unix_us = 0;     // the same moment, µs since 1970
  base::Timestamp opened;  // players came after this: what had ended by then could not be late

  // In ticks of `rate` a second.
  int64_t ticks(base::Timestamp t, uint32_t rate) const {
    return static_cast<int64_t>(static_cast<__int128>((t - at).us()) * rate / 1'000'000);
  }
  base::Timestamp time(int64_t ticks, uint32_t rate) const { return at + span(ticks, rate); }
  static base::Duration span(int64_t ticks, uint32_t rate) {
    return base::Duration::micros(static_cast<int64_t>(static_cast<__int128>(ticks) * 1'000'000 / rate));
  }
};

// One rendition's row of segments and parts: numbers them, and turns samples into Updates. What goes where is decided
// by who calls: a part is what was added since the one before.
class SegmentWriter {
 public:
  SegmentWriter(size_t rendition, uint32_t rate, Epoch epoch) : rendition_(rendition), rate_(rate), epoch_(epoch) {}

  // From the next segment on samples are of this muxer's format.
  void use(ChunkMuxer muxer, Updates& out);
  // Of none that can be written: samples are let go.
  void use_none() { muxer_.reset(); }
  // Ends the segment that runs, and begins another at tick `at`.
  void begin_segment(int64_t at, bool discontinuity, Updates& out);
  void add(const Sample& sample);
  // What was added is a part, which lasts until tick `end`. Nothing happens when nothing was added.
  void end_part(base::Timestamp now, int64_t end, Updates& out);
  void end_segment(Updates& out);

  int64_t segment_start() const { return segment_start_; }
  int64_t part_start() const { return part_start_; }
  bool has_muxer() const { return muxer_.has_value(); }
  base::DataRate peak() const { return peak_; }        // of the segments that have ended
  base::DataRate average() const { return average_; }  // the same, the newer the more it counts
  uint64_t parts() const { return parts_; }
  uint64_t parts_late() const {
    return parts_late_;
  }  // given out more than kLate after their end, for players who waited

 private:
  static constexpr base::Duration kLate = base::Duration::millis(500);

  void measure();

  size_t rendition_;
  uint32_t rate_;
  Epoch epoch_;
  std::optional<ChunkMuxer> muxer_;
  uint32_t inits_ = 0;
  uint64_t next_msn_ = 0;
  bool open_ = false;
  bool discontinuity_ = false;
  bool independent_ = false;
  bool empty_ = true;
  uint32_t next_part_ = 0;
  int64_t segment_start_ = 0;
  int64_t part_start_ = 0;
  size_t segment_bytes_ = 0;
  base::DataRate peak_;
  base::DataRate average_;
  uint64_t parts_ = 0;
  uint64_t parts_late_ = 0;
};

}  // namespace heliograph::hls
