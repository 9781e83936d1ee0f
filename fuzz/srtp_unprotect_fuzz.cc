// SPDX-License-Identifier: Apache-2.0
// Hostile SRTP and SRTCP: the input is both what arrives and what is protected first and then arrives changed.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/header_size.h"
#include "srtp/header_size.h"
#include "srtp/protector.h"
#include "srtp/unprotector.h"

namespace {

using namespace heliograph;
using base::ConstBytes;

constexpr crypto::SrtpProfile kProfiles[] = {crypto::SrtpProfile::kAes128CmHmacSha1_80,
                                             crypto::SrtpProfile::kAeadAes128Gcm, crypto::SrtpProfile::kAeadAes256Gcm};
constexpr size_t kMaxPacket = 2000;

// Whatever arrives: an answer, and no byte beyond the buffers.
void arrive(srtp::Unprotector& unprotector, ConstBytes packet) {
  std::vector<uint8_t> exact(packet.begin(), packet.end());  // so that a sanitizer sees a read past the end
  std::vector<uint8_t> out(packet.size());
  (void)unprotector.unprotect_rtp(exact, out);
  (void)unprotector.unprotect_rtcp(exact, out);
}

// A packet that parses comes back as it was; with one bit changed it does not.
void round_trip(crypto::SrtpProfile profile, crypto::Backend backend, ConstBytes packet, uint8_t flip) {
  const auto header_size = rtp::header_size(packet);
  if (!header_size || !srtp::has_version_2(packet)) return;
  const crypto::SrtpMasterKey master{};
  srtp::Protector protector(profile, master, backend);
  srtp::Unprotector unprotector(profile, master, backend);
  std::vector<uint8_t> sealed(packet.size() + srtp::kMaxRtpOverhead);
  sealed.resize(protector.protect_rtp(packet.first(*header_size), {}, packet.subspan(*header_size),
                                      base::load_be<uint16_t>(&packet[2]), sealed.data()));
  std::vector<uint8_t> out(sealed.size());
  auto& byte = sealed[flip % sealed.size()];
  byte ^= 1;
  CHECK(!unprotector.unprotect_rtp(sealed, out));
  byte ^= 1;
  const auto opened = unprotector.unprotect_rtp(sealed, out);
  CHECK(opened && std::ranges::equal(opened->packet, packet));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto profile = kProfiles[data[0] % 3];
  const auto backend = (data[0] & 0x80) != 0 ? crypto::Backend::kOpenSsl : crypto::best_backend();
  const auto packet = ConstBytes(data, size).subspan(2, std::min(size - 2, kMaxPacket));
  srtp::Unprotector unprotector(profile, {}, backend);
  arrive(unprotector, packet);
  round_trip(profile, backend, packet, data[1]);
  return 0;
}
