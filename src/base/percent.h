// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace heliograph::base {

// As one segment of a path or one value of a query, wherever it stands: all but what RFC 3986 section 2.3 calls
// unreserved is encoded, and "." and ".." are, which would be taken out of a path on the way (section 5.2.4).
std::string percent_encoded(std::string_view text);

}  // namespace heliograph::base
