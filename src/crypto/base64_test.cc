// SPDX-License-Identifier: Apache-2.0
#include "crypto/base64.h"

#include "base/rng.h"
#include "crypto/testing_bytes.h"
#include "gtest/gtest.h"

namespace heliograph::crypto {
namespace {

TEST(Base64, EncodesTheVectorsOfTheRfc) {  // RFC 4648 section 10
  for (const auto& [text, padded] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"", ""},
                                                                            {"f", "Zg=="},
                                                                            {"fo", "Zm8="},
                                                                            {"foo", "Zm9v"},
                                                                            {"foob", "Zm9vYg=="},
                                                                            {"fooba", "Zm9vYmE="},
                                                                            {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64(base::as_bytes(text)), padded);
    const auto bare = padded.substr(0, padded.find('='));
    EXPECT_EQ(base64url(base::as_bytes(text)), bare);
    const auto back = from_base64url(bare);
    ASSERT_TRUE(back);
    EXPECT_EQ(base::as_text(*back), text);
  }
}

TEST(Base64, TheUrlAlphabetEndsInMinusAndUnderscore) {
  const auto bytes = testing::from_hex("fbefffff");
  EXPECT_EQ(base64(bytes), "++///w==");
  EXPECT_EQ(base64url(bytes), "--___w");
  EXPECT_EQ(from_base64url("--___w"), bytes);
}

TEST(Base64, EachValueHasOneSpelling) {
  for (const auto* wrong : {"Zg==", "Zh", "Zm9", "Z", "Zm9vY", "Zm 9v", "Zm9v\n", "+w", "/w", "Zm9v=", "é", "Zm9v."})
    EXPECT_FALSE(from_base64url(wrong)) << wrong;
}

TEST(Base64, WhatIsEncodedIsDecoded) {
  base::Rng rng(3);
  for (size_t size = 0; size < 300; ++size) {
    const auto bytes = testing::random_vector(rng, size);
    EXPECT_EQ(from_base64url(base64url(bytes)), bytes);
  }
}

}  // namespace
}  // namespace heliograph::crypto
