// SPDX-License-Identifier: Apache-2.0
// Keys that sign. The type of a key is all there is to choose: it fixes the signature's algorithm and form, so that
// nobody who brings a signature can have it read by other rules (RFC 8725 section 3.1).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "base/bytes.h"

namespace heliograph::crypto {

enum class KeyType : uint8_t {
  kRsa,      // RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), 2048 to 8192 bits
  kP256,     // ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each (RFC 7518 section 3.4)
  kEd25519,  // RFC 8032
};

struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeKey>;

// Checks signatures. The error of each maker is one sentence without the key in it.
class VerifyingKey {
 public:
  // "BEGIN PUBLIC KEY", or a certificate, whose name and dates say nothing here.
  static std::expected<VerifyingKey, std::string> from_pem(std::string_view text);
  // Big-endian numbers, as RFC 7518 section 6.3.1 has them.
  static std::expected<VerifyingKey, std::string> rsa(base::ConstBytes n, base::ConstBytes e);
  // 32 bytes each (RFC 7518 section 6.2.1); a point off the curve is refused.
  static std::expected<VerifyingKey, std::string> p256(base::ConstBytes x, base::ConstBytes y);
  // 32 bytes (RFC 8037 section 2).
  static std::expected<VerifyingKey, std::string> ed25519(base::ConstBytes x);

  KeyType type() const { return type_; }
  bool verify(base::ConstBytes message, base::ConstBytes signature) const;

 private:
  friend class SigningKey;
  static std::expected<VerifyingKey, std::string> of(KeyPointer key);
  VerifyingKey(KeyPointer key, KeyType type) : key_(std::move(key)), type_(type) {}

  KeyPointer key_;
  KeyType type_;
};

// Makes signatures. A secret.
class SigningKey {
 public:
  // An unencrypted private key of one of the three types, PKCS #8 or the older forms.
  static std::expected<SigningKey, std::string> from_pem(std::string_view text);

  KeyType type() const { return type_; }
  std::vector<uint8_t> sign(base::ConstBytes message) const;

 private:
  SigningKey(KeyPointer key, KeyType type) : key_(std::move(key)), type_(type) {}

  KeyPointer key_;
  KeyType type_;
};

}  // namespace heliograph::crypto
