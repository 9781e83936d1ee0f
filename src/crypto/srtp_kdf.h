// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "crypto/srtp_keys.h"

namespace heliograph::crypto {

// The labels of RFC 3711 section 4.3.1 come in two threes.
enum class SrtpUse : uint8_t { kRtp = 0, kRtcp = 3 };

// What protects the RTP, or the RTCP, of one direction. As with the master key, only the first bytes count:
// master_key_size of key, master_salt_size of salt; authentication is used by kAes128CmHmacSha1_80 only.
struct SrtpSessionKeys {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 20> authentication{};
  std::array<uint8_t, 14> salt{};
};

// AES in counter mode as a pseudo-random function, key derivation rate zero (RFC 3711 section 4.3; RFC 7714 section
// 11).
SrtpSessionKeys derive_session_keys(SrtpProfile profile, const SrtpMasterKey& master, SrtpUse use);

}  // namespace heliograph::crypto
