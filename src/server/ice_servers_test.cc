// SPDX-License-Identifier: Apache-2.0
#include "server/ice_servers.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/testing_files.h"

namespace heliograph::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Options with_turn() {
  Options options;
  options.stun_urls = {"stun:stun.example.org:3478"};
  options.turn_urls = {"turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"};
  options.turn_secret = "north";
  options.turn_ttl = base::Duration::seconds(3'600);
  return options;
}

// The credential by another hand: echo -n 1433895918:ann | openssl dgst -sha1 -hmac north -binary | base64
TEST(IceServers, TurnCredentialsFollowCoturnsScheme) {
  const auto servers = IceServers::create(with_turn())->of("ann", 1'433'895'918 - 3'600);
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_THAT(servers[0].urls, ElementsAre("stun:stun.example.org:3478"));
  EXPECT_EQ(servers[0].username, "");
  EXPECT_THAT(servers[1].urls, ElementsAre("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"));
  EXPECT_EQ(servers[1].username, "1433895918:ann");
  EXPECT_EQ(servers[1].credential, "zAlhH20kpuDJR8ZKdq5vyQV+Ung=");
}

TEST(IceServers, EachUserHasCredentialsOfTheirOwn) {
  const auto servers = IceServers::create(with_turn());
  EXPECT_NE(servers->of("ann", 1).back().credential, servers->of("bob", 1).back().credential);
  EXPECT_NE(servers->of("ann", 1).back().credential, servers->of("ann", 2).back().credential);
}

TEST(IceServers, NothingIsToldWhereThereIsNone) { EXPECT_THAT(IceServers::create({})->of("ann", 1), IsEmpty()); }

TEST(IceServers, TheSecretMayStandInAFile) {
  const testing_files::Folder folder;
  auto options = with_turn();
  options.turn_secret = {};
  options.turn_secret_file = folder.write("turn", "north\n");
  EXPECT_EQ(IceServers::create(options)->of("ann", 1).back().credential,
            IceServers::create(with_turn())->of("ann", 1).back().credential);
  options.turn_secret_file = folder.write("empty", "\n");
  EXPECT_THAT(IceServers::create(options).error(), HasSubstr("empty: holds no secret"));
  options.turn_secret_file = folder.path("missing");
  EXPECT_THAT(IceServers::create(options).error(), HasSubstr("missing"));
}

}  // namespace
}  // namespace heliograph::server
