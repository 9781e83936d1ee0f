// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/time.h"

namespace heliograph::io {

// CLOCK_MONOTONIC.
base::Timestamp now();
// CLOCK_REALTIME, as microseconds since 1970.
int64_t unix_micros();

}  // namespace heliograph::io
