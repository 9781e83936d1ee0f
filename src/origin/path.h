// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plan/hls.h"

namespace heliograph::origin {

// RFC 3986 section 2.1; a plus is a plus. nullopt: a percent sign without two digits.
std::optional<std::string> percent_decoded(std::string_view text);

// Digits only, no zero in front, so that a thing has one name; nullopt otherwise.
std::optional<uint64_t> canonical_number(std::string_view digits);

// What a path under /hls asks for.
struct Resource {
  enum class Kind : uint8_t {
    kRedirect,      // /hls/{rid}/{userId}/{sessionId}
    kPage,          // …/
    kMultivariant,  // …/index.m3u8
    kPlaylist,      // …/{prefix}/{rendition}.m3u8
    kInit,          // …/{prefix}/{rendition}/init-{number}.mp4
    kSegment,       // …/{prefix}/{rendition}/{number}.m4s
    kPart,          // …/{prefix}/{rendition}/{number}.{part}.m4s
  };
  Kind kind = Kind::kPage;
  plan::HlsStream stream;  // decoded, once: a "%2F" in an element is part of it
  std::string prefix = {};
  std::string rendition = {};
  uint64_t number = 0;
  uint32_t part = 0;
};

inline constexpr size_t kMaxId = 256;  // bytes of a decoded element; nothing has a longer name

// nullopt: there can be nothing at this path.
std::optional<Resource> parse_path(std::string_view path);

}  // namespace heliograph::origin
