// SPDX-License-Identifier: Apache-2.0
#include "origin/byte_range.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace heliograph::origin {
namespace {

// nullopt: no number. One too large to hold is the largest.
std::optional<uint64_t> position(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? std::numeric_limits<uint64_t>::max() : number;
}

}  // namespace

std::expected<std::optional<ByteRange>, NotSatisfiable> parse_range(std::string_view range, size_t total) {
  constexpr std::string_view kUnit = "bytes=";
  const auto dash = range.find('-');
  if (!range.starts_with(kUnit) || dash == range.npos) return std::nullopt;
  const auto first_text = range.substr(kUnit.size(), dash - kUnit.size());
  const auto last_text = range.substr(dash + 1);
  const auto first = position(first_text);
  const auto last = position(last_text);
  if ((!first && !first_text.empty()) || (!last && !last_text.empty()) || (!first && !last)) return std::nullopt;
  if (!first) {  // the last so many
    const size_t size = std::min<uint64_t>(*last, total);
    if (size == 0) return std::unexpected(NotSatisfiable());
    return ByteRange{total - size, size};
  }
  if (last && *last < *first) return std::nullopt;
  if (*first >= total) return std::unexpected(NotSatisfiable());
  return ByteRange{*first, std::min<uint64_t>(last.value_or(total - 1), total - 1) - *first + 1};
}

}  // namespace heliograph::origin
