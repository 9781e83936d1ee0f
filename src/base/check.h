// SPDX-License-Identifier: Apache-2.0
// CHECK(condition): an invariant of our own code. A broken one is a bug, never something that a client sent.
#pragma once

namespace heliograph::base {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace heliograph::base

#define CHECK(condition) \
  (__builtin_expect(!(condition), 0) ? ::heliograph::base::check_failed(#condition, __FILE__, __LINE__) : (void)0)
