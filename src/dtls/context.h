// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <openssl/types.h>

#include "crypto/certificate.h"

namespace heliograph::dtls {

// What all endpoints of a thread have in common: our certificate, DTLS 1.2 only, ciphers, SRTP profiles by preference
// (AEAD_AES_128_GCM, AEAD_AES_256_GCM, AES128_CM_HMAC_SHA1_80: as server our order decides). Never changes once made.
// Endpoints keep what they need of it alive. Threads may share one, but OpenSSL then counts references with contended
// atomics and takes locks: one a shard is better. The Certificate is only read: one for all shards.
class Context {
 public:
  explicit Context(const crypto::Certificate& certificate);

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace heliograph::dtls
