// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "load/url.h"

namespace heliograph::load {

// The body of what a GET of `url` brings; nullopt unless it is 200. Blocks, for some seconds at most.
std::optional<std::string> http_get(const Url& url);

}  // namespace heliograph::load
