// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "hls/blob.h"
#include "hls/update.h"

namespace heliograph::origin {

// A place in a rendition's timeline: the part of this index, or with kWhole the end of its segment.
struct Point {
  static constexpr uint32_t kWhole = std::numeric_limits<uint32_t>::max();
  uint64_t msn = 0;
  uint32_t part = 0;

  auto operator<=>(const Point&) const = default;
};

struct Part {
  base::Duration duration;
  bool independent = false;
  size_t first = 0;  // byte of the segment
  size_t size = 0;
  hls::Blob bytes;  // null: to be cut out of the segment
};

struct Segment {
  uint64_t msn = 0;
  base::Duration begins = {};    // since the first there ever was
  base::Duration duration = {};  // of the parts so far, until it is whole
  bool whole = false;
  bool discontinuity = false;
  bool stored = false;  // on disk, not in memory
  uint32_t init = 0;
  int64_t starts_at = 0;  // µs since 1970
  size_t size = 0;        // bytes
  std::vector<Part> parts = {};
  hls::Blob bytes = {};  // of the whole segment; null as long as nobody wanted it

  base::Duration ends() const { return begins + duration; }
};

// How much of the past is kept.
struct Span {
  base::Duration listed;    // in the playlist
  base::Duration memory;    // of that, not on disk; the same where there is no disk
  base::Duration retained;  // after it has left the playlist (RFC 8216 section 6.2.2)
};

// What a change of the window means for the disk.
struct Moves {
  std::vector<std::pair<uint64_t, hls::Blob>> to_disk;  // by msn
  std::vector<std::pair<uint64_t, size_t>> off_disk;    // no longer wanted there, and its size
};

// The segments of one rendition that may be asked for: those in the playlist, those that have just left it, and the one
// that is being made. Owned by its Stream. Memory: what `span` allows.
class Window {
 public:
  static constexpr size_t kMaxInits = 256;             // more: the oldest is forgotten
  static constexpr uint32_t kMaxParts = 1'024;         // of a segment; more are not taken
  static constexpr int kPartsListed = 3;               // target durations, then a segment's parts leave the playlist
  static constexpr int kPartsKept = kPartsListed + 3;  // the same, then they are no blobs of their own any more

  Window(base::Duration target, Span span);

  // What does not follow on what is there is not taken: false.
  bool add(const hls::Init& init);
  bool add(const hls::Part& part);
  bool end_segment(const hls::SegmentEnd& end, Moves& moves);
  void set_span(Span span, Moves& moves);

  // The part that comes next, if its segment goes on: what EXT-X-PRELOAD-HINT names.
  Point next() const { return next_; }
  // The last part there is; {0, 0} before there is one.
  Point last() const;
  // A part behind the end of its segment is the first of the next one (draft section 6.2.5.2).
  Point resolve(Point point) const;
  bool has(Point point) const;
  // That there have ever been.
  uint64_t whole_segments() const { return next_.msn; }

  const Segment* find(uint64_t msn) const;
  // Of the whole segment; made of its parts the first time. Null: not in memory.
  hls::Blob whole(uint64_t msn);
  // Null: not there, or not in memory.
  hls::Blob part(Point point);
  hls::Blob init(uint32_t number) const;

  // The first in the playlist. From there on to the end of segments() it has all of them.
  uint64_t first_listed() const { return listed_from_; }
  const std::deque<Segment>& segments() const { return segments_; }
  uint64_t discontinuities_gone() const { return discontinuities_gone_; }
  base::Duration ends() const { return segments_.empty() ? base::Duration() : segments_.back().ends(); }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  Segment& at(uint64_t msn) { return segments_[static_cast<size_t>(msn - segments_.front().msn)]; }
  bool is_older(const Segment& segment, base::Duration than) const { return segment.ends() + than <= ends(); }
  void join(Segment& segment);
  void drop_bytes(Segment& segment);
  void trim(Moves& moves);
  void trim_list();
  void drop_parts();
  void to_disk(Moves& moves);
  void free_oldest(Moves& moves);

  base::Duration target_;
  Span span_;
  std::deque<Segment> segments_;  // msn without a hole
  std::map<uint32_t, hls::Blob> inits_;
  Point next_;
  // Each says how far a trim has come, by msn.
  uint64_t listed_from_ = 0;
  uint64_t parts_from_ = 0;
  uint64_t memory_from_ = 0;
  uint64_t discontinuities_gone_ = 0;
  size_t memory_bytes_ = 0;
};

}  // namespace heliograph::origin
