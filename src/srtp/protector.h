// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/hmac_queue.h"
#include "crypto/packet_cipher.h"
#include "crypto/srtp_keys.h"
#include "srtp/session_cipher.h"

namespace heliograph::srtp {

inline constexpr size_t kMaxRtpOverhead = 16;   // the GCM tag
inline constexpr size_t kMaxRtcpOverhead = 20;  // the GCM tag, and E with the index

// One direction of one peer: what we send (RFC 3711, RFC 7714; no MKI, key derivation rate zero). Owned by the peer's
// transport, on one core. Allocates at construction only; with GCM over ipsec-mb it holds 2 KB.
class Protector {
 public:
  Protector(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master,
            crypto::Backend backend = crypto::default_backend());

  // Writes header ‖ ciphertext ‖ tag to out, which has room for all three parts and kMaxRtpOverhead, and overlaps none
  // of them; returns the number of bytes. header: the complete RTP header with CSRCs and extensions. The plaintext is
  // payload_prefix ‖ payload. index: ROC << 16 | SEQ (RFC 3711 section 3.3.1), under 2^48, numbered by the caller
  // without wrapping; its low 16 bits are the header's sequence number. For one SSRC an index must never come back with
  // other bytes, be it one changed bit of an extension: with GCM that gives the authentication key away (RFC 7714
  // section 8.1). What was sent may be sent again only as the same bytes, or by RTX.
  // With `tags` an HMAC's tag is written by its finish() only, at the latest; out stays until then.
  size_t protect_rtp(base::ConstBytes header, base::ConstBytes payload_prefix, base::ConstBytes payload, uint64_t index,
                     uint8_t* out, crypto::HmacSha1Queue* tags = nullptr);
  // protect_rtp() follows soon.
  void prefetch() const { rtp_.prefetch(); }
  // compound: a whole RTCP packet, at least 8 bytes. out has room for kMaxRtcpOverhead more and does not overlap.
  // Returns the number of bytes; 0 once the 2^31 indices of the key are used up (RFC 3711 section 9.2).
  size_t protect_rtcp(base::ConstBytes compound, uint8_t* out);

 private:
  SessionCipher rtp_;
  SessionCipher rtcp_;
  uint32_t next_rtcp_index_ = 0;  // RFC 3711 section 3.4: zero first
};

}  // namespace heliograph::srtp
