// SPDX-License-Identifier: Apache-2.0
// RFC 4648.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace heliograph::crypto {

// With padding (section 4).
std::string base64(base::ConstBytes bytes);

// The alphabet that is safe in URLs, without padding (section 5; RFC 7515 section 2).
std::string base64url(base::ConstBytes bytes);

// The bytes behind base64url. One spelling for each value: nullopt for padding, any character outside the alphabet, a
// length that no bytes have, and bits at the end that are not zero (section 3.5).
std::optional<std::vector<uint8_t>> from_base64url(std::string_view text);

}  // namespace heliograph::crypto
