// SPDX-License-Identifier: Apache-2.0
#include "server/player_assets.h"

#include "gmock/gmock.h"

namespace heliograph::server {
namespace {

using testing::Field;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(PlayerAssets, AreThePlayersAndNothingOfTheRoomPage) {
  const auto path = [](const char* name) { return Field(&gateway::Asset::path, name); };
  EXPECT_THAT(player_assets(), UnorderedElementsAre(path("/player/hls.js"), path("/player/index.html"),
                                                    path("/player/player.css"), path("/player/player.js")));
}

TEST(PlayerAssets, ThePageLoadsThemFromWhereItIsServed) {
  EXPECT_THAT(std::string(player_page()), HasSubstr("src=\"../../../../player/player.js\""));
}

}  // namespace
}  // namespace heliograph::server
