// SPDX-License-Identifier: Apache-2.0
// For tests: RTP and RTCP packets with a seed's contents.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "crypto/srtp_keys.h"
#include "crypto/testing_bytes.h"

namespace heliograph::srtp::testing {

using crypto::testing::random_vector;
using Packet = std::vector<uint8_t>;

inline constexpr crypto::SrtpProfile kProfiles[] = {crypto::SrtpProfile::kAes128CmHmacSha1_80,
                                                    crypto::SrtpProfile::kAeadAes128Gcm,
                                                    crypto::SrtpProfile::kAeadAes256Gcm};

inline crypto::SrtpMasterKey random_master(base::Rng& rng) {
  crypto::SrtpMasterKey master;
  for (auto& byte : master.key) byte = static_cast<uint8_t>(rng());
  for (auto& byte : master.salt) byte = static_cast<uint8_t>(rng());
  return master;
}

// Up to 15 CSRCs, sometimes an extension block of up to 20 words.
inline Packet random_rtp_header(base::Rng& rng, uint32_t ssrc, uint16_t sequence) {
  const size_t csrcs = rng.chance(0.8) ? 0 : rng.below(16);
  const bool extended = rng.chance(0.5);
  Packet header = random_vector(rng, 12 + 4 * csrcs);
  header[0] = static_cast<uint8_t>(0x80 | (extended ? 0x10 : 0) | csrcs);
  base::store_be(&header[2], sequence);
  base::store_be(&header[8], ssrc);
  if (extended) {
    const size_t words = rng.below(21);
    Packet block = random_vector(rng, 4 + 4 * words);
    base::store_be(&block[0], uint16_t{0xBEDE});
    base::store_be(&block[2], static_cast<uint16_t>(words));
    header.insert(header.end(), block.begin(), block.end());
  }
  return header;
}

// A sender report's first header and words after it.
inline Packet random_rtcp(base::Rng& rng, uint32_t ssrc) {
  const size_t words = rng.below(100);
  Packet packet = random_vector(rng, 8 + 4 * words);
  packet[0] = 0x80;
  packet[1] = 200;
  base::store_be(&packet[2], static_cast<uint16_t>(words + 1));
  base::store_be(&packet[4], ssrc);
  return packet;
}

inline Packet joined(const Packet& a, const Packet& b) {
  Packet whole = a;
  whole.insert(whole.end(), b.begin(), b.end());
  return whole;
}

}  // namespace heliograph::srtp::testing
