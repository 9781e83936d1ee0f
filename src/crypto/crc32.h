// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace heliograph::crypto {

// The CRC-32 of ISO/IEC 3309 and IEEE 802.3, as STUN's FINGERPRINT takes it (RFC 8489 section 14.7; the XOR with
// 0x5354554e is STUN's).
uint32_t crc32(base::ConstBytes bytes);

}  // namespace heliograph::crypto
