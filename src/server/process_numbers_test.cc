// SPDX-License-Identifier: Apache-2.0
#include "server/process_numbers.h"

#include <ctime>

#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

TEST(ProcessNumbers, FieldsAreFoundWhateverTheProcessIsCalled) {
  EXPECT_EQ(start_ticks("7 (a) b) R) S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 100 200 3"), 987'654u);
  EXPECT_EQ(start_ticks("7 (short) S 1 7"), 0u);
  EXPECT_EQ(start_ticks(""), 0u);
  EXPECT_EQ(boot_seconds("cpu  1 2 3\nctxt 5\nbtime 1700000000\nprocesses 9\n"), 1'700'000'000u);
  EXPECT_EQ(boot_seconds("cpu  1 2 3\n"), 0u);
}

TEST(ProcessNumbers, AreThoseOfThisProcess) {
  const auto numbers = ProcessNumbers::now();
  EXPECT_GT(numbers.cpu_seconds, 0);
  EXPECT_GT(numbers.resident_bytes, 1'000'000u);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(numbers.start_seconds, now + 2);
  EXPECT_GT(numbers.start_seconds, now - 24 * 3600);
}

}  // namespace
}  // namespace heliograph::server
