// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace heliograph::crypto {
namespace {

constexpr int64_t kNow = 1'800'000'000;  // 2027
constexpr auto kMonth = base::Duration::seconds(30 * 24 * 3600);

Certificate make(std::string_view name = "heliograph") { return Certificate::generate(name, kMonth, kNow).value(); }

TEST(Certificate, IsSelfSignedWithP256) {
  const auto certificate = make();
  EXPECT_EQ(EVP_PKEY_get_bits(certificate.key()), 256);
  EXPECT_EQ(EVP_PKEY_get_base_id(certificate.key()), EVP_PKEY_EC);
  EXPECT_EQ(X509_verify(certificate.x509(), certificate.key()), 1);
  EXPECT_EQ(X509_check_issued(certificate.x509(), certificate.x509()), X509_V_OK);
}

TEST(Certificate, IsValidFromADayBeforeNow) {
  const auto certificate = make();
  time_t start = kNow - 24 * 3600;
  EXPECT_EQ(X509_cmp_time(X509_get0_notBefore(certificate.x509()), &start), -1);  // -1 means: not later
  --start;
  EXPECT_EQ(X509_cmp_time(X509_get0_notBefore(certificate.x509()), &start), 1);
  time_t end = kNow + 30 * 24 * 3600 - 1;
  EXPECT_EQ(X509_cmp_time(X509_get0_notAfter(certificate.x509()), &end), 1);
}

TEST(Certificate, SurvivesPem) {
  const auto certificate = make();
  const auto copy = Certificate::from_pem(certificate.to_pem());
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->fingerprint(), certificate.fingerprint());
  EXPECT_EQ(EVP_PKEY_eq(copy->key(), certificate.key()), 1);
}

TEST(Certificate, BrokenPemSaysWhatWasWrong) {
  const auto pem = make().to_pem();
  const auto split = pem.find("-----BEGIN CERTIFICATE");
  ASSERT_NE(split, std::string::npos);
  for (const auto& text : {std::string(), std::string("nonsense"), pem.substr(0, split), pem.substr(split),
                           pem.substr(0, split) + make().to_pem().substr(split)}) {
    const auto result = Certificate::from_pem(text);
    ASSERT_FALSE(result);
    EXPECT_FALSE(result.error().where.empty());
  }
}

TEST(Certificate, ANameThatIsTooLongIsTrouble) {
  EXPECT_TRUE(Certificate::generate(std::string(64, 'x'), kMonth, kNow));
  EXPECT_FALSE(Certificate::generate(std::string(65, 'x'), kMonth, kNow));
}

TEST(Certificate, EachHasAFingerprintOfItsOwn) {
  const auto a = make();
  const auto b = make();
  EXPECT_NE(a.fingerprint(), b.fingerprint());
  EXPECT_EQ(a.fingerprint().algorithm, "sha-256");
  EXPECT_EQ(Fingerprint::parse(a.fingerprint().to_string()), a.fingerprint());
  EXPECT_EQ(fingerprint_of(a.x509(), "sha-512")->value.size(), 64u);
  EXPECT_FALSE(fingerprint_of(a.x509(), "md5"));
}

}  // namespace
}  // namespace heliograph::crypto
