// SPDX-License-Identifier: Apache-2.0
#include "crypto/signing_key.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace heliograph::crypto {
namespace {

using Failure = std::unexpected<std::string>;
using BioPointer = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free_all(bio); })>;
using ContextPointer = std::unique_ptr<EVP_PKEY_CTX, decltype([](EVP_PKEY_CTX* c) { EVP_PKEY_CTX_free(c); })>;
using DigestPointer = std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* c) { EVP_MD_CTX_free(c); })>;
using NumberPointer = std::unique_ptr<BIGNUM, decltype([](BIGNUM* n) { BN_free(n); })>;
using PointPointer = std::unique_ptr<ECDSA_SIG, decltype([](ECDSA_SIG* s) { ECDSA_SIG_free(s); })>;
using BuilderPointer = std::unique_ptr<OSSL_PARAM_BLD, decltype([](OSSL_PARAM_BLD* b) { OSSL_PARAM_BLD_free(b); })>;
using ParamsPointer = std::unique_ptr<OSSL_PARAM, decltype([](OSSL_PARAM* p) { OSSL_PARAM_free(p); })>;

constexpr int kMinRsaBits = 2'048;  // RFC 7518 section 3.3
constexpr int kMaxRsaBits = 8'192;  // above it, one check costs milliseconds
constexpr size_t kCoordinate = 32;  // of P-256

// OpenSSL's own words stay out of sentences; its queue must not outlive the call.
struct ClearErrors {
  ~ClearErrors() { ERR_clear_error(); }
};

BioPointer read_only(std::string_view text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A passphrase is never asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

NumberPointer number(base::ConstBytes bytes) {
  return NumberPointer(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

std::expected<KeyType, std::string> type_of(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    if (bits < kMinRsaBits) return Failure("an RSA key needs 2048 bits, this one has " + std::to_string(bits));
    if (bits > kMaxRsaBits) return Failure("an RSA key may have 8192 bits, this one has " + std::to_string(bits));
    return KeyType::kRsa;
  }
  std::array<char, 32> group{};
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
      std::string_view(group.data()) == SN_X9_62_prime256v1)
    return KeyType::kP256;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::kEd25519;
  return Failure("the key is none of RSA, EC on P-256 and Ed25519");
}

// Null: Ed25519 hashes for itself.
const EVP_MD* digest_of(KeyType type) { return type == KeyType::kEd25519 ? nullptr : EVP_sha256(); }

KeyPointer from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPointer params(OSSL_PARAM_BLD_to_param(builder));
  const ContextPointer context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return KeyPointer(key);
}

// RFC 7518 section 3.4 has r and s side by side; OpenSSL has them in DER.
std::optional<std::vector<uint8_t>> der_of(base::ConstBytes raw) {
  if (raw.size() != 2 * kCoordinate) return std::nullopt;
  auto r = number(raw.first(kCoordinate)), s = number(raw.subspan(kCoordinate));
  const PointPointer point(ECDSA_SIG_new());
  if (!r || !s || !point || ECDSA_SIG_set0(point.get(), r.release(), s.release()) != 1) return std::nullopt;
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(point.get(), &der);
  if (size <= 0) return std::nullopt;
  std::vector<uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

std::vector<uint8_t> raw_of(base::ConstBytes der) {
  const uint8_t* at = der.data();
  const PointPointer point(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  CHECK(point != nullptr);
  std::vector<uint8_t> raw(2 * kCoordinate);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(point.get()), raw.data(), kCoordinate) == kCoordinate);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(point.get()), raw.data() + kCoordinate, kCoordinate) == kCoordinate);
  return raw;
}

}  // namespace

void FreeKey::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

std::expected<VerifyingKey, std::string> VerifyingKey::of(KeyPointer key) {
  if (!key) return Failure("the numbers are no key");
  const auto type = type_of(key.get());
  if (!type) return Failure(type.error());
  return VerifyingKey(std::move(key), *type);
}

std::expected<VerifyingKey, std::string> VerifyingKey::from_pem(std::string_view text) {
  const ClearErrors clear;
  if (KeyPointer key{PEM_read_bio_PUBKEY(read_only(text).get(), nullptr, no_passphrase, nullptr)})
    return of(std::move(key));
  const std::unique_ptr<X509, decltype([](X509* x509) { X509_free(x509); })> certificate(
      PEM_read_bio_X509(read_only(text).get(), nullptr, no_passphrase, nullptr));
  if (certificate) return of(KeyPointer(X509_get_pubkey(certificate.get())));
  return Failure("there is no public key and no certificate in PEM");
}

std::expected<VerifyingKey, std::string> VerifyingKey::rsa(base::ConstBytes n, base::ConstBytes e) {
  const ClearErrors clear;
  const auto modulus = number(n), exponent = number(e);
  const BuilderPointer builder(OSSL_PARAM_BLD_new());
  if (n.size() > kMaxRsaBits / 8 || e.size() > 8 || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return Failure("the numbers n and e are no RSA key of up to 8192 bits");
  return of(from_params("RSA", builder.get()));
}

std::expected<VerifyingKey, std::string> VerifyingKey::p256(base::ConstBytes x, base::ConstBytes y) {
  const ClearErrors clear;
  if (x.size() != kCoordinate || y.size() != kCoordinate) return Failure("x and y must be 32 bytes each");
  std::vector<uint8_t> point{0x04};  // uncompressed (SEC 1 section 2.3.3)
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const BuilderPointer builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return Failure("the numbers are no key");
  return of(from_params("EC", builder.get()));
}

std::expected<VerifyingKey, std::string> VerifyingKey::ed25519(base::ConstBytes x) {
  const ClearErrors clear;
  if (x.size() != 32) return Failure("x must be 32 bytes");
  return of(KeyPointer(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size())));
}

bool VerifyingKey::verify(base::ConstBytes message, base::ConstBytes signature) const {
  const ClearErrors clear;
  std::vector<uint8_t> der;
  if (type_ == KeyType::kP256) {
    auto converted = der_of(signature);
    if (!converted) return false;
    der = *std::move(converted);
    signature = der;
  }
  const DigestPointer context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, digest_of(type_), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

std::expected<SigningKey, std::string> SigningKey::from_pem(std::string_view text) {
  const ClearErrors clear;
  KeyPointer key(PEM_read_bio_PrivateKey(read_only(text).get(), nullptr, no_passphrase, nullptr));
  if (!key) return Failure("there is no unencrypted private key in PEM");
  const auto type = type_of(key.get());
  if (!type) return Failure(type.error());
  return SigningKey(std::move(key), *type);
}

std::vector<uint8_t> SigningKey::sign(base::ConstBytes message) const {
  const DigestPointer context(EVP_MD_CTX_new());
  size_t size = 0;
  CHECK(EVP_DigestSignInit(context.get(), nullptr, digest_of(type_), nullptr, key_.get()) == 1);
  CHECK(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
  std::vector<uint8_t> signature(size);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
  signature.resize(size);
  return type_ == KeyType::kP256 ? raw_of(signature) : signature;
}

}  // namespace heliograph::crypto
