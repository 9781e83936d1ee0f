// SPDX-License-Identifier: Apache-2.0
// What SRTP needs of a cipher library, by two back ends. A key lives with its owner on one core; nothing here is shared
// between threads. Nothing allocates after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>

#include <openssl/types.h>

#include "base/bytes.h"

struct gcm_key_data;  // intel-ipsec-mb

namespace heliograph::crypto {

// kIpsecMb: intel-ipsec-mb, several times as fast as kOpenSsl where the processor has AES-NI.
enum class Backend : uint8_t { kOpenSsl, kIpsecMb };

// The faster one that this build and this processor have. Asking for kIpsecMb where it is missing is a bug.
Backend best_backend();
bool is_available(Backend backend);
bool is_built_in(Backend backend);  // if not, no processor makes it available
// What packets are ciphered with where nobody says otherwise: the best one, or what was chosen. One for the process;
// chosen, if at all, before there are threads and keys.
Backend default_backend();
void choose_default_backend(Backend backend);

inline constexpr size_t kGcmIvSize = 12;
inline constexpr size_t kGcmTagSize = 16;

namespace detail {
struct CounterKeySchedule;
struct FreeKey {
  void operator()(EVP_CIPHER_CTX* context) const;
  void operator()(gcm_key_data* key) const;
  void operator()(CounterKeySchedule* key) const;
};
using OpenSslKey = std::unique_ptr<EVP_CIPHER_CTX, FreeKey>;
}  // namespace detail

// One AES-GCM key (NIST SP 800-38D) with a 16-byte tag. On the heap: 1,024 bytes with ipsec-mb (240 of round keys, 768
// of powers of the hash key, aligned to 64), 1.1 KB with OpenSSL.
class GcmCipher {
 public:
  // key: 16 or 32 bytes.
  GcmCipher(base::ConstBytes key, Backend backend);

  // Writes the ciphertext of prefix ‖ rest and the tag to out, which has room for them and may be at rest.data() if
  // prefix is empty, but not overlap otherwise. Never twice with one iv, except for the same bytes.
  void seal(std::span<const uint8_t, kGcmIvSize> iv, base::ConstBytes associated, base::ConstBytes prefix,
            base::ConstBytes rest, uint8_t* out);
  // The key will be used soon.
  void prefetch() const;
  // sealed: ciphertext ‖ tag. Writes the plaintext (sealed.size() - 16 bytes) to out; when false, out holds nothing of
  // use.
  bool open(std::span<const uint8_t, kGcmIvSize> iv, base::ConstBytes associated, base::ConstBytes sealed,
            uint8_t* out);

 private:
  using IpsecMbKey = std::unique_ptr<gcm_key_data, detail::FreeKey>;

  bool is_256_;
  std::variant<detail::OpenSslKey, IpsecMbKey> key_;
};

// One AES key in counter mode (RFC 3711 section 4.1.1). On the heap: 256 bytes with ipsec-mb, 0.6 KB with
// OpenSSL.
class CounterCipher {
 public:
  // key: 16 or 32 bytes.
  CounterCipher(base::ConstBytes key, Backend backend);

  // Writes prefix ‖ rest, encrypted or decrypted, to out. The iv is the first counter block, whose last four bytes
  // count without carry. Overlap as with GcmCipher::seal.
  void crypt(std::span<const uint8_t, 16> iv, base::ConstBytes prefix, base::ConstBytes rest, uint8_t* out);

 private:
  using IpsecMbKey = std::unique_ptr<detail::CounterKeySchedule, detail::FreeKey>;

  std::variant<detail::OpenSslKey, IpsecMbKey> key_;
};

}  // namespace heliograph::crypto
