// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hls/update.h"
#include "origin/window.h"

namespace heliograph::origin {

// A playlist, and where in it URIs end: there a player's token goes in.
struct PlaylistText {
  std::string text;
  std::vector<size_t> uri_ends;

  void add_uri(std::string_view uri);
};
// suffix: "?token=…"
std::string with_suffix(const PlaylistText& playlist, std::string_view suffix);

// How far another rendition is, for EXT-X-RENDITION-REPORT.
struct Report {
  std::string_view name;
  Point last;
};

// CAN-SKIP-UNTIL and HOLD-BACK, in target durations: the least that the draft allows (section 4.4.3.8).
inline constexpr int kSkipUntil = 6;
inline constexpr int kHoldBack = 3;

struct PlaylistOptions {
  std::string_view name;  // of the rendition; it is "{name}.m3u8" itself
  hls::Timing timing;
  std::span<const Report> others;
  bool skip = false;  // older segments are left out, where there are any
  bool ended = false;
};

// The media playlist (draft-pantos-hls-rfc8216bis section 4.4).
PlaylistText media_playlist(const Window& window, const PlaylistOptions& options);

}  // namespace heliograph::origin
