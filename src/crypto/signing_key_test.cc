// SPDX-License-Identifier: Apache-2.0
#include "crypto/signing_key.h"

#include "crypto/base64.h"
#include "crypto/certificate.h"
#include "crypto/testing_keys.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::crypto {
namespace {

using ::testing::HasSubstr;

const auto kMessage = base::as_bytes("a message");

std::vector<testing::PemPair> one_of_each() {
  return {testing::rsa_pair(), testing::ec_pair(), testing::ed25519_pair()};
}

TEST(SigningKey, WhatItSignsItsPublicKeyVerifies) {
  const KeyType types[] = {KeyType::kRsa, KeyType::kP256, KeyType::kEd25519};
  const size_t sizes[] = {256, 64, 64};
  const auto pairs = one_of_each();
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto signing = SigningKey::from_pem(pairs[i].private_key);
    const auto verifying = VerifyingKey::from_pem(pairs[i].public_key);
    ASSERT_TRUE(signing && verifying);
    EXPECT_EQ(signing->type(), types[i]);
    EXPECT_EQ(verifying->type(), types[i]);
    auto signature = signing->sign(kMessage);
    EXPECT_EQ(signature.size(), sizes[i]);
    EXPECT_TRUE(verifying->verify(kMessage, signature));
    EXPECT_FALSE(verifying->verify(base::as_bytes("A message"), signature));
    signature[7] ^= 1;
    EXPECT_FALSE(verifying->verify(kMessage, signature));
  }
}

TEST(SigningKey, ASignatureOfAnotherKeyOrSizeIsNone) {
  const auto pairs = one_of_each();
  for (const auto& pair : pairs) {
    const auto key = VerifyingKey::from_pem(pair.public_key);
    for (const auto& other : one_of_each())
      EXPECT_FALSE(key->verify(kMessage, SigningKey::from_pem(other.private_key)->sign(kMessage)));
    const auto good = SigningKey::from_pem(pair.private_key)->sign(kMessage);
    for (size_t size = 0; size < good.size(); ++size)
      EXPECT_FALSE(key->verify(kMessage, base::ConstBytes(good).first(size)));
    auto longer = good;
    longer.push_back(0);
    EXPECT_FALSE(key->verify(kMessage, longer));
    EXPECT_FALSE(key->verify(kMessage, std::vector<uint8_t>(good.size(), 0)));
  }
}

// A point in DER would be a second spelling of the same signature (RFC 7518 section 3.4).
TEST(SigningKey, AnEcdsaSignatureInDerIsNone) {
  const auto pair = testing::ec_pair();
  const auto key = VerifyingKey::from_pem(pair.public_key);
  const auto raw = SigningKey::from_pem(pair.private_key)->sign(kMessage);
  std::vector<uint8_t> der{0x30, 68, 0x02, 32};
  der.insert(der.end(), raw.begin(), raw.begin() + 32);
  der.insert(der.end(), {0x02, 32});
  der.insert(der.end(), raw.begin() + 32, raw.end());
  EXPECT_FALSE(key->verify(kMessage, der));
}

TEST(SigningKey, WeakAndForeignKeysAreRefused) {
  EXPECT_THAT(VerifyingKey::from_pem(testing::rsa_pair(1024).public_key).error(), HasSubstr("1024"));
  EXPECT_THAT(SigningKey::from_pem(testing::rsa_pair(1024).private_key).error(), HasSubstr("2048"));
  EXPECT_THAT(VerifyingKey::from_pem(testing::ec_pair("P-384").public_key).error(), HasSubstr("P-256"));
  EXPECT_THAT(VerifyingKey::from_pem(testing::ed25519_pair().private_key).error(), HasSubstr("no public key"));
  EXPECT_THAT(SigningKey::from_pem(testing::ed25519_pair().public_key).error(),
              HasSubstr("no unencrypted private key"));
  EXPECT_FALSE(VerifyingKey::from_pem(""));
  EXPECT_FALSE(VerifyingKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
}

TEST(SigningKey, ACertificateGivesItsPublicKey) {
  const auto certificate = Certificate::generate("tokens", base::Duration::seconds(60), 1'700'000'000);
  const auto key = VerifyingKey::from_pem(certificate->to_pem());
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(kMessage, SigningKey::from_pem(certificate->to_pem())->sign(kMessage)));
}

TEST(SigningKey, NumbersThatAreNoKeyAreRefused) {
  const std::vector<uint8_t> ones(32, 1), three{3}, even{4}, odd(256, 0xff);
  EXPECT_FALSE(VerifyingKey::p256(ones, ones));  // off the curve
  EXPECT_FALSE(VerifyingKey::p256(std::vector<uint8_t>(31, 1), ones));
  EXPECT_FALSE(VerifyingKey::ed25519(std::vector<uint8_t>(31, 1)));
  EXPECT_FALSE(VerifyingKey::rsa({}, {}));
  EXPECT_FALSE(VerifyingKey::rsa(std::vector<uint8_t>(128, 0xff), three));
  EXPECT_FALSE(VerifyingKey::rsa(odd, even));
  EXPECT_FALSE(VerifyingKey::rsa(odd, std::vector<uint8_t>{1}));  // every signature would be its own message
  EXPECT_FALSE(VerifyingKey::rsa(std::vector<uint8_t>(2'000, 0xff), three));
  EXPECT_TRUE(VerifyingKey::rsa(odd, three));
}

}  // namespace
}  // namespace heliograph::crypto
