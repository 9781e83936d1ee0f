// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace heliograph::base {

// Does the pattern cover the whole text? `*` stands for any run of characters, also none; `?` for one character of
// UTF-8; every other byte for itself. Only the last `*` is ever gone back to, since what an earlier one could give away
// the last one takes as well: at most |pattern|·|text| steps, no recursion, whatever the pattern.
constexpr bool glob_matches(std::string_view pattern, std::string_view text) {
  const auto after_character = [text](size_t i) {
    for (++i; i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;) ++i;
    return i;
  };
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0, t = 0, star = kNone, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t = after_character(t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = resume = after_character(resume);
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace heliograph::base
