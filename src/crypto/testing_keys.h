// SPDX-License-Identifier: Apache-2.0
// For tests: fresh key pairs as PEM.
#pragma once

#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/check.h"

namespace heliograph::crypto::testing {

struct PemPair {
  std::string private_key;
  std::string public_key;
};

inline std::string text_of(BIO* bio) {
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<size_t>(size));
  BIO_free_all(bio);
  return out;
}

inline PemPair pems_of(EVP_PKEY* key) {
  CHECK(key != nullptr);
  BIO* secret = BIO_new(BIO_s_mem());
  BIO* open = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  CHECK(PEM_write_bio_PUBKEY(open, key) == 1);
  EVP_PKEY_free(key);
  return {text_of(secret), text_of(open)};
}

inline PemPair rsa_pair(size_t bits = 2048) { return pems_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)); }
inline PemPair ec_pair(const char* curve = "P-256") {
  return pems_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}
inline PemPair ed25519_pair() { return pems_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

}  // namespace heliograph::crypto::testing
