// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "gateway/http.h"

namespace heliograph::server {

// What the player's page loads, at /player/…: those of assets() that go with /hls/.
std::span<const gateway::Asset> player_assets();
// The page itself, for /hls/{rid}/{userId}/{sessionId}/.
std::string_view player_page();

}  // namespace heliograph::server
