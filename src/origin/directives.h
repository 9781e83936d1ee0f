// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace heliograph::origin {

// What a player asks of a media playlist in its query (draft-pantos-hls-rfc8216bis section 6.2.5).
struct Directives {
  std::optional<uint64_t> msn;   // a number too large to hold is the largest
  std::optional<uint32_t> part;  // the same
  bool skip = false;             // YES, or v2: there are no date ranges that it would leave out besides

  bool operator==(const Directives&) const = default;
};

// The error is a sentence: a directive stands there twice, is no number, or _HLS_part has no _HLS_msn. Other
// parameters are somebody else's; of directives that are not known, the draft wants nothing.
std::expected<Directives, std::string_view> parse_directives(std::string_view query);

}  // namespace heliograph::origin
