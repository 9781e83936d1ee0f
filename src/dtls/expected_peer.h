// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <openssl/types.h>

#include "crypto/fingerprint.h"

namespace heliograph::dtls {

// Who must be at the other end. OpenSSL asks it when the certificate arrives: an Endpoint hangs it on its SSL as
// application data.
struct ExpectedPeer {
  std::vector<crypto::Fingerprint> fingerprints;
  bool rejected = false;  // a certificate came that is none of these

  // RFC 8122 section 5: of several, only those of the strongest algorithm count.
  bool matches(const X509* certificate) const;
  // The callback of SSL_CTX_set_cert_verify_callback().
  static int verify(X509_STORE_CTX* store, void* unused);
};

}  // namespace heliograph::dtls
