// SPDX-License-Identifier: Apache-2.0
#include "crypto/srtp_kdf.h"

#include <algorithm>

#include "crypto/packet_cipher.h"

namespace heliograph::crypto {
namespace {

// The order of the labels within each three (RFC 3711 section 4.3.1).
enum Label : uint8_t { kEncryption = 0, kAuthentication = 1, kSalt = 2 };

// Fills out with the key stream of (label · 2^48 XOR salt) · 2^16. A 96-bit salt counts as the upper 96 of 112 bits
// (RFC 7714 section 11).
void derive(SrtpProfile profile, const SrtpMasterKey& master, SrtpUse use, Label label, base::Bytes out) {
  std::array<uint8_t, 16> iv{};
  std::copy_n(master.salt.begin(), master_salt_size(profile), iv.begin());
  iv[7] ^= static_cast<uint8_t>(static_cast<uint8_t>(use) + label);
  constexpr std::array<uint8_t, 32> kZeros{};
  // Once a handshake: the back end does not matter.
  CounterCipher cipher(base::ConstBytes(master.key).first(master_key_size(profile)), Backend::kOpenSsl);
  cipher.crypt(iv, {}, base::ConstBytes(kZeros).first(out.size()), out.data());
}

}  // namespace

SrtpSessionKeys derive_session_keys(SrtpProfile profile, const SrtpMasterKey& master, SrtpUse use) {
  SrtpSessionKeys keys;
  derive(profile, master, use, kEncryption, base::Bytes(keys.key).first(master_key_size(profile)));
  derive(profile, master, use, kAuthentication, keys.authentication);
  derive(profile, master, use, kSalt, base::Bytes(keys.salt).first(master_salt_size(profile)));
  return keys;
}

}  // namespace heliograph::crypto
