// SPDX-License-Identifier: Apache-2.0
// What a DTLS handshake leaves for SRTP (RFC 5764), in a place that both dtls/ and srtp/ may see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace heliograph::crypto {

// The values of the use_srtp extension (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
enum class SrtpProfile : uint16_t {
  kAes128CmHmacSha1_80 = 0x0001,
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

constexpr size_t master_key_size(SrtpProfile profile) { return profile == SrtpProfile::kAeadAes256Gcm ? 32 : 16; }
constexpr size_t master_salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::kAes128CmHmacSha1_80 ? 14 : 12;
}

// The master key and salt of one direction; only the first master_key_size and master_salt_size bytes count.
struct SrtpMasterKey {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 14> salt{};
};

// Both directions of one peer: `local` protects what we send, `remote` opens what we receive.
struct SrtpKeys {
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  SrtpMasterKey local;
  SrtpMasterKey remote;
};

}  // namespace heliograph::crypto
