// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "gateway/http.h"

namespace heliograph::server {

// The page, as it was built from web/ and put into the binary (cmake/EmbedAssets.cmake).
std::span<const gateway::Asset> assets();

}  // namespace heliograph::server
