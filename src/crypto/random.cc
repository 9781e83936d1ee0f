// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <string_view>

#include <openssl/rand.h>

#include "base/check.h"

namespace heliograph::crypto {

void random_bytes(base::Bytes out) { CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1); }

std::string random_ice_chars(size_t n) {
  constexpr std::string_view kIceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static_assert(kIceChars.size() == 64);  // six bits choose one, none more likely than another
  std::string text(n, '\0');
  random_bytes({reinterpret_cast<uint8_t*>(text.data()), n});
  for (char& c : text) c = kIceChars[static_cast<uint8_t>(c) & 63];
  return text;
}

}  // namespace heliograph::crypto
