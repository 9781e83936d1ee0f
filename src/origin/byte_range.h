// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

namespace heliograph::origin {

struct ByteRange {
  size_t first = 0;
  size_t size = 0;  // at least 1

  bool operator==(const ByteRange&) const = default;
};
struct NotSatisfiable {};

// A Range header for something of `total` bytes (RFC 9110 section 14.1.2). nullopt: to be ignored, which a server may
// with every range and we do with lists and with other units.
std::expected<std::optional<ByteRange>, NotSatisfiable> parse_range(std::string_view range, size_t total);

}  // namespace heliograph::origin
