// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "load/histogram.h"

namespace heliograph::load::hls {

// What all players together have seen. Spans of time are noted while it is measured only.
struct Tally {
  bool measuring = false;

  uint64_t playlists = 0;
  uint64_t parts = 0;
  uint64_t bytes = 0;      // of responses, heads included
  Histogram beyond_block;  // from when a part was in somebody's playlist to when it was in one's own (Availability)
  Histogram playlist_age;  // from the end of the newest part, after its PROGRAM-DATE-TIME, to the playlist that has it
  Histogram part_fetch;    // from asking for a part to its last byte
  Histogram playlist_fetch;  // the same for playlists that did not have to wait

  uint64_t stalls = 0;             // times that the next part came later than 3 part durations after the one before
  uint64_t holes = 0;              // times that parts are missing between two playlists
  uint64_t backwards = 0;          // playlists older than what was seen before
  uint64_t unmoved = 0;            // blocking reloads answered without anything new
  uint64_t empty = 0;              // parts without a byte
  std::map<int, uint64_t> errors;  // statuses but 200
  std::map<std::string, uint64_t> troubles;  // of connections and playlists

  bool clean() const {
    return stalls == 0 && holes == 0 && backwards == 0 && empty == 0 && errors.empty() && troubles.empty();
  }
};

}  // namespace heliograph::load::hls
