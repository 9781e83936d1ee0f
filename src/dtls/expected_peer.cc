// SPDX-License-Identifier: Apache-2.0
#include "dtls/expected_peer.h"

#include <algorithm>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/certificate.h"

namespace heliograph::dtls {

bool ExpectedPeer::matches(const X509* certificate) const {
  // All known algorithms are of one family but SHA-1, which is also the shortest: the longest digest is the strongest.
  const auto size = [](const crypto::Fingerprint& f) { return f.value.size(); };
  const auto strongest = std::ranges::max_element(fingerprints, {}, size);
  if (strongest == fingerprints.end()) return false;
  const auto actual = crypto::fingerprint_of(certificate, strongest->algorithm);
  return actual && std::ranges::find(fingerprints, *actual) != fingerprints.end();
}

int ExpectedPeer::verify(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* expected = static_cast<ExpectedPeer*>(SSL_get_app_data(ssl));
  if (expected->matches(X509_STORE_CTX_get0_cert(store))) return 1;
  expected->rejected = true;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);  // becomes the alert bad_certificate
  return 0;
}

}  // namespace heliograph::dtls
