// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <string>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(Glob, StarIsAnyRunAndQuestionMarkOneCharacter) {
  EXPECT_TRUE(glob_matches("tea", "tea"));
  EXPECT_TRUE(glob_matches("tea*", "tea"));
  EXPECT_TRUE(glob_matches("tea*", "tea-7/a"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("**", "x"));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(glob_matches("te?", "tea"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_FALSE(glob_matches("", "x"));
  EXPECT_FALSE(glob_matches("tea", "team"));
  EXPECT_FALSE(glob_matches("tea", "Tea"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("te?", "te"));
  EXPECT_FALSE(glob_matches("a*b", "a-b-c"));
}

TEST(Glob, AQuestionMarkIsOneCharacterOfUtf8NotOneByte) {
  EXPECT_TRUE(glob_matches("caf?", "café"));
  EXPECT_FALSE(glob_matches("caf??", "café"));
  EXPECT_TRUE(glob_matches("*?", "é"));
}

TEST(Glob, NothingButStarAndQuestionMarkIsSpecial) {
  EXPECT_TRUE(glob_matches("[a]\\.+", "[a]\\.+"));
  EXPECT_FALSE(glob_matches("[a]", "a"));
  EXPECT_FALSE(glob_matches("\\*", "*"));
}

// What it should say, in exponential time.
bool slowly(std::string_view p, std::string_view t) {
  if (p.empty()) return t.empty();
  if (p[0] == '*') return slowly(p.substr(1), t) || (!t.empty() && slowly(p, t.substr(1)));
  return !t.empty() && (p[0] == '?' || p[0] == t[0]) && slowly(p.substr(1), t.substr(1));
}

TEST(Glob, AgreesWithItsDefinitionOnRandomWords) {
  Rng rng(7);
  const auto word = [&rng](std::string_view alphabet, uint64_t max) {
    std::string out;
    for (auto n = rng.below(max + 1); n > 0; --n) out += alphabet[rng.below(alphabet.size())];
    return out;
  };
  size_t matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto pattern = word("ab*?", 8), text = word("ab", 8);
    ASSERT_EQ(glob_matches(pattern, text), slowly(pattern, text)) << pattern << " on " << text;
    matched += glob_matches(pattern, text);
  }
  EXPECT_GT(matched, 1'000u);
}

TEST(Glob, AHostilePatternCostsNoMoreThanItsSizeTimesTheTexts) {
  std::string pattern;
  for (int i = 0; i < 2'000; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(4'000, 'a')));  // 16 million steps, not 2 to the 2,000
}

}  // namespace
}  // namespace heliograph::base
