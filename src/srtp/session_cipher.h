// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "crypto/hmac_queue.h"
#include "crypto/packet_cipher.h"
#include "crypto/srtp_kdf.h"

namespace heliograph::srtp {

// The word that SRTCP adds to a packet (RFC 3711 section 3.4).
struct SrtcpIndex {
  bool encrypted = false;  // E
  uint32_t index = 0;      // 31 bits
};

// The salt as the first fourteen of sixteen bytes, in two words: nonces are made by XOR.
struct SessionSalt {
  explicit SessionSalt(const std::array<uint8_t, 14>& bytes)
      : upper(base::load_be<uint64_t>(&bytes[0])), lower(base::load_be<uint64_t, 6>(&bytes[8]) << 16) {}
  uint64_t upper;
  uint64_t lower;
};

// The session keys of RTP, or of RTCP, in one direction: seals and opens packets that somebody else has numbered. Where
// RTP and RTCP, and where the two families of ciphers, lay a packet out differently, it is here.
class SessionCipher {
 public:
  SessionCipher(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master, crypto::SrtpUse use,
                crypto::Backend backend);
  SessionCipher(crypto::SrtpProfile profile, const crypto::SrtpSessionKeys& keys, crypto::Backend backend);

  size_t tag_size() const;

  // The key will be used soon.
  void prefetch() const {
    if (const auto* gcm = std::get_if<crypto::GcmCipher>(&cipher_)) gcm->prefetch();
  }

  // SRTP: header ‖ ciphertext ‖ tag (RFC 3711 section 3.1, RFC 7714 section 8). With `tags` an HMAC's tag is left to
  // it, and its ten bytes in out are not to be touched before.
  size_t seal_rtp(base::ConstBytes header, base::ConstBytes prefix, base::ConstBytes payload, uint64_t index,
                  uint8_t* out, crypto::HmacSha1Queue* tags = nullptr);
  // Writes header ‖ plaintext to out, which has room for packet.size() bytes; false when the tag is wrong.
  bool open_rtp(base::ConstBytes packet, size_t header_size, uint64_t index, uint8_t* out);
  // SRTCP, always encrypted: header ‖ ciphertext ‖ E+index ‖ tag (RFC 3711 section 3.4), with GCM the tag before
  // E+index (RFC 7714 section 9.2).
  size_t seal_rtcp(base::ConstBytes compound, uint32_t index, uint8_t* out);
  // Of a packet of at least rtcp_overhead() + 8 bytes, not yet authenticated.
  SrtcpIndex rtcp_index(base::ConstBytes packet) const;
  // As open_rtp(), for a packet of at least as many bytes.
  bool open_rtcp(base::ConstBytes packet, uint8_t* out);
  size_t rtcp_overhead() const { return tag_size() + 4; }

 private:
  struct CounterAndHmac {
    crypto::CounterCipher cipher;
    crypto::HmacSha1 hmac;
  };

  using Cipher = std::variant<crypto::GcmCipher, CounterAndHmac>;

  SessionSalt salt_;
  Cipher cipher_;
};

}  // namespace heliograph::srtp
