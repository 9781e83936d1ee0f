// SPDX-License-Identifier: Apache-2.0
// Where secrets come from, from any thread. What need not be secret comes from base::Rng.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"

namespace heliograph::crypto {

// Fills out from the operating system's entropy by OpenSSL's generator. Stops the process when there is none.
void random_bytes(base::Bytes out);

// n characters of the ice-char alphabet (RFC 8445 section 5.3: ALPHA, DIGIT, "+", "/"), each with 6 bits of randomness.
std::string random_ice_chars(size_t n);

}  // namespace heliograph::crypto
