// SPDX-License-Identifier: Apache-2.0
#include "srtp/protector.h"

#include "base/check.h"
#include "rtp/header_size.h"
#include "srtp/header_size.h"

namespace heliograph::srtp {
namespace {

constexpr uint32_t kRtcpIndices = 0x8000'0000;
constexpr uint64_t kRtpIndices = uint64_t{1} << 48;

}  // namespace

Protector::Protector(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master, crypto::Backend backend)
    : rtp_(profile, master, crypto::SrtpUse::kRtp, backend), rtcp_(profile, master, crypto::SrtpUse::kRtcp, backend) {}

size_t Protector::protect_rtp(base::ConstBytes header, base::ConstBytes payload_prefix, base::ConstBytes payload,
                              uint64_t index, uint8_t* out, crypto::HmacSha1Queue* tags) {
  CHECK(header.size() >= rtp::kFixedHeaderSize);
  CHECK(index < kRtpIndices);
  CHECK(base::load_be<uint16_t>(&header[2]) == static_cast<uint16_t>(index));
  return rtp_.seal_rtp(header, payload_prefix, payload, index, out, tags);
}

size_t Protector::protect_rtcp(base::ConstBytes compound, uint8_t* out) {
  CHECK(compound.size() >= kRtcpHeader);
  if (next_rtcp_index_ == kRtcpIndices) return 0;
  return rtcp_.seal_rtcp(compound, next_rtcp_index_++, out);
}

}  // namespace heliograph::srtp
