// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace heliograph::base {

// Asks for memory that will be read soon. Nothing is read: any address will do.
inline void prefetch(const void* at, size_t bytes) {
  constexpr size_t kCacheLine = 64;
  const auto* from = static_cast<const char*>(at);
  for (size_t i = 0; i < bytes; i += kCacheLine) __builtin_prefetch(from + i);
}

}  // namespace heliograph::base
