// SPDX-License-Identifier: Apache-2.0
#include "io/clock.h"

#include <ctime>

namespace heliograph::io {
namespace {
int64_t micros(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}
}  // namespace

base::Timestamp now() { return base::Timestamp::from_micros(micros(CLOCK_MONOTONIC)); }
int64_t unix_micros() { return micros(CLOCK_REALTIME); }

}  // namespace heliograph::io
