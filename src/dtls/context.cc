// SPDX-License-Identifier: Apache-2.0
#include "dtls/context.h"

#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/expected_peer.h"

namespace heliograph::dtls {
namespace {

// RFC 8827 section 6.5 requires the first; the peer's certificate decides between ECDSA and RSA.
constexpr auto kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr auto kGroups = "X25519:P-256:P-384";
// OpenSSL as server goes through its own list in this order, whatever the client's order is.
constexpr auto kSrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
// What a peer's certificate message may take up, bytes; with it all that is kept of fragments: a dozen messages of this
// size.
constexpr long kMaxCertificateChain = 16'384;

constexpr uint64_t kOptions = SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                              SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION;

}  // namespace

void Context::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Context::Context(const crypto::Certificate& certificate) : context_(SSL_CTX_new(DTLS_method())) {
  SSL_CTX* c = context_.get();
  CHECK(c != nullptr);
  CHECK(SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) == 1);
  CHECK(SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION) == 1);
  CHECK(SSL_CTX_set_cipher_list(c, kCiphers) == 1);
  CHECK(SSL_CTX_set1_groups_list(c, kGroups) == 1);
  CHECK(SSL_CTX_set_tlsext_use_srtp(c, kSrtpProfiles) == 0);  // zero is success here
  CHECK(SSL_CTX_use_certificate(c, certificate.x509()) == 1);
  CHECK(SSL_CTX_use_PrivateKey(c, certificate.key()) == 1);
  SSL_CTX_set_options(c, kOptions);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(c, kMaxCertificateChain);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(c, &ExpectedPeer::verify, nullptr);
}

}  // namespace heliograph::dtls
