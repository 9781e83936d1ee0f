// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace heliograph::srtp {

inline constexpr size_t kRtcpHeader = 8;  // what SRTCP leaves in the clear: the first header and the sender's SSRC

constexpr bool has_version_2(base::ConstBytes packet) { return !packet.empty() && packet[0] >> 6 == 2; }

}  // namespace heliograph::srtp
