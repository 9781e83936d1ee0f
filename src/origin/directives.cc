// SPDX-License-Identifier: Apache-2.0
#include "origin/directives.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "origin/path.h"

namespace heliograph::origin {
namespace {

constexpr std::string_view kTwice = "A directive stands there twice.";
constexpr std::string_view kNoNumber = "_HLS_msn and _HLS_part are whole numbers.";

// A decimal-integer (RFC 8216 section 4.2); what does not fit is the largest.
template <typename Number>
bool read_number(std::string_view digits, std::optional<Number>& out) {
  constexpr auto kMost = std::numeric_limits<Number>::max();
  if (digits.empty()) return false;
  Number number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<Number>(c - '0');
    number = number > (kMost - digit) / 10 ? kMost : static_cast<Number>(number * 10 + digit);
  }
  out = number;
  return true;
}

}  // namespace

std::expected<Directives, std::string_view> parse_directives(std::string_view query) {
  Directives directives;
  bool skip_seen = false;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, equals));
    if (!name || !name->starts_with("_HLS_")) continue;
    const auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size()))).value_or("");
    if (*name == "_HLS_msn") {
      if (directives.msn) return std::unexpected(kTwice);
      if (!read_number(value, directives.msn)) return std::unexpected(kNoNumber);
    } else if (*name == "_HLS_part") {
      if (directives.part) return std::unexpected(kTwice);
      if (!read_number(value, directives.part)) return std::unexpected(kNoNumber);
    } else if (*name == "_HLS_skip") {
      if (std::exchange(skip_seen, true)) return std::unexpected(kTwice);
      directives.skip = value == "YES" || value == "v2";
    }
  }
  if (directives.part && !directives.msn) return std::unexpected(std::string_view("_HLS_part needs _HLS_msn."));
  return directives;
}

}  // namespace heliograph::origin
