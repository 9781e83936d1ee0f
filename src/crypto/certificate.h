// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/refusal.h"
#include "base/time.h"
#include "crypto/fingerprint.h"

namespace heliograph::crypto {

// A certificate and its private key, as DTLS presents them. Never changes once made, so threads may read one at the
// same time.
class Certificate {
 public:
  // Self-signed, ECDSA P-256 with SHA-256 (RFC 8827 section 6.5 wants no more: peers know it by its fingerprint alone).
  // Valid from a day before now_unix (seconds since 1970: a peer's clock may be behind ours) until `validity` after it.
  // Trouble when OpenSSL fails or when the name is longer than the 64 bytes of an X.520 common name.
  static std::expected<Certificate, base::Trouble> generate(std::string_view common_name, base::Duration validity,
                                                            int64_t now_unix);
  // One PEM text that holds a certificate and its unencrypted private key, in either order. Trouble when one is
  // missing, broken, or does not belong to the other.
  static std::expected<Certificate, base::Trouble> from_pem(std::string_view text);

  // The private key (PKCS #8), then the certificate: what from_pem() reads. A secret.
  std::string to_pem() const;
  // SHA-256: what goes into a=fingerprint.
  Fingerprint fingerprint() const;
  X509* x509() const { return x509_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  struct Free {
    void operator()(X509* x509) const;
    void operator()(EVP_PKEY* key) const;
  };
  using KeyPointer = std::unique_ptr<EVP_PKEY, Free>;
  using X509Pointer = std::unique_ptr<X509, Free>;

  Certificate(KeyPointer key, X509Pointer x509) : key_(std::move(key)), x509_(std::move(x509)) {}

  KeyPointer key_;
  X509Pointer x509_;
};

// The hash of a certificate's DER form. nullopt for an algorithm that Fingerprint::parse() does not know.
std::optional<Fingerprint> fingerprint_of(const X509* x509, std::string_view algorithm);

}  // namespace heliograph::crypto
