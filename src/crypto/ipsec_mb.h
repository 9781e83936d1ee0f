// SPDX-License-Identifier: Apache-2.0
// The one door to intel-ipsec-mb, for packet_cipher.cc and hmac_queue.cc only. Where the library was not there at build
// time everything is still declared, and is_available() is false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/hmac.h"

struct gcm_key_data;

namespace heliograph::crypto::detail {
struct CounterKeySchedule;
}

namespace heliograph::crypto::ipsec_mb {

#if HELIOGRAPH_IPSEC_MB
inline constexpr bool kIsBuiltIn = true;
#else
inline constexpr bool kIsBuiltIn = false;
#endif

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
// At most kMaxHmacs of them; all are done when this returns.
inline constexpr size_t kMaxHmacs = 64;
void hmac_sha1(std::span<const HmacSha1Job> jobs);

}  // namespace heliograph::crypto::ipsec_mb
