// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <gtest/gtest.h>

#include "crypto/crc32.h"
#include "crypto/random.h"
#include "crypto/testing_bytes.h"

namespace heliograph::crypto {
namespace {

using base::as_bytes;
using testing::from_hex;

constexpr std::string_view kLongKeyText = "Test Using Larger Than Block-Size Key - Hash Key First";

template <class Digest>
std::vector<uint8_t> vector_of(const Digest& digest) {
  return {digest.begin(), digest.end()};
}

TEST(Hmac, Sha1AgreesWithRfc2202) {
  const std::vector<uint8_t> key(20, 0x0b);
  EXPECT_EQ(vector_of(hmac_sha1(key, as_bytes("Hi There"))), from_hex("b617318655057264e28bc0b6fb378c8ef146be00"));
  EXPECT_EQ(vector_of(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            from_hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
  const std::vector<uint8_t> long_key(80, 0xaa);
  EXPECT_EQ(vector_of(hmac_sha1(long_key, as_bytes(kLongKeyText))),
            from_hex("aa4ae5e15272d00e95705637ce8a3b55ed402112"));
}

TEST(Hmac, Sha256AgreesWithRfc4231) {
  const std::vector<uint8_t> key(20, 0x0b);
  EXPECT_EQ(vector_of(hmac_sha256(key, as_bytes("Hi There"))),
            from_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
  const std::vector<uint8_t> long_key(131, 0xaa);
  EXPECT_EQ(vector_of(hmac_sha256(long_key, as_bytes(kLongKeyText))),
            from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

TEST(Hmac, TwoPiecesCountAsOne) {
  base::Rng rng(1);
  const auto key = testing::random_vector(rng, 20);
  const auto text = testing::random_vector(rng, 300);
  const base::ConstBytes bytes(text);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(hmac_sha1(key, bytes.first(cut), bytes.subspan(cut)), hmac_sha1(key, bytes));
    EXPECT_EQ(hmac_sha256(key, bytes.first(cut), bytes.subspan(cut)), hmac_sha256(key, bytes));
  }
}

TEST(Hmac, AKeyServesManyMessages) {
  const HmacSha1 hmac(as_bytes("key"));
  for (const auto text : {"", "a", "another"})
    EXPECT_EQ(hmac.digest(as_bytes(text)), hmac_sha1(as_bytes("key"), as_bytes(text)));
}

TEST(Hmac, ComparisonSeesEveryByteAndTheSize) {
  const auto a = from_hex("00112233");
  EXPECT_TRUE(equal_in_constant_time(a, from_hex("00112233")));
  EXPECT_FALSE(equal_in_constant_time(a, from_hex("001122")));
  for (size_t i = 0; i < a.size(); ++i) {
    auto b = a;
    b[i] ^= 1;
    EXPECT_FALSE(equal_in_constant_time(a, b));
  }
}

TEST(Crc32, AgreesWithTheCheckValueOfIeee8023) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(crc32({}), 0u);
}

TEST(Random, IceCharsAreOfTheAlphabetAndAllOfThemCome) {
  const auto text = random_ice_chars(20'000);
  std::array<int, 256> count{};
  for (const char c : text) {
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/');
    ++count[static_cast<uint8_t>(c)];
  }
  EXPECT_EQ(std::ranges::count_if(count, [](int n) { return n != 0; }), 64);
  // 312 each on average; 12 standard deviations up and down.
  for (const int n : count) EXPECT_TRUE(n == 0 || (n > 100 && n < 525)) << n;
  EXPECT_NE(random_ice_chars(22), random_ice_chars(22));
}

}  // namespace
}  // namespace heliograph::crypto
