// SPDX-License-Identifier: Apache-2.0
#include "room/room.h"

#include <gtest/gtest.h>

namespace heliograph::room {
namespace {

const base::Timestamp kNow = base::Timestamp::from_micros(1'000'000);
const Claim kPublishes{.claimed = std::nullopt, .otherwise = Role::kPublisher};

std::expected<Role, base::Refusal> join(Room& room, const std::string& user, const std::string& session = "s",
                                        Claim claim = {}) {
  return room.join({user, session}, {}, {"stream", "Web", ""}, claim);
}

plan::UplinkTrack track(plan::Codec codec) {
  plan::UplinkTrack t;
  t.kind = plan::kind_of(codec);
  t.codec.codec = codec;
  return t;
}
plan::DownlinkTrack line(plan::Codec codec) {
  plan::DownlinkTrack t;
  t.kind = plan::kind_of(codec);
  t.codec.codec = codec;
  return t;
}

TEST(Room, WhoCreatesItPublishesAndOwnsItOthersView) {  // B-14
  Room room({}, "alice");
  EXPECT_EQ(join(room, "alice").value(), Role::kPublisher);
  EXPECT_EQ(join(room, "bob").value(), Role::kViewer);
  EXPECT_EQ(join(room, "carol", "s", {.claimed = Role::kAdmin}).value(), Role::kAdmin);
  EXPECT_EQ(room.owner(), "alice");
}

TEST(Room, TheOwnerIsTheLongestStandingPublisher) {  // B-14, B-57
  Room room({}, "zoe");
  join(room, "zoe");
  join(room, "bob", "s", kPublishes);
  join(room, "amy", "s", kPublishes);
  room.leave(kNow, {"zoe", "s"});
  EXPECT_EQ(room.owner(), "bob");
  join(room, "zoe");
  EXPECT_EQ(room.owner(), "bob");
  room.leave(kNow, {"bob", "s"});
  room.leave(kNow, {"amy", "s"});
  room.leave(kNow, {"zoe", "s"});
  EXPECT_EQ(room.owner(), "");
}

TEST(Room, ATenthPublisherWithATokenIsTooManyAndWithoutOneViews) {
  Room room({}, "u0");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(join(room, "u" + std::to_string(i), "s", kPublishes).value(), Role::kPublisher);
  EXPECT_EQ(join(room, "x", "s", {.claimed = Role::kPublisher}).error().code, base::Code::kRoomFull);
  EXPECT_EQ(join(room, "y", "s", kPublishes).value(), Role::kViewer);
  EXPECT_EQ(join(room, "u0", "second").value(), Role::kPublisher);  // users count, not sessions
}

TEST(Room, ItsTablesHaveLimits) {
  Room room({.users = 2, .sessions = 3, .sessions_per_user = 2}, "a");
  EXPECT_TRUE(join(room, "a", "1"));
  EXPECT_TRUE(join(room, "a", "2"));
  EXPECT_FALSE(join(room, "a", "3"));
  EXPECT_TRUE(join(room, "b", "1"));
  EXPECT_FALSE(join(room, "c", "1"));
  EXPECT_FALSE(join(room, "b", "2"));
  EXPECT_TRUE(join(room, "b", "1"));  // again: nothing new
  EXPECT_EQ(room.session_count(), 3u);
}

TEST(Room, ThoseWhoLeftAreRememberedForAWhile) {  // B-16
  Room room({}, "a");
  join(room, "a");
  room.leave(kNow, {"a", "s"});
  const auto minute = base::Duration::seconds(60);
  EXPECT_TRUE(room.has_left(kNow + base::Duration::seconds(59), minute, {"a", "s"}));
  EXPECT_TRUE(room.user_has_left(kNow, minute, "a"));
  EXPECT_FALSE(room.user_has_left(kNow, minute, "b"));
  EXPECT_FALSE(room.has_left(kNow + minute, minute, {"a", "s"}));
  join(room, "a");
  EXPECT_FALSE(room.has_left(kNow, minute, {"a", "s"}));
}

TEST(Room, TheOldestOfThoseWhoLeftIsForgottenFirst) {
  Room room({.left_sessions = 2}, "a");
  for (const auto* user : {"a", "b", "c"}) {
    join(room, user);
    room.leave(kNow, {user, "s"});
  }
  const auto minute = base::Duration::seconds(60);
  EXPECT_FALSE(room.has_left(kNow, minute, {"a", "s"}));
  EXPECT_TRUE(room.has_left(kNow, minute, {"c", "s"}));
}

TEST(Room, TheListShowsWhatIsEnabledNegotiatedAndUp) {  // B-26, B-31
  Room room({}, "a");
  const SessionKey key{"a", "s"};
  join(room, "a");
  room.publish(key, {0, 1}, {track(plan::Codec::kOpus), track(plan::Codec::kVp8)});
  EXPECT_TRUE(listed(room).empty());
  room.list(key);
  room.enable(key, false, std::nullopt);
  ASSERT_EQ(listed(room).size(), 1u);
  EXPECT_FALSE(listed(room)[0].video);
  EXPECT_TRUE(listed(room)[0].audio);
  room.publish(key, {0, 1}, {track(plan::Codec::kVp8)});
  EXPECT_FALSE(listed(room, key)->audio);
  room.publish(key, {0, 2}, {track(plan::Codec::kVp8)});  // another publication: not up yet
  EXPECT_FALSE(listed(room, key));
}

TEST(Room, ARouteIsAnAnsweredDownlinkToALivingPublication) {
  Room room({}, "a");
  const SessionKey alice{"a", "s"}, bob{"b", "s"};
  join(room, "a");
  join(room, "b");
  const plan::PublicationId publication{0, 1};
  const plan::PeerId peer{1, 2};
  room.publish(alice, publication, {track(plan::Codec::kOpus), track(plan::Codec::kVp8)});
  room.watch(bob, alice, peer, publication);
  EXPECT_TRUE(routes(room).empty());
  room.take(bob, alice, {line(plan::Codec::kOpus), line(plan::Codec::kH264)});
  ASSERT_EQ(routes(room).size(), 1u);
  EXPECT_EQ(routes(room).begin()->first, RouteKey(publication, peer));
  EXPECT_EQ(routes(room).begin()->second.size(), 1u);  // H264 is not what is published
  room.publish(alice, {0, 9}, {track(plan::Codec::kOpus)});
  EXPECT_TRUE(routes(room).empty());
  room.publish(alice, publication, {track(plan::Codec::kOpus)});
  EXPECT_EQ(routes(room).size(), 1u);
  room.unwatch(bob, alice);
  EXPECT_TRUE(routes(room).empty());
}

TEST(Room, InP2pEveryoneIsListedAndTheCreatorOwns) {  // B-55
  Room room({.users = 2, .everyone_publishes = true, .lists_sessions = true}, "a");
  join(room, "a");
  EXPECT_EQ(join(room, "b").value(), Role::kPublisher);
  EXPECT_EQ(listed(room).size(), 2u);
  EXPECT_EQ(room.owner(), "a");
}

}  // namespace
}  // namespace heliograph::room
