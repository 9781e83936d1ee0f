// SPDX-License-Identifier: Apache-2.0
// The one door to intel-ipsec-mb, for packet_cipher.cc only. Where the library was not there at build time everything
// is still declared, and is_available() is false.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

struct gcm_key_data;

namespace heliograph::crypto::detail {
struct CounterKeySchedule;
}

namespace heliograph::crypto::ipsec_mb {

// The library is built in, passes its own checks, and finds AES-NI and PCLMULQDQ.
bool is_available();

// key: 16 or 32 bytes. The caller frees.
gcm_key_data* gcm_key(base::ConstBytes key);
detail::CounterKeySchedule* counter_key(base::ConstBytes key);
void free(gcm_key_data* key);
void free(detail::CounterKeySchedule* key);

// text and out are the same place or do not overlap; iv has 12 bytes, tag 16.
void gcm_seal(const gcm_key_data& key, bool is_256, const uint8_t* iv, base::ConstBytes associated,
              base::ConstBytes text, uint8_t* out, uint8_t* tag);
// Writes the tag that the ciphertext should have had.
void gcm_open(const gcm_key_data& key, bool is_256, const uint8_t* iv, base::ConstBytes associated,
              base::ConstBytes text, uint8_t* out, uint8_t* tag);
// iv has 16 bytes.
void counter_crypt(const detail::CounterKeySchedule& key, const uint8_t* iv, base::ConstBytes text, uint8_t* out);

}  // namespace heliograph::crypto::ipsec_mb
