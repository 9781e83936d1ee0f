// SPDX-License-Identifier: Apache-2.0
#include "base/percent.h"

#include <gtest/gtest.h>

namespace heliograph::base {
namespace {

// RFC 3986 sections 2.1 and 2.3.
TEST(Percent, OnlyWhatIsUnreservedStays) {
  EXPECT_EQ(percent_encoded("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encoded("a/b c?d#e%&+=:@!$'()*,;"), "a%2Fb%20c%3Fd%23e%25%26%2B%3D%3A%40%21%24%27%28%29%2A%2C%3B");
  EXPECT_EQ(percent_encoded("\xc3\xa4\x01\xff"), "%C3%A4%01%FF");
  EXPECT_EQ(percent_encoded(""), "");
}

// Section 5.2.4.
TEST(Percent, NoSegmentIsTakenForAStepInThePath) {
  EXPECT_EQ(percent_encoded("."), "%2E");
  EXPECT_EQ(percent_encoded(".."), "%2E%2E");
  EXPECT_EQ(percent_encoded("..."), "...");
}

}  // namespace
}  // namespace heliograph::base
