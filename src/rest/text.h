// SPDX-License-Identifier: Apache-2.0
// Ids as they stand in URLs: percent-encoded segments of a path, values of a query, cursors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/percent.h"

namespace heliograph::rest {

// RFC 3986 section 2.1, and the bytes must be UTF-8. nullopt: they are not, or a percent sign stands alone. A plus is a
// plus.
std::optional<std::string> percent_decoded(std::string_view text);
using base::percent_encoded;

// Where a list goes on, as something that nobody should read anything into.
std::string to_cursor(std::string_view key);
std::optional<std::string> from_cursor(std::string_view cursor);

}  // namespace heliograph::rest
