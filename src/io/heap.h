// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heliograph::io {

// Gives pages that the allocator has free back to the system, all threads'. Under a millisecond with 300 viewers; a
// thread that allocates meanwhile may wait as long. Nothing with a C library that has no word for it.
void trim_heap();

}  // namespace heliograph::io
