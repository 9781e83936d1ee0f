// SPDX-License-Identifier: Apache-2.0
// HLS playlists as a low-latency player reads them (RFC 8216, draft-pantos-hls-rfc8216bis).
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace heliograph::load::hls {

// A part by its numbers: the media sequence number of its segment, and its index there.
struct PartId {
  uint64_t msn = 0;
  uint32_t part = 0;
  auto operator<=>(const PartId&) const = default;
};

struct Part {
  PartId id;
  std::string_view uri;
  base::Duration duration;
  // The end of it in wall-clock time, microseconds since 1970, as EXT-X-PROGRAM-DATE-TIME says.
  std::optional<int64_t> ends_at;
};

// Views into the text that was parsed.
struct MediaPlaylist {
  base::Duration target;
  base::Duration part_target;
  bool can_block = false;
  bool can_skip = false;
  bool ended = false;
  bool skips = false;          // a delta update
  std::string_view map;        // of the last segment: the URI of its initialisation
  std::vector<Part> parts;     // those listed, oldest first
  std::string_view last_uri;   // of the last whole segment
  uint64_t next_msn = 0;       // of the segment that is being made, or comes next
  uint32_t parts_of_next = 0;  // how many parts of it are listed

  // The part that a blocking reload asks for.
  PartId next() const { return {next_msn, parts_of_next}; }
};

struct Variant {
  std::string_view uri = {};
  uint64_t bandwidth = 0;
  std::string_view audio_group = {};
};
struct Rendition {
  std::string_view type;  // "AUDIO"
  std::string_view group;
  std::string_view uri;  // empty: in the variant itself
  bool is_default = false;
};
struct MultivariantPlaylist {
  std::vector<Variant> variants;
  std::vector<Rendition> renditions;
};

// The errors are sentences.
std::expected<MediaPlaylist, std::string> parse_media(std::string_view text);
std::expected<MultivariantPlaylist, std::string> parse_multivariant(std::string_view text);
bool is_multivariant(std::string_view text);

// The value of an attribute in "NAME=value,OTHER=\"a,b\"", without quotes; empty: it is not there.
std::string_view attribute(std::string_view list, std::string_view name);
// "2026-01-02T03:04:05.678Z" or with an offset → microseconds since 1970.
std::optional<int64_t> parse_date(std::string_view text);

enum class Choice : uint8_t { kHighest, kLowest };
// The playlists to play: of the chosen variant, and of its audio if that is apart. Empty: there is none.
std::vector<std::string_view> choose(const MultivariantPlaylist& playlist, Choice choice);

// A reference in a playlist whose own path is `base` → a path (RFC 3986 section 5.2, without dot segments in the
// middle). A query of the base is not kept. An absolute URL of any server becomes its path.
std::string resolve(std::string_view base, std::string_view reference);

}  // namespace heliograph::load::hls
