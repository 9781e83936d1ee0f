// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <array>
#include <utility>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "crypto/random.h"

namespace heliograph::crypto {
namespace {

using BioPointer = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free_all(bio); })>;

constexpr int64_t kBackdate = 24 * 3600;  // seconds: for peers whose clock is behind ours

// The oldest OpenSSL error of this thread goes into the sentence: it is the cause, the later ones are its callers.
base::Trouble trouble(std::string_view where) {
  std::array<char, 160> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  return {std::make_error_code(std::errc::invalid_argument), std::string(where) + ": " + reason.data()};
}

bool name_it(X509* x509, std::string_view common_name) {
  X509_NAME* name = X509_get_subject_name(x509);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(x509, name) == 1;
}

// 63 random bits: positive, as RFC 5280 section 4.1.2.2 wants it.
bool number_it(X509* x509) {
  std::array<uint8_t, 8> random{};
  random_bytes(random);
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), (base::load_be<uint64_t>(random.data()) >> 1) | 1) == 1;
}

bool date_it(X509* x509, base::Duration validity, int64_t now_unix) {
  return ASN1_TIME_set(X509_getm_notBefore(x509), now_unix - kBackdate) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(x509), now_unix + validity.us() / 1'000'000) != nullptr;
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm == "sha-1") return EVP_sha1();
  if (algorithm == "sha-224") return EVP_sha224();
  if (algorithm == "sha-256") return EVP_sha256();
  if (algorithm == "sha-384") return EVP_sha384();
  if (algorithm == "sha-512") return EVP_sha512();
  return nullptr;
}

BioPointer read_only(std::string_view text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A passphrase is never asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

void Certificate::Free::operator()(X509* x509) const { X509_free(x509); }
void Certificate::Free::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

std::expected<Certificate, base::Trouble> Certificate::generate(std::string_view common_name, base::Duration validity,
                                                                int64_t now_unix) {
  KeyPointer key(EVP_EC_gen("P-256"));
  X509Pointer x509(X509_new());
  if (!key || !x509) return std::unexpected(trouble("generate a key"));
  const bool made = X509_set_version(x509.get(), X509_VERSION_3) == 1 && number_it(x509.get()) &&
                    name_it(x509.get(), common_name) && date_it(x509.get(), validity, now_unix) &&
                    X509_set_pubkey(x509.get(), key.get()) == 1 && X509_sign(x509.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return std::unexpected(trouble("generate a certificate"));
  return Certificate(std::move(key), std::move(x509));
}

std::expected<Certificate, base::Trouble> Certificate::from_pem(std::string_view text) {
  KeyPointer key(PEM_read_bio_PrivateKey(read_only(text).get(), nullptr, no_passphrase, nullptr));
  if (!key) return std::unexpected(trouble("read a private key from PEM"));
  X509Pointer x509(PEM_read_bio_X509(read_only(text).get(), nullptr, no_passphrase, nullptr));
  if (!x509) return std::unexpected(trouble("read a certificate from PEM"));
  if (X509_check_private_key(x509.get(), key.get()) != 1)
    return std::unexpected(trouble("match a certificate with its private key"));
  return Certificate(std::move(key), std::move(x509));
}

std::string Certificate::to_pem() const {
  BioPointer out(BIO_new(BIO_s_secmem()));
  CHECK(PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  CHECK(PEM_write_bio_X509(out.get(), x509_.get()) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

Fingerprint Certificate::fingerprint() const {
  auto result = fingerprint_of(x509_.get(), "sha-256");
  CHECK(result.has_value());
  return std::move(*result);
}

std::optional<Fingerprint> fingerprint_of(const X509* x509, std::string_view algorithm) {
  const EVP_MD* digest = digest_of(algorithm);
  if (digest == nullptr) return std::nullopt;
  std::array<uint8_t, EVP_MAX_MD_SIZE> value{};
  unsigned size = 0;
  if (X509_digest(x509, digest, value.data(), &size) != 1) return std::nullopt;
  return Fingerprint{std::string(algorithm), {value.begin(), value.begin() + size}};
}

}  // namespace heliograph::crypto
