// SPDX-License-Identifier: Apache-2.0
#include "server/player_assets.h"

#include <algorithm>

#include "server/assets.h"

namespace heliograph::server {

// They lie side by side: the table is sorted by path.
std::span<const gateway::Asset> player_assets() {
  const auto all = assets();
  const auto is_player = [](const gateway::Asset& asset) { return asset.path.starts_with("/player/"); };
  const auto first = std::ranges::find_if(all, is_player);
  return {first, std::find_if_not(first, all.end(), is_player)};
}

std::string_view player_page() {
  const auto player = player_assets();
  const auto page = std::ranges::find(player, "/player/index.html", &gateway::Asset::path);
  return page == player.end() ? std::string_view() : page->bytes;
}

}  // namespace heliograph::server
