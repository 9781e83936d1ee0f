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

TEST(Room, ForwardingBelongsToThePublication) {  // B-25
  Room room({}, "a");
  const SessionKey key{"a", "s"};
  join(room, "a");
  room.forward(key, true);  // publishes nothing
  room.publish(key, {0, 1}, {track(plan::Codec::kOpus)});
  EXPECT_FALSE(room.session(key)->publication->forwarded);
  const auto before = room.hls_version();
  room.forward(key, true);
  EXPECT_GT(room.hls_version(), before);
  room.publish(key, {0, 1}, {track(plan::Codec::kOpus), track(plan::Codec::kVp8)});
  EXPECT_TRUE(room.session(key)->publication->forwarded);
  room.publish(key, {0, 2}, {track(plan::Codec::kOpus)});
  EXPECT_FALSE(room.session(key)->publication->forwarded);
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
  EXPECT_EQ(routes(room).begin()->second.tracks.size(), 1u);  // H264 is not what is published
  room.publish(alice, {0, 9}, {track(plan::Codec::kOpus)});
  EXPECT_TRUE(routes(room).empty());
  room.publish(alice, publication, {track(plan::Codec::kOpus)});
  EXPECT_EQ(routes(room).size(), 1u);
  room.unwatch(bob, alice);
  EXPECT_TRUE(routes(room).empty());
}

TEST(Room, AnAssignedRoleWinsAndLastsAsLongAsTheRoom) {  // B-57
  Room room({.publishing_users = 2}, "a");
  join(room, "a");
  EXPECT_TRUE(room.assign("b", Role::kAdmin));
  EXPECT_EQ(join(room, "b", "s", {.claimed = Role::kViewer}).value(), Role::kAdmin);
  room.leave(kNow, {"b", "s"});
  EXPECT_EQ(join(room, "b").value(), Role::kAdmin);
  join(room, "c");
  EXPECT_EQ(room.assign("c", Role::kPublisher).error().code, base::Code::kRoomFull);
  EXPECT_EQ(room.role_of("c"), Role::kViewer);
  EXPECT_TRUE(room.assign("b", Role::kViewer));
  EXPECT_TRUE(room.assign("c", Role::kPublisher));
  EXPECT_TRUE(room.assign("b", Role::kViewer)) << "again: nothing new";
}

TEST(Room, StandingIsKeptByWhoStaysAPublisherAndLostByWhoDoesNot) {  // B-57
  Room room({}, "a");
  for (const auto* user : {"a", "b"}) join(room, user, "s", kPublishes);
  EXPECT_TRUE(room.assign("a", Role::kAdmin));
  EXPECT_EQ(room.owner(), "a");
  EXPECT_TRUE(room.assign("a", Role::kViewer));
  EXPECT_TRUE(room.assign("a", Role::kPublisher));
  EXPECT_EQ(room.owner(), "b");
}

TEST(Room, NobodyOwnsARoomThatNobodyInItMadeAndWhoJoinsFirstIsAsOthers) {
  Room room({}, "");
  EXPECT_EQ(join(room, "a").value(), Role::kViewer);
  EXPECT_EQ(room.owner(), "");
  EXPECT_EQ(join(room, "b", "s", kPublishes).value(), Role::kPublisher);
  EXPECT_EQ(room.owner(), "b");
}

TEST(Room, BansAndRolesHaveLimits) {
  Room room({.banned_users = 2, .assigned_roles = 2}, "");
  for (const auto* user : {"a", "b", "b"}) EXPECT_TRUE(room.ban(user));
  EXPECT_EQ(room.ban("c").error().code, base::Code::kInternalServerError);
  EXPECT_TRUE(room.is_banned("a") && room.is_banned("b")) << "for the room's life (B-57)";
  room.unban("b");
  EXPECT_FALSE(room.is_banned("b"));
  EXPECT_TRUE(room.ban("c"));
  EXPECT_TRUE(room.assign("a", Role::kPublisher));
  EXPECT_TRUE(room.assign("b", Role::kPublisher));
  EXPECT_TRUE(room.assign("a", Role::kViewer));
  EXPECT_EQ(room.assign("c", Role::kPublisher).error().code, base::Code::kInternalServerError);
}

TEST(Room, ItsLimitsMayChangeAndWhoIsInStaysIn) {
  Room room({}, "a");
  for (const auto* user : {"a", "b", "c"}) join(room, user, "s", kPublishes);
  room.limit_publishing_users(1);
  room.limit_users(4);
  EXPECT_EQ(room.role_of("c"), Role::kPublisher);
  EXPECT_EQ(join(room, "d", "s", kPublishes).value(), Role::kViewer);
  EXPECT_FALSE(join(room, "e"));
  room.limit_users(5);
  room.limit_sessions(5);
  EXPECT_TRUE(join(room, "e"));
  EXPECT_FALSE(join(room, "e", "second"));
}

TEST(Room, AWishBelongsToTheRoute) {
  Room room({}, "a");
  const SessionKey alice{"a", "s"}, bob{"b", "s"};
  join(room, "a");
  join(room, "b");
  room.publish(alice, {0, 1}, {track(plan::Codec::kVp8)});
  room.watch(bob, alice, {0, 2}, {0, 1});
  room.wish(bob, alice, {.layer = plan::Layer::kLow, .paused = true});
  room.take(bob, alice, {line(plan::Codec::kVp8)});
  room.take_touched();
  EXPECT_EQ(routes(room).begin()->second.wish, (plan::Wish{.layer = plan::Layer::kLow, .paused = true}));
  room.wish(bob, alice, {});
  EXPECT_EQ(room.take_touched().size(), 1u);
  EXPECT_EQ(routes(room).begin()->second.wish, plan::Wish{});
}

TEST(Room, OnlyTheRoutesOfWhoDoesSomethingAreLookedAtAgain) {
  Room room({}, "a");
  const SessionKey alice{"a", "s"}, bob{"b", "s"}, carol{"c", "s"};
  for (const auto* user : {"a", "b", "c"}) join(room, user);
  room.publish(alice, {0, 1}, {track(plan::Codec::kVp8)});
  room.watch(bob, alice, {0, 2}, {0, 1});
  room.take(bob, alice, {line(plan::Codec::kVp8)});
  room.take_touched();
  room.watch(carol, alice, {0, 3}, {0, 1});
  room.take(carol, alice, {line(plan::Codec::kVp8)});
  const RouteKey bobs{{0, 1}, {0, 2}}, carols{{0, 1}, {0, 3}};
  auto touched = room.take_touched();
  ASSERT_EQ(touched.size(), 1u);
  EXPECT_TRUE(route(room, carols, touched.at(carols)));
  EXPECT_TRUE(room.take_touched().empty());
  room.unpublish(alice);
  touched = room.take_touched();
  ASSERT_EQ(touched.size(), 2u);
  EXPECT_FALSE(route(room, bobs, touched.at(bobs)));
  room.leave({}, bob);
  EXPECT_EQ(room.take_touched().count(bobs), 1u);
}

TEST(Room, AVersionGrowsWithWhatItsListShowsOnly) {
  Room room({}, "a");
  const SessionKey alice{"a", "s"}, bob{"b", "s"};
  join(room, "a");
  room.publish(alice, {0, 1}, {track(plan::Codec::kVp8)});
  room.list(alice);
  const auto publications = room.list_version(), members = room.member_version(), streams = room.hls_version();
  join(room, "b");
  room.enable(bob, false, {});
  room.watch(bob, alice, {0, 2}, {0, 1});
  EXPECT_TRUE(room.assign("b", Role::kPublisher));
  room.leave({}, bob);
  EXPECT_EQ(room.list_version(), publications);
  EXPECT_EQ(room.hls_version(), streams);
  EXPECT_EQ(room.member_version(), members + 3);
  room.enable(alice, false, {});
  EXPECT_GT(room.list_version(), publications);
}

TEST(Room, ASecondDeviceThatKnowsNoNameTakesNoneAway) {  // B-12
  Room room({}, "a");
  room.join({"a", "1"}, {.username = "Ann", .fullname = "", .avatar = ""}, {}, {});
  room.join({"a", "2"}, {}, {}, {});
  EXPECT_EQ(room.user("a")->profile.username, "Ann");
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
