// SPDX-License-Identifier: Apache-2.0
#include "token/keys.h"

#include "crypto/hmac.h"
#include "crypto/testing_keys.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::token {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace keys_of = crypto::testing;

const std::string kOne(32, '1'), kTwo(32, '2');

std::vector<uint8_t> hmac(const std::string& secret) {
  const auto digest = crypto::hmac_sha256(base::as_bytes(secret), base::as_bytes("m"));
  return {digest.begin(), digest.end()};
}

TEST(Keys, TheKidChoosesTheSecret) {
  Keys keys;
  ASSERT_TRUE(keys.add_secret("one", kOne) && keys.add_secret("two", kTwo));
  EXPECT_TRUE(keys.check(Algorithm::kHs256, "two", "m", hmac(kTwo)));
  EXPECT_EQ(keys.check(Algorithm::kHs256, "one", "m", hmac(kTwo)).error().reason, Reason::kSignature);
  EXPECT_EQ(keys.check(Algorithm::kHs256, "three", "m", hmac(kTwo)).error().reason, Reason::kUnknownKey);
}

TEST(Keys, WithoutAKidThereMustBeExactlyOneSecret) {
  Keys keys;
  ASSERT_TRUE(keys.add_secret("one", kOne));
  EXPECT_TRUE(keys.check(Algorithm::kHs256, std::nullopt, "m", hmac(kOne)));
  ASSERT_TRUE(keys.add_secret("two", kTwo));
  EXPECT_EQ(keys.check(Algorithm::kHs256, std::nullopt, "m", hmac(kOne)).error().reason, Reason::kUnknownKey);
}

TEST(Keys, SecretsThatCannotBeMeantAreRefused) {
  Keys keys;
  EXPECT_THAT(keys.add_secret("", kOne).error(), HasSubstr("key id"));
  EXPECT_THAT(keys.add_secret("a", std::string(15, 'x')).error(), HasSubstr("\"a\" is shorter than 16 bytes"));
  EXPECT_THAT(keys.add_secret("a", keys_of::ed25519_pair().public_key).error(), HasSubstr("token_public_keys"));
  EXPECT_TRUE(keys.empty());
  EXPECT_TRUE(keys.add_secret("a", std::string(16, 'x')));
  EXPECT_TRUE(keys.add_secret("b", kOne));
  EXPECT_THAT(keys.add_secret("a", kOne).error(), HasSubstr("two secrets"));
  EXPECT_THAT(keys.weak_secrets(), ElementsAre("a"));
}

TEST(Keys, ThereAreNoMoreThanTheLimit) {
  Keys keys;
  for (size_t i = 0; i < kMaxKeys; ++i) ASSERT_TRUE(keys.add_secret(std::to_string(i), kOne));
  EXPECT_FALSE(keys.add_secret("more", kOne));
  EXPECT_FALSE(keys.add_pem(keys_of::ed25519_pair().public_key));
}

TEST(Keys, AKeyWithoutAKidIsTriedForAnyKidOfItsAlgorithm) {
  const auto one = keys_of::ed25519_pair(), two = keys_of::ed25519_pair();
  const auto signature = crypto::SigningKey::from_pem(two.private_key)->sign(base::as_bytes("m"));
  Keys keys;
  ASSERT_TRUE(keys.add_pem(one.public_key));
  EXPECT_EQ(keys.check(Algorithm::kEdDsa, "k", "m", signature).error().reason, Reason::kSignature);
  ASSERT_TRUE(keys.add_pem(two.public_key));
  EXPECT_TRUE(keys.check(Algorithm::kEdDsa, "k", "m", signature));
  EXPECT_TRUE(keys.check(Algorithm::kEdDsa, std::nullopt, "m", signature));
  EXPECT_EQ(keys.check(Algorithm::kRs256, "k", "m", signature).error().reason, Reason::kAlgorithm);
}

TEST(Keys, PrivateKeysAreNotTaken) {
  Keys keys;
  EXPECT_THAT(keys.add_pem(keys_of::ec_pair().private_key).error(), HasSubstr("private key"));
  EXPECT_TRUE(keys.empty());
}

// RFC 7517 appendix A.1's EC key and RFC 8037 appendix A.2's.
constexpr std::string_view kEc = R"("kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
                                 R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM")";
constexpr std::string_view kEd = R"("kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")";

std::string set_of(std::string_view keys) { return fmt::format(R"({{"keys":[{}]}})", keys); }

TEST(Keys, AJwksGivesTheKeysThatAreForUs) {
  for (const auto& good : {
           fmt::format("{{{}}}", kEc),
           set_of(fmt::format("{{{}}}", kEd)),
           set_of(fmt::format(R"({{{},"use":"sig","alg":"ES256","key_ops":["verify"],"kid":"1"}})", kEc)),
           set_of(
               fmt::format(R"({{"kty":"quantum"}},{{"kty":"EC","crv":"P-521"}},{{{},"use":"enc"}},{{{}}})", kEc, kEd)),
       }) {
    Keys keys;
    EXPECT_TRUE(keys.add_jwks(good)) << good << ": " << keys.add_jwks(good).error();
    EXPECT_TRUE(keys.has_public_keys());
  }
}

TEST(Keys, AJwksThatIsBrokenOrSecretIsRefused) {
  for (const auto& [bad, why] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "not a JSON object"},
           {"[]", "not a JSON object"},
           {"{}", "no key for"},
           {set_of(""), "no key for"},
           {set_of("7"), "no JSON object"},
           {set_of(fmt::format(R"({{{},"use":"enc"}})", kEc)), "no key for"},
           {set_of(fmt::format(R"({{{},"alg":"ES384"}})", kEc)), "no key for"},
           {set_of(fmt::format(R"({{{},"key_ops":["sign"]}})", kEc)), "no key for"},
           {set_of(R"({"kty":"EC","crv":"P-256","kid":"e","x":"AA","y":"AA"})"), "key \"e\": x and y must be 32 bytes"},
           {set_of(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), "2048"},
           {set_of(R"({"kty":"oct","k":"AAAA"})"), "token_secret_files"},
           {set_of(fmt::format(R"({{{},"d":"AAAA"}})", kEd)), "private key"},
           {set_of(fmt::format(R"({{{},"kty":"EC"}})", kEc)), "twice"},
       }) {
    Keys keys;
    const auto added = keys.add_jwks(bad);
    ASSERT_FALSE(added) << bad;
    EXPECT_THAT(added.error(), HasSubstr(why));
    EXPECT_TRUE(keys.empty());
  }
}

TEST(Keys, TheKidChoosesAmongTheKeysOfAJwks) {
  const auto pair = keys_of::ed25519_pair();
  Keys keys;
  ASSERT_TRUE(keys.add_jwks(set_of(fmt::format(R"({{{},"kid":"rfc"}})", kEd))));
  const auto signature = crypto::SigningKey::from_pem(pair.private_key)->sign(base::as_bytes("m"));
  EXPECT_EQ(keys.check(Algorithm::kEdDsa, "rfc", "m", signature).error().reason, Reason::kSignature);
  EXPECT_EQ(keys.check(Algorithm::kEdDsa, "other", "m", signature).error().reason, Reason::kUnknownKey);
  EXPECT_EQ(keys.check(Algorithm::kEdDsa, std::nullopt, "m", signature).error().reason, Reason::kSignature);
}

}  // namespace
}  // namespace heliograph::token
