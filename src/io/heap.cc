// SPDX-License-Identifier: Apache-2.0
#include "io/heap.h"

#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace heliograph::io {

void trim_heap() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace heliograph::io
