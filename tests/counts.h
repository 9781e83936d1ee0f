// SPDX-License-Identifier: Apache-2.0
// What watched threads ask of malloc and of pthread's locks, whoever asks: every such call of the process comes through
// here first.
#pragma once

#include <cstdint>

namespace heliograph::tests {

struct Counts {
  uint64_t allocations = 0;  // malloc and its kin; operator new ends there too
  uint64_t locks = 0;        // mutexes, read-write locks, spin locks, condition variables and semaphores
};

// Of all threads while they were watched, since the start.
Counts counts();

// From now on, until it is taken back, what the calling thread does is counted.
void watch_this_thread(bool watch = true);

}  // namespace heliograph::tests
