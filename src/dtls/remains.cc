// SPDX-License-Identifier: Apache-2.0
#include "dtls/remains.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "crypto/packet_cipher.h"

namespace heliograph::dtls {
namespace {

constexpr uint16_t kEpoch = 1;         // there is no renegotiation
constexpr size_t kRandom = 32;         // RFC 5246 section 7.4.1.2
constexpr size_t kExplicitNonce = 8;   // RFC 5288 section 3
constexpr size_t kAlert = 2;           // level and description, RFC 5246 section 7.2
constexpr size_t kAdditional = 8 + 5;  // RFC 5246 section 6.2.3.3, RFC 6347 section 4.1.2.1
constexpr size_t kSealedAlert = kExplicitNonce + kAlert + crypto::kGcmTagSize;
constexpr std::string_view kLabel = "key expansion";  // RFC 5246 section 6.3

constexpr uint8_t kWarning = 1, kFatal = 2;
constexpr uint8_t kCloseNotify = 0;

// Of the suites of AES-GCM only; 0 otherwise.
size_t key_size_of(const SSL_CIPHER* cipher) {
  switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
      return 16;
    case NID_aes_256_gcm:
      return 32;
    default:
      return 0;
  }
}

OSSL_PARAM octets(const char* name, base::ConstBytes bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(bytes.data()), bytes.size());
}

// PRF(secret, label ‖ first ‖ second) of RFC 5246 section 5.
void expand(const EVP_MD* digest, base::ConstBytes secret, base::ConstBytes first, base::ConstBytes second,
            base::Bytes out) {
  struct Free {
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
  };
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_PRF, nullptr);  // a look-up by name under locks
  const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kdf));
  CHECK(context != nullptr);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(EVP_MD_get0_name(digest)), 0),
      octets(OSSL_KDF_PARAM_SECRET, secret),
      octets(OSSL_KDF_PARAM_SEED, base::as_bytes(kLabel)),
      octets(OSSL_KDF_PARAM_SEED, first),
      octets(OSSL_KDF_PARAM_SEED, second),
      OSSL_PARAM_construct_end()};
  CHECK(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) == 1);
}

// client_write_key ‖ server_write_key ‖ client_write_IV ‖ server_write_IV: an AEAD has no MAC keys (RFC 5246 section
// 6.3).
void derive_key_block(SSL* ssl, base::Bytes block) {
  std::array<uint8_t, SSL_MAX_MASTER_KEY_LENGTH> master{};
  std::array<uint8_t, kRandom> client{};
  std::array<uint8_t, kRandom> server{};
  const size_t size = SSL_SESSION_get_master_key(SSL_get_session(ssl), master.data(), master.size());
  CHECK(SSL_get_client_random(ssl, client.data(), client.size()) == client.size());
  CHECK(SSL_get_server_random(ssl, server.data(), server.size()) == server.size());
  const auto* digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  expand(digest, base::ConstBytes(master).first(size), server, client, block);
  OPENSSL_cleanse(master.data(), master.size());
}

// By OpenSSL, which knows the key and the number of the next record.
std::vector<uint8_t> write_goodbye(SSL* ssl, Wire& wire) {
  Datagrams out;
  CHECK(SSL_alloc_buffers(ssl) == 1);
  wire.begin({}, out);
  SSL_shutdown(ssl);
  wire.end();
  CHECK(out.size() == 1);
  return std::move(out.front());
}

}  // namespace

std::optional<Remains> Remains::of(SSL* ssl, Role role, Wire& wire) {
  const size_t key_size = key_size_of(SSL_get_current_cipher(ssl));
  if (key_size == 0) return std::nullopt;
  std::array<uint8_t, 2 * (kMaxKey + kImplicitNonce)> material{};
  const auto block = base::Bytes(material).first(2 * (key_size + kImplicitNonce));
  derive_key_block(ssl, block);
  const size_t peer = role == Role::kClient ? 1 : 0;  // a server's peer is the client, whose half comes first
  Remains remains;
  remains.key_size_ = static_cast<uint8_t>(key_size);
  std::ranges::copy(block.subspan(peer * key_size, key_size), remains.key_.begin());
  std::ranges::copy(block.subspan(2 * key_size + peer * kImplicitNonce, kImplicitNonce),
                    remains.implicit_nonce_.begin());
  remains.goodbye_ = write_goodbye(ssl, wire);
  OPENSSL_cleanse(material.data(), material.size());
  return remains;
}

Remains::~Remains() { OPENSSL_cleanse(key_.data(), key_.size()); }

Remains::Heard Remains::receive(base::ConstBytes datagram) const {
  base::ByteReader reader(datagram);
  while (const auto record = Record::take(reader)) {
    // Whatever else comes is sealed longer or shorter, and costs no cipher.
    if (record->type != Record::kAlert || record->epoch != kEpoch || record->body.size() != kSealedAlert) continue;
    if (const auto heard = judge(*record); heard != Heard::kNothing) return heard;
  }
  return Heard::kNothing;
}

Remains::Heard Remains::judge(const Record& record) const {
  std::array<uint8_t, crypto::kGcmIvSize> nonce{};
  std::ranges::copy(implicit_nonce_, nonce.begin());
  std::ranges::copy(record.body.first(kExplicitNonce), nonce.begin() + kImplicitNonce);
  // epoch ‖ sequence number ‖ type ‖ version ‖ length of the plaintext
  std::array<uint8_t, kAdditional> additional{};
  base::ByteWriter writer(additional);
  writer.u16(record.epoch);
  writer.u48(record.sequence_number);
  writer.u8(record.type);
  writer.u16(record.version);
  writer.u16(kAlert);
  crypto::GcmCipher cipher(base::ConstBytes(key_).first(key_size_), crypto::Backend::kOpenSsl);  // once or twice a life
  std::array<uint8_t, kAlert> alert{};
  if (!cipher.open(nonce, additional, record.body.subspan(kExplicitNonce), alert.data())) return Heard::kNothing;
  if (alert[0] == kFatal) return Heard::kFatalAlert;
  return alert[0] == kWarning && alert[1] == kCloseNotify ? Heard::kCloseNotify : Heard::kNothing;
}

}  // namespace heliograph::dtls
