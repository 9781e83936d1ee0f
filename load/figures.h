// SPDX-License-Identifier: Apache-2.0
// Figures as reports give them.
#pragma once

#include "base/time.h"

namespace heliograph::load {

inline double ms(base::Duration d) { return static_cast<double>(d.us()) / 1000; }

inline double percent_of_core(base::Duration cpu, base::Duration wall) {
  return wall.us() > 0 ? 100 * cpu.to_seconds() / wall.to_seconds() : 0;
}

}  // namespace heliograph::load
