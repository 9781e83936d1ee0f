// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "crypto/packet_cipher.h"
#include "crypto/srtp_keys.h"
#include "srtp/session_cipher.h"
#include "srtp/source_table.h"

namespace heliograph::srtp {

// Why a packet was dropped.
enum class Reject : uint8_t {
  kTooShort,        // no room for header, tag and what the header promises; also when it does not fit `out`
  kBadVersion,      // not version 2
  kNotEncrypted,    // SRTCP with E = 0, which WebRTC never sends
  kReplayed,        // this index was accepted before
  kTooOld,          // behind the replay window, or from before the first lap
  kAuthentication,  // the tag is wrong
  kTooManySources,  // authentic, but the table of SSRCs is full
};

// One direction of one peer: what we receive (RFC 3711, RFC 7714; no MKI). Owned by the peer's transport, on one core.
// Allocates at construction and when an authentic packet brings a new SSRC. With GCM over ipsec-mb it holds 2 KB and
// about 150 bytes a source.
class Unprotector {
 public:
  Unprotector(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master,
              crypto::Backend backend = crypto::default_backend());

  struct Rtp {
    base::Bytes packet;      // header ‖ plaintext, in `out`
    size_t header_size = 0;  // with CSRCs and extensions
    uint64_t index = 0;      // ROC << 16 | SEQ
  };
  // packet: a whole SRTP packet; out: at least as large, not overlapping. Replay is checked before the tag, and
  // remembered only after it. The first packet of an SSRC is taken to be of the first lap (ROC 0).
  std::expected<Rtp, Reject> unprotect_rtp(base::ConstBytes packet, base::Bytes out);
  // packet: a whole SRTCP packet; the result is the compound RTCP packet, in `out`.
  std::expected<base::Bytes, Reject> unprotect_rtcp(base::ConstBytes packet, base::Bytes out);

 private:
  SessionCipher rtp_;
  SessionCipher rtcp_;
  SourceTable rtp_sources_;
  SourceTable rtcp_sources_;
};

}  // namespace heliograph::srtp
