// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace heliograph::hls {

// Bytes that are made once and never changed: they pass between threads and wait in queues without a copy.
using Blob = std::shared_ptr<const std::vector<uint8_t>>;

}  // namespace heliograph::hls
