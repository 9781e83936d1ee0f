// SPDX-License-Identifier: Apache-2.0
#include "token/jwt.h"

#include <functional>

#include "crypto/base64.h"
#include "crypto/hmac.h"
#include "crypto/testing_keys.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::token {
namespace {

using testing::HasSubstr;
namespace keys_of = crypto::testing;

constexpr int64_t kNow = 1'800'000'000;
const std::string kSecret = "a secret of thirty-two bytes, no less";

std::string encoded(std::string_view text) { return crypto::base64url(base::as_bytes(text)); }
std::string decoded(std::string_view text) { return std::string(base::as_text(*crypto::from_base64url(text))); }

std::string hs256(std::string_view header, std::string_view payload, std::string_view secret = kSecret) {
  const auto text = encoded(header) + "." + encoded(payload);
  return text + "." + crypto::base64url(crypto::hmac_sha256(base::as_bytes(secret), base::as_bytes(text)));
}

std::string signed_by(const std::string& private_key, std::string_view header, std::string_view payload) {
  const auto text = encoded(header) + "." + encoded(payload);
  return text + "." + crypto::base64url(crypto::SigningKey::from_pem(private_key)->sign(base::as_bytes(text)));
}

const std::string kPayload = fmt::format(R"({{"sub":"ann","exp":{}}})", kNow + 60);

// Keys that take long to make are made once.
struct Pairs {
  keys_of::PemPair rsa = keys_of::rsa_pair(), p256 = keys_of::ec_pair(), ed25519 = keys_of::ed25519_pair();
};
const Pairs& pairs() {
  static const Pairs pairs;
  return pairs;
}

Keys all_keys() {
  Keys keys;
  EXPECT_TRUE(keys.add_secret("web", kSecret));
  for (const auto& pem : {pairs().rsa.public_key, pairs().p256.public_key, pairs().ed25519.public_key})
    EXPECT_TRUE(keys.add_pem(pem));
  return keys;
}

Reason reason_of(const std::expected<Claims, Refused>& verified) {
  EXPECT_FALSE(verified) << "taken";
  return verified ? Reason::kForeign : verified.error().reason;
}

// ── vectors ──

const std::string kJoe =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr int64_t kJoesTime = 1'300'819'380 - 60;

// Nothing but the missing sub keeps these tokens out: their signatures are good.
void expect_signature(std::string_view token, const Keys& keys) {
  const auto verified = verify(token, keys, {}, kJoesTime);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().reason, Reason::kClaim) << verified.error().sentence;
  EXPECT_THAT(verified.error().sentence, HasSubstr("sub"));
}

TEST(Jwt, TheHs256OfTheRfcIsVerified) {  // RFC 7515 appendix A.1
  Keys keys;
  ASSERT_TRUE(
      keys.add_secret("a1", decoded("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwj"
                                    "AzZr1Z9CAow")));
  expect_signature("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + kJoe + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                   keys);
}

TEST(Jwt, TheRs256OfTheRfcIsVerified) {  // RFC 7515 appendix A.2
  Keys keys;
  ASSERT_TRUE(keys.add_jwks(
      R"({"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4q)"
      "PCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
      "bSf63kpaSHSXndS5z5re"
      "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
      "h9"
      R"(iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]})"));
  expect_signature(
      "eyJhbGciOiJSUzI1NiJ9." + kJoe +
          ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
          "O8W2Fp5jujGbds9uJdbF9CU"
          "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_"
          "dO--"
          "xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
          "Ioy"
          "pGlUPQGe77Rw",
      keys);
}

constexpr std::string_view kEs256Jwk = R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                                       R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

TEST(Jwt, TheEs256OfTheRfcIsVerified) {  // RFC 7515 appendix A.3
  Keys keys;
  ASSERT_TRUE(keys.add_jwks(kEs256Jwk));
  expect_signature("eyJhbGciOiJFUzI1NiJ9." + kJoe +
                       ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
                   keys);
}

TEST(Jwt, TheEs512OfTheRfcIsAnAlgorithmThatIsNotTaken) {  // RFC 7515 appendix A.4
  Keys keys;
  ASSERT_TRUE(keys.add_jwks(kEs256Jwk));
  EXPECT_EQ(reason_of(verify("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwM", keys, {}, kNow)), Reason::kAlgorithm);
}

TEST(Jwt, TheUnsecuredTokenOfTheRfcIsRefused) {  // RFC 7519 section 6.1
  EXPECT_EQ(reason_of(verify("eyJhbGciOiJub25lIn0." + kJoe + ".", all_keys(), {}, kJoesTime)), Reason::kAlgorithm);
}

// Their payloads are no JSON: good signatures come as far as that.
void expect_signature_over_text(const std::string& token, const Keys& keys) {
  const auto verified = verify(token, keys, {}, kNow);
  ASSERT_FALSE(verified);
  EXPECT_THAT(verified.error().sentence, HasSubstr("payload is not a JSON object"));
}

TEST(Jwt, TheEd25519OfTheRfcIsVerified) {  // RFC 8037 appendix A.4
  Keys keys;
  ASSERT_TRUE(keys.add_jwks(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"));
  expect_signature_over_text(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
      keys);
}

const std::string kFrodo =
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIG"
    "lmI"
    "HlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

TEST(Jwt, TheCookbooksSignaturesAreVerified) {  // RFC 7520 sections 4.1 and 4.4
  Keys keys;
  ASSERT_TRUE(keys.add_jwks(
      R"({"keys":[{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","e":"AQAB","n":"n4EPtAOCc9AlkeQHPzHStg)"
      "Abgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-"
      "QtiWN2lbzcEe6XC"
      "0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-"
      "OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0F"
      R"(Vbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"}]})"));
  ASSERT_TRUE(
      keys.add_secret("018c0ae5-4d9b-471b-bfd6-eef314bc7037", decoded("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg")));
  expect_signature_over_text(
      "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9." + kFrodo +
          ".MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-"
          "BDkoB"
          "wA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_"
          "qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0eP"
          "PQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_"
          "fcIe8u9ipH84ogoree7vjbU5y"
          "18kDquDg",
      keys);
  expect_signature_over_text("eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9." +
                                 kFrodo + ".s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
                             keys);
}

// ── what is minted is verified ──

std::vector<Signer> signers() {
  std::vector<Signer> all;
  all.push_back({kSecret, "web"});
  for (const auto& pair : {pairs().rsa, pairs().p256, pairs().ed25519})
    all.push_back({*crypto::SigningKey::from_pem(pair.private_key), {}});
  return all;
}

TEST(Jwt, WhatIsMintedWithAnyKindOfKeyIsVerifiedWithAllItsClaims) {
  const auto keys = all_keys();
  const Claims claims{.subject = "ann",
                      .expires = kNow + 3'600,
                      .rooms = {"tea*", "coffee-?"},
                      .role = Role::kAdmin,
                      .create = true,
                      .username = "Ann",
                      .fullname = "Ann \"O'Nyme\" É",
                      .avatar = "https://example.org/a.png"};
  for (const auto& signer : signers()) {
    const auto token = mint(claims, {"issuer", "rooms"}, signer, kNow);
    const auto verified = verify(token, keys, {"issuer", "rooms"}, kNow);
    ASSERT_TRUE(verified) << verified.error().sentence;
    EXPECT_EQ(*verified, claims);
    EXPECT_EQ(reason_of(verify(token, keys, {"issuer", "others"}, kNow)), Reason::kForeign);
  }
}

TEST(Jwt, OneChangedBitAnywhereIsNoticed) {
  const auto keys = all_keys();
  for (const auto& signer : signers()) {
    const auto token = mint({.subject = "ann", .expires = kNow + 60}, {}, signer, kNow);
    for (size_t i = 0; i < token.size(); ++i) {
      auto changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      ASSERT_FALSE(verify(changed, keys, {}, kNow)) << "at " << i << " of " << token;
    }
  }
}

// ── the forged and the odd ──

struct Odd {
  const char* what;
  Reason reason;
  std::function<std::string()> token;
};

const Odd kOdd[] = {
    {"nothing", Reason::kMalformed, [] { return ""; }},
    {"two dots", Reason::kMalformed, [] { return ".."; }},
    {"two parts", Reason::kMalformed, [] { return encoded(R"({"alg":"HS256"})") + "." + encoded(kPayload); }},
    {"an encrypted token", Reason::kMalformed, [] { return "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA"; }},
    {"alg none", Reason::kAlgorithm, [] { return encoded(R"({"alg":"none"})") + "." + encoded(kPayload) + "."; }},
    {"alg nOnE, with a signature", Reason::kAlgorithm, [] { return hs256(R"({"alg":"nOnE"})", kPayload); }},
    {"alg hs256", Reason::kAlgorithm, [] { return hs256(R"({"alg":"hs256"})", kPayload); }},
    {"alg HS512", Reason::kAlgorithm, [] { return hs256(R"({"alg":"HS512"})", kPayload); }},
    {"no alg", Reason::kMalformed, [] { return hs256(R"({"typ":"JWT"})", kPayload); }},
    {"alg a list", Reason::kMalformed, [] { return hs256(R"({"alg":["HS256"]})", kPayload); }},
    {"alg null", Reason::kMalformed, [] { return hs256(R"({"alg":null})", kPayload); }},
    {"alg twice", Reason::kMalformed, [] { return hs256(R"({"alg":"HS256","alg":"none"})", kPayload); }},
    {"alg twice, once escaped", Reason::kMalformed,
     [] { return hs256("{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", kPayload); }},
    {"HMAC with the public RSA key", Reason::kSignature,
     [] { return hs256(R"({"alg":"HS256"})", kPayload, pairs().rsa.public_key); }},
    {"an HMAC that says RS256", Reason::kSignature, [] { return hs256(R"({"alg":"RS256"})", kPayload); }},
    {"RSA that says ES256", Reason::kSignature,
     [] { return signed_by(pairs().rsa.private_key, R"({"alg":"ES256"})", kPayload); }},
    {"P-256 that says EdDSA", Reason::kSignature,
     [] { return signed_by(pairs().p256.private_key, R"({"alg":"EdDSA"})", kPayload); }},
    {"no signature", Reason::kSignature, [] { return encoded(R"({"alg":"HS256"})") + "." + encoded(kPayload) + "."; }},
    {"half a signature", Reason::kSignature,
     [] {
       const auto whole = hs256(R"({"alg":"HS256"})", kPayload);
       return whole.substr(0, whole.rfind('.') + 1 + 20);
     }},
    {"a padded payload", Reason::kMalformed,
     [] { return encoded(R"({"alg":"HS256"})") + "." + encoded(kPayload) + "=." + "AAAA"; }},
    {"the other alphabet", Reason::kMalformed,
     [] { return encoded(R"({"alg":"HS256"})") + "." + encoded(kPayload) + ".ab+/"; }},
    {"a line end", Reason::kMalformed, [] { return hs256(R"({"alg":"HS256"})", kPayload) + "\n"; }},
    {"another secret", Reason::kSignature,
     [] { return hs256(R"({"alg":"HS256"})", kPayload, "another secret of thirty-two bytes!!"); }},
    {"a wrong kid", Reason::kUnknownKey, [] { return hs256(R"({"alg":"HS256","kid":"app"})", kPayload); }},
    {"kid a number", Reason::kMalformed, [] { return hs256(R"({"alg":"HS256","kid":1})", kPayload); }},
    {"kid that never ends", Reason::kMalformed,
     [] { return hs256(fmt::format(R"({{"alg":"HS256","kid":"{}"}})", std::string(257, 'k')), kPayload); }},
    {"crit", Reason::kMalformed, [] { return hs256(R"({"alg":"HS256","crit":["b64"],"b64":false})", kPayload); }},
    {"empty crit", Reason::kMalformed, [] { return hs256(R"({"alg":"HS256","crit":[]})", kPayload); }},
    {"a header of no object", Reason::kMalformed, [] { return hs256("[]", kPayload); }},
    {"a header of depth 1000", Reason::kMalformed,
     [] {
       return hs256(R"({"alg":"HS256","x":)" + std::string(1'000, '[') + std::string(1'000, ']') + "}", kPayload);
     }},
    {"a token in a token", Reason::kMalformed,
     [] { return hs256(R"({"alg":"HS256","cty":"JWT"})", hs256(R"({"alg":"HS256"})", kPayload)); }},
    {"a payload that is not UTF-8", Reason::kMalformed,
     [] { return hs256(R"({"alg":"HS256"})", "{\"sub\":\"\xff\",\"exp\":9999999999}"); }},
    {"rubbish behind the payload", Reason::kMalformed, [] { return hs256(R"({"alg":"HS256"})", kPayload + "{}"); }},
    {"more than 8 KiB", Reason::kMalformed,
     [] {
       return hs256(R"({"alg":"HS256"})",
                    fmt::format(R"({{"sub":"ann","exp":{},"x":"{}"}})", kNow + 60, std::string(8'192, 'x')));
     }},
    {"a key of its own", Reason::kSignature,
     [] {
       return signed_by(keys_of::ec_pair().private_key, fmt::format(R"({{"alg":"ES256","jwk":{}}})", kEs256Jwk),
                        kPayload);
     }},
};

TEST(Jwt, ForgedAndOddTokensAreRefusedForTheRightReason) {
  const auto keys = all_keys();
  for (const auto& odd : kOdd) {
    const auto verified = verify(odd.token(), keys, {}, kNow);
    ASSERT_FALSE(verified) << odd.what;
    EXPECT_STREQ(name_of(verified.error().reason), name_of(odd.reason))
        << odd.what << ": " << verified.error().sentence;
    EXPECT_FALSE(verified.error().sentence.empty());
  }
}

TEST(Jwt, ATokenHasThreeParts) {  // RFC 7515 section 7.1
  for (const auto* text : {"AAAA", "AAAA.AAAA", "AAAA.AAAA.AAAA.", "AAAA.AAAA.AAAA.AAAA.AAAA"})
    EXPECT_THAT(verify(text, all_keys(), {}, kNow).error().sentence, HasSubstr("three parts")) << text;
}

TEST(Jwt, ThePlainOneBesideThemIsTaken) {
  EXPECT_TRUE(verify(hs256(R"({"alg":"HS256"})", kPayload), all_keys(), {}, kNow));
  EXPECT_TRUE(verify(hs256(R"({"alg":"HS256","kid":"web","typ":"JWT"})", kPayload), all_keys(), {}, kNow));
  EXPECT_TRUE(
      verify(signed_by(pairs().rsa.private_key, R"({"alg":"RS256","kid":"any"})", kPayload), all_keys(), {}, kNow));
}

TEST(Jwt, NobodyIsLetInWhereThereIsNoKey) {
  for (const auto& signer : signers())
    EXPECT_EQ(reason_of(verify(mint({.subject = "ann", .expires = kNow + 60}, {}, signer, kNow), {}, {}, kNow)),
              Reason::kAlgorithm);
}

}  // namespace
}  // namespace heliograph::token
