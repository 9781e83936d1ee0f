// SPDX-License-Identifier: Apache-2.0
// What a Packager has made, in the order in which it may be told to players: the language in which hls/ speaks to
// origin/, across threads.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/data_rate.h"
#include "base/time.h"
#include "hls/blob.h"
#include "plan/hls.h"

namespace heliograph::hls {

// Lengths that never change while a stream lives (draft-pantos-hls-rfc8216bis section 4.4.3).
struct Timing {
  base::Duration segment = base::Duration::seconds(2);           // aimed at
  base::Duration part = base::Duration::millis(500);             // EXT-X-PART-INF:PART-TARGET; no part is longer
  base::Duration target = base::Duration::seconds(3);            // EXT-X-TARGETDURATION, whole seconds
  base::Duration part_hold_back = base::Duration::millis(1500);  // at least 3 parts

  bool operator==(const Timing&) const = default;
};

// What a media playlist is of.
struct Rendition {
  plan::Kind kind = plan::Kind::kVideo;
  std::string name;    // "v0" (the best layer), "v1", "aac", "opus": a path element
  std::string codecs;  // RFC 6381
  uint16_t width = 0;  // video
  uint16_t height = 0;
  double frame_rate = 0;  // frames a second; 0: not known
  uint8_t channels = 2;   // audio
  base::DataRate peak;    // BANDWIDTH of one segment at most
  base::DataRate average;

  bool operator==(const Rendition&) const = default;
};

// Renditions are named by their place in `renditions` from here on. Video first, best first.
struct Opened {
  Timing timing;
  std::vector<Rendition> renditions;
};
// The size, the rate or the bandwidth is another, or known only now. Kind, name, and number never change.
struct Described {
  size_t rendition = 0;
  Rendition as;
};
// An initialisation segment; number: 0, 1, … of the rendition.
struct Init {
  size_t rendition = 0;
  uint32_t number = 0;
  Blob bytes;
};
// A part is whole. Of a rendition: msn and index grow without a hole, beginning with 0 and 0.
struct Part {
  size_t rendition = 0;
  uint64_t msn = 0;
  uint32_t index = 0;  // within its segment
  base::Duration duration;
  bool independent = false;  // begins with a keyframe
  Blob bytes;
  // About the segment; the same for each of its parts.
  uint32_t init = 0;
  bool discontinuity = false;  // EXT-X-DISCONTINUITY stands before the segment; of all renditions at the same msn
  int64_t starts_at = 0;       // EXT-X-PROGRAM-DATE-TIME, µs since 1970
};
// The parts so far are the whole segment.
struct SegmentEnd {
  size_t rendition = 0;
  uint64_t msn = 0;
  base::Duration duration;
};
// ENDLIST in every rendition; its segments have all ended.
struct Ended {};
// The next bytes of the recording; with `last` it is finished (bytes may be null then).
struct Recorded {
  Blob bytes;
  bool last = false;
};

using Update = std::variant<Opened, Described, Init, Part, SegmentEnd, Ended, Recorded>;

// Updates of one stream as they cross to whoever answers players. A Started comes before all others.
struct Started {
  std::string prefix;
  bool asks_token = false;  // again with another value: from now on
};
struct StreamUpdates {
  plan::HlsStream stream;
  std::vector<std::variant<Started, Update>> updates;
};

}  // namespace heliograph::hls
