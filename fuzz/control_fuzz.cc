// SPDX-License-Identifier: Apache-2.0
// Bytes decide what several clients say, which peers come and go, and how time jumps; control/test_walk.h has the laws.
#include "control/test_walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  heliograph::control::Walk({bytes, size}).run();
  return 0;
}
