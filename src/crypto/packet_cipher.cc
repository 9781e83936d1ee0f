// SPDX-License-Identifier: Apache-2.0
#include "crypto/packet_cipher.h"

#include <array>
#include <atomic>
#include <cstring>

#include <openssl/evp.h>

#include "base/check.h"
#include "base/prefetch.h"
#include "crypto/hmac.h"
#include "crypto/ipsec_mb.h"

namespace heliograph::crypto {
namespace {

constexpr size_t kKey128 = 16;
constexpr size_t kKey256 = 32;

constexpr int kNotChosen = -1;
std::atomic<int> chosen_backend = kNotChosen;

int as_int(size_t n) { return static_cast<int>(n); }

detail::OpenSslKey openssl_key(const EVP_CIPHER* cipher, base::ConstBytes key) {
  detail::OpenSslKey context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), nullptr) == 1);
  return context;
}

void openssl_seal(EVP_CIPHER_CTX* context, const uint8_t* iv, base::ConstBytes associated, base::ConstBytes prefix,
                  base::ConstBytes rest, uint8_t* out) {
  int size = 0;
  CHECK(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, iv) == 1);
  CHECK(EVP_EncryptUpdate(context, nullptr, &size, associated.data(), as_int(associated.size())) == 1);
  for (const auto part : {prefix, rest}) {
    if (part.empty()) continue;
    CHECK(EVP_EncryptUpdate(context, out, &size, part.data(), as_int(part.size())) == 1);
    out += part.size();
  }
  CHECK(EVP_EncryptFinal_ex(context, out, &size) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, out) == 1);
}

bool openssl_open(EVP_CIPHER_CTX* context, const uint8_t* iv, base::ConstBytes associated, base::ConstBytes ciphertext,
                  base::ConstBytes tag, uint8_t* out) {
  int size = 0;
  std::array<uint8_t, kGcmTagSize> expected{};  // OpenSSL's parameter is not const
  std::memcpy(expected.data(), tag.data(), tag.size());
  CHECK(EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, iv) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, expected.data()) == 1);
  CHECK(EVP_DecryptUpdate(context, nullptr, &size, associated.data(), as_int(associated.size())) == 1);
  if (!ciphertext.empty())
    CHECK(EVP_DecryptUpdate(context, out, &size, ciphertext.data(), as_int(ciphertext.size())) == 1);
  return EVP_DecryptFinal_ex(context, out + ciphertext.size(), &size) == 1;
}

// ipsec-mb takes one piece. Two are put together in out and ciphered there: for a packet that costs less than the
// incremental form does, which leaves the wide code at every odd size.
base::ConstBytes joined(base::ConstBytes prefix, base::ConstBytes rest, uint8_t* out) {
  if (prefix.empty()) return rest;
  std::memcpy(out, prefix.data(), prefix.size());
  if (!rest.empty()) std::memcpy(out + prefix.size(), rest.data(), rest.size());
  return {out, prefix.size() + rest.size()};
}

}  // namespace

void detail::FreeKey::operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
void detail::FreeKey::operator()(gcm_key_data* key) const { ipsec_mb::free(key); }
void detail::FreeKey::operator()(CounterKeySchedule* key) const { ipsec_mb::free(key); }

bool is_available(Backend backend) { return backend == Backend::kOpenSsl || ipsec_mb::is_available(); }

bool is_built_in(Backend backend) { return backend == Backend::kOpenSsl || ipsec_mb::kIsBuiltIn; }

Backend best_backend() {
  static const Backend best = ipsec_mb::is_available() ? Backend::kIpsecMb : Backend::kOpenSsl;
  return best;
}

Backend default_backend() {
  const int chosen = chosen_backend.load(std::memory_order_relaxed);
  return chosen == kNotChosen ? best_backend() : static_cast<Backend>(chosen);
}

void choose_default_backend(Backend backend) {
  CHECK(is_available(backend));
  chosen_backend.store(static_cast<int>(backend), std::memory_order_relaxed);
}

GcmCipher::GcmCipher(base::ConstBytes key, Backend backend) : is_256_(key.size() == kKey256) {
  CHECK(key.size() == kKey128 || key.size() == kKey256);
  CHECK(is_available(backend));
  if (backend == Backend::kIpsecMb)
    key_ = IpsecMbKey(ipsec_mb::gcm_key(key));
  else
    key_ = openssl_key(is_256_ ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), key);
}

void GcmCipher::seal(std::span<const uint8_t, kGcmIvSize> iv, base::ConstBytes associated, base::ConstBytes prefix,
                     base::ConstBytes rest, uint8_t* out) {
  if (const auto* context = std::get_if<detail::OpenSslKey>(&key_))
    return openssl_seal(context->get(), iv.data(), associated, prefix, rest, out);
  const auto plaintext = joined(prefix, rest, out);
  ipsec_mb::gcm_seal(*std::get<IpsecMbKey>(key_), is_256_, iv.data(), associated, plaintext, out,
                     out + plaintext.size());
}

void GcmCipher::prefetch() const {
  constexpr size_t kKeyBytes = 1024;
  if (const auto* key = std::get_if<IpsecMbKey>(&key_)) base::prefetch(key->get(), kKeyBytes);
}

bool GcmCipher::open(std::span<const uint8_t, kGcmIvSize> iv, base::ConstBytes associated, base::ConstBytes sealed,
                     uint8_t* out) {
  if (sealed.size() < kGcmTagSize) return false;
  const auto ciphertext = sealed.first(sealed.size() - kGcmTagSize);
  const auto tag = sealed.last(kGcmTagSize);
  if (const auto* context = std::get_if<detail::OpenSslKey>(&key_))
    return openssl_open(context->get(), iv.data(), associated, ciphertext, tag, out);
  std::array<uint8_t, kGcmTagSize> computed{};
  ipsec_mb::gcm_open(*std::get<IpsecMbKey>(key_), is_256_, iv.data(), associated, ciphertext, out, computed.data());
  return equal_in_constant_time(computed, tag);
}

CounterCipher::CounterCipher(base::ConstBytes key, Backend backend) {
  CHECK(key.size() == kKey128 || key.size() == kKey256);
  CHECK(is_available(backend));
  if (backend == Backend::kIpsecMb)
    key_ = IpsecMbKey(ipsec_mb::counter_key(key));
  else
    key_ = openssl_key(key.size() == kKey256 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), key);
}

void CounterCipher::crypt(std::span<const uint8_t, 16> iv, base::ConstBytes prefix, base::ConstBytes rest,
                          uint8_t* out) {
  const auto* context = std::get_if<detail::OpenSslKey>(&key_);
  const auto text = joined(prefix, rest, out);
  if (text.empty()) return;
  if (context == nullptr) return ipsec_mb::counter_crypt(*std::get<IpsecMbKey>(key_), iv.data(), text, out);
  int size = 0;
  CHECK(EVP_EncryptInit_ex(context->get(), nullptr, nullptr, nullptr, iv.data()) == 1);
  CHECK(EVP_EncryptUpdate(context->get(), out, &size, text.data(), as_int(text.size())) == 1);
}

}  // namespace heliograph::crypto
