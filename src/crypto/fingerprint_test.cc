// SPDX-License-Identifier: Apache-2.0
#include "crypto/fingerprint.h"

#include <cctype>

#include <gtest/gtest.h>

namespace heliograph::crypto {
namespace {

constexpr std::string_view kSha1 =
    "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";  // RFC 8122 section 5

TEST(Fingerprint, IsReadAndWrittenAsInRfc8122) {
  const auto fingerprint = Fingerprint::parse(kSha1);
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(fingerprint->algorithm, "sha-1");
  EXPECT_EQ(fingerprint->value.size(), 20u);
  EXPECT_EQ(fingerprint->value.front(), 0x4a);
  EXPECT_EQ(fingerprint->to_string(), kSha1);
}

TEST(Fingerprint, CaseDoesNotMatter) {
  std::string lower(kSha1);
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  std::string upper(kSha1);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  ASSERT_TRUE(Fingerprint::parse(lower));
  EXPECT_EQ(Fingerprint::parse(lower), Fingerprint::parse(upper));
  EXPECT_EQ(Fingerprint::parse(upper)->algorithm, "sha-1");
}

TEST(Fingerprint, EveryKnownAlgorithmHasItsLength) {
  for (const auto& [algorithm, size] :
       {std::pair{"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}) {
    const Fingerprint fingerprint{algorithm, std::vector<uint8_t>(static_cast<size_t>(size), 0xa5)};
    EXPECT_EQ(Fingerprint::parse(fingerprint.to_string()), fingerprint);
    const Fingerprint shorter{algorithm, std::vector<uint8_t>(static_cast<size_t>(size) - 1, 0xa5)};
    EXPECT_FALSE(Fingerprint::parse(shorter.to_string())) << algorithm;
  }
}

TEST(Fingerprint, WhatIsNotOneIsRefused) {
  for (const auto text : {"", " ", "sha-1", "sha-1 ", "md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
                          "sha-1 4A-AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
                          "sha-1 4G:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
                          "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:",
                          "sha-1  4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"})
    EXPECT_FALSE(Fingerprint::parse(text)) << text;
}

}  // namespace
}  // namespace heliograph::crypto
