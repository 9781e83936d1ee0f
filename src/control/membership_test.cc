// SPDX-License-Identifier: Apache-2.0
#include "control/membership.h"

#include "control/sessions.h"
#include "control/settle.h"
#include "control/test_client.h"

namespace heliograph::control {
namespace {

using Membership = ControlTest;

TEST_F(Membership, AJoinIsAckedWithAllThatAClientNeeds) {
  const auto heard = create(kAlice, alice);
  ASSERT_EQ(summary(heard), "200 JOIN");
  EXPECT_EQ(at(heard[0], "/b/rid"), "r");
  EXPECT_EQ(at(heard[0], "/b/pt"), "publisher");
  EXPECT_EQ(at(heard[0], "/b/eg"), "native");
  EXPECT_EQ(at(heard[0], "/b/owner"), "alice");
  EXPECT_EQ(at(heard[0], "/b/hb"), R"({"interval":3000,"timeout":10000})");
  EXPECT_EQ(at(heard[0], "/b/pps"), "[]");
}

TEST_F(Membership, ARoomIsMadeOnlyWhenAskedFor) { EXPECT_EQ(summary(join(kAlice, alice)), "4001 JOIN"); }

TEST_F(Membership, WhoJoinsAgainHearsTheMembersAgain) {  // B-60: what changed while the socket was away was not heard
  world.tell(kAlice, say("join", "JOIN", alice, R"("op":{"roomCreating":true,"members":true})"));
  world.close(kAlice);
  join(kBob, bob);
  world.open(9);
  const auto heard = world.tell(9, say("join", "JOIN", alice, R"("op":{"members":true})"));
  ASSERT_EQ(summary(of(heard, "MEMBER_LIST_CHANGED")), "200 MEMBER_LIST_CHANGED");
  EXPECT_EQ(at(of(heard, "MEMBER_LIST_CHANGED")[0], "/b/members/1/userId"), "bob");
}

TEST_F(Membership, ARoomThatIsFullIsToldBeforeAServerThatIs) {  // B-52: 4025 before 500
  const Who first{.user = "alice", .session = "s", .ch = "p2p", .rid = "call"};
  create(kAlice, first);
  join(kBob, {.user = "bob", .session = "s", .ch = "p2p", .rid = "call"});
  world.control.state().config.limits.sessions_per_connection = 0;
  EXPECT_EQ(summary(join(kBob, {.user = "carol", .session = "s", .ch = "p2p", .rid = "call"})), "4025 JOIN");
  EXPECT_EQ(summary(join(kBob, {.user = "bob", .session = "2", .ch = "p2p", .rid = "call"})), "500 JOIN");
}

TEST_F(Membership, AnothersRoomCannotBeCreatedAgain) {
  create(kAlice, alice);
  EXPECT_EQ(summary(create(kBob, bob)), "4022 JOIN");
  EXPECT_EQ(summary(join(kBob, bob)), "200 JOIN");
  EXPECT_EQ(summary(create(kAlice, {.user = "alice", .session = "second"})), "200 JOIN");  // B-58
}

TEST_F(Membership, AChannelThatIsNotTheRoomsIs2002) {  // B-6, B-52
  create(kAlice, alice);
  const Who other{.user = "alice", .session = "s", .ch = "a2m"};
  EXPECT_EQ(summary(join(kAlice, other)), "2002 JOIN");
  EXPECT_EQ(summary(offer(kAlice, other, chromium)), "2002 OFFER");
  EXPECT_EQ(summary(world.tell(kAlice, say("heartbeat", "HEARTBEAT", other))), "4001 HEARTBEAT");
}

TEST_F(Membership, AnUnknownRoomIs4001ForEverySignal) {
  const std::pair<const char*, const char*> table[] = {{"leave", "LEAVE"}, {"heartbeat", "HEARTBEAT"}};
  for (const auto& [action, s] : table)
    EXPECT_EQ(summary(world.tell(kAlice, say(action, s, alice))), std::string("4001 ") + s);
  EXPECT_EQ(summary(offer(kAlice, alice, chromium)), "4001 OFFER");
  EXPECT_EQ(summary(watch(kAlice, alice, bob)), "4001 WATCH");
  EXPECT_EQ(summary(answer(kAlice, alice, bob, "x")), "4001 ANSWER");
}

TEST_F(Membership, AStrangerIsToldByTheSignalsOwnCodes) {  // B-15, B-54
  create(kAlice, alice);
  EXPECT_EQ(summary(offer(kBob, bob, chromium)), "4051 OFFER");
  EXPECT_EQ(summary(watch(kBob, bob, alice)), "4024 WATCH");
  EXPECT_EQ(summary(answer(kBob, bob, alice, "x")), "4024 ANSWER");
  EXPECT_EQ(summary(world.tell(kBob, say("iceCandidate", "ICE", bob, R"("sdp":"")"))), "2001 ICE");
  EXPECT_EQ(summary(world.tell(kBob, say("leave", "LEAVE", bob))), "200 LEAVE");
  EXPECT_EQ(summary(world.tell(kBob, say("heartbeat", "HEARTBEAT", bob))), "4001 HEARTBEAT");
  EXPECT_EQ(summary(world.tell(kBob, say("updateVideo", "UPDATE", bob, R"("ve":true)"))), "4001 UPDATE");
}

TEST_F(Membership, AJoinAgainChangesNothing) {
  two();
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  world.forget();
  const auto heard = join(kAlice, alice);
  ASSERT_EQ(summary(heard), "200 JOIN");
  EXPECT_EQ(at(heard[0], "/b/pps/0/video"), "false");
  EXPECT_TRUE(world.commands.empty());
  EXPECT_TRUE(world.heard(kBob).empty());
}

TEST_F(Membership, AHeartbeatIsAnsweredWithTheList) {
  two();
  const auto heard = world.tell(kBob, say("heartbeat", "HEARTBEAT", bob, R"("bid":"b7")"));
  ASSERT_EQ(summary(heard), "200 HEARTBEAT");
  EXPECT_EQ(at(heard[0], "/b/bid"), "b7");
  EXPECT_EQ(at(heard[0], "/b/pps/0/userId"), "alice");
  EXPECT_TRUE(world.tell(kBob, say("heartbeat", "HEARTBEAT", bob, R"("send_ack":false)")).empty());
}

TEST_F(Membership, AnUpdateIsSeenInEverybodysList) {
  two();
  const auto own = world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  ASSERT_EQ(summary(own), "200 PUBLISH_LIST_CHANGED");  // no ack of its own (B-57)
  const auto heard = world.heard(kBob);
  ASSERT_EQ(summary(heard), "200 PUBLISH_LIST_CHANGED");
  EXPECT_EQ(at(heard[0], "/b/pps/0/video"), "false");
  EXPECT_EQ(at(heard[0], "/b/pps/0/audio"), "true");
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  EXPECT_TRUE(world.heard(kBob).empty());  // B-60: only when the list changed
}

TEST_F(Membership, RevOnlyGrows) {
  two();
  int last = 0;
  for (const auto* video : {"false", "true", "false"}) {
    world.tell(kAlice, say("updateVideo", "UPDATE", alice, std::string(R"("ve":)") + video));
    const auto rev = std::stoi(at(world.heard(kBob).at(0), "/b/rev"));
    EXPECT_GT(rev, last);
    last = rev;
  }
}

TEST_F(Membership, WhoLeavesIsGoneAtOnceForTheOthers) {
  two();
  const auto own = world.tell(kAlice, say("leave", "LEAVE", alice));
  EXPECT_EQ(summary(own), "200 LEAVE");
  const auto heard = world.heard(kBob);
  ASSERT_EQ(summary(heard), "200 PUBLISH_LIST_CHANGED");
  EXPECT_EQ(at(heard[0], "/b/pps"), "[]");
  EXPECT_EQ(shape(world), "-cUc");  // Unroute, the viewer's peer, Unpublish, the publisher's peer
  EXPECT_EQ(summary(world.tell(kAlice, say("leave", "LEAVE", alice))), "200 LEAVE");  // B-54
  EXPECT_EQ(summary(watch(kBob, bob, alice)), "4024 WATCH");
}

TEST_F(Membership, AnEmptyRoomClosesAfterAMinute) {  // B-17
  create(kAlice, alice);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  world.pass(base::Duration::seconds(59));
  EXPECT_EQ(world.control.numbers().rooms, 1u);
  create(kAlice, alice);
  world.pass(base::Duration::seconds(120));
  EXPECT_EQ(world.control.numbers().rooms, 1u);
  world.tell(kAlice, say("leave", "LEAVE", alice));
  world.pass(base::Duration::seconds(60));
  EXPECT_EQ(world.control.numbers().rooms, 0u);
}

TEST_F(Membership, InOpenModeTheTenthUserViews) {
  create(kAlice, alice);
  for (int i = 0; i < 8; ++i) join(kBob, {.user = "u" + std::to_string(i)});
  EXPECT_EQ(at(join(kCarol, carol).at(0), "/b/pt"), "viewer");
  EXPECT_EQ(summary(offer(kCarol, carol, chromium)), "4051 OFFER");
  EXPECT_EQ(summary(world.tell(kCarol, say("updateVideo", "UPDATE", carol, R"("ve":true)"))), "4051 UPDATE");
}

TEST_F(Membership, ATokensNameAndRoleAreBelievedAndNobodyElses) {  // B-11, B-12, B-59
  world.open(9, {.user_id = "dora", .username = "Dora", .fullname = "", .avatar = "", .role = room::Role::kViewer});
  create(kAlice, alice);
  EXPECT_EQ(summary(join(9, bob)), "2001 JOIN");
  EXPECT_EQ(at(join(9, {.user = "dora"}, R"("op":{"name":"Mallory"})").at(0), "/b/pt"), "viewer");
  const auto members = of(join(kBob, bob, R"("op":{"members":true,"name":"Bob"})"), "MEMBER_LIST_CHANGED");
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(at(members[0], "/b/members/1/username"), "Bob");  // open mode only
  EXPECT_EQ(at(members[0], "/b/members/2/username"), "Dora");
  EXPECT_EQ(at(members[0], "/b/members/2/role"), "viewer");
}

TEST_F(Membership, MembersAreToldToThoseWhoAsked) {  // B-60
  create(kAlice, alice);
  EXPECT_EQ(summary(join(kBob, bob, R"("op":{"members":true})")), "200 JOIN, 200 MEMBER_LIST_CHANGED");
  EXPECT_TRUE(world.heard(kAlice).empty());
  EXPECT_EQ(summary(join(kAlice, alice, R"("op":{"members":true})")), "200 JOIN, 200 MEMBER_LIST_CHANGED");
  join(kCarol, carol);
  EXPECT_EQ(summary(world.heard(kAlice)), "200 MEMBER_LIST_CHANGED");
  EXPECT_EQ(summary(world.heard(kBob)), "200 MEMBER_LIST_CHANGED");
}

TEST_F(Membership, WhatIsMalformedIsAnsweredAndCounted) {  // B-4
  const auto heard = world.tell(kAlice, "hello");
  ASSERT_EQ(summary(heard), "2001 UNKNOWN");
  EXPECT_EQ(at(heard[0], "/b/req"), "null");
  EXPECT_TRUE(at(heard[0], "/b/msg").starts_with("INVALID_SIGNAL: "));
  EXPECT_EQ(world.control.numbers().refusals.at(base::Code::kInvalidSignal), 1u);
}

TEST_F(Membership, ARefusalCarriesRequestAndTid) {  // B-5, B-8
  const auto heard = world.tell(kAlice, say("leave", "LEAVE", alice, R"("tid":"t1" , "x": [ 1 ])"));
  ASSERT_EQ(summary(heard), "4001 LEAVE");
  EXPECT_NE(heard[0].find(R"("tid":"t1" , "x": [ 1 ]})"), std::string::npos);
  EXPECT_EQ(at(heard[0], "/b/tid"), "t1");
}

TEST_F(Membership, IceServersAreToldWithEachUsersOwnCredentials) {  // section 5
  auto config = test_config();
  config.ice_servers = [](const std::string& user) -> std::vector<signal::IceServer> {
    return {{{"stun:s:1"}, "", ""}, {{"turn:t:2"}, "9:" + user, "secret of " + user}};
  };
  TestWorld other(std::move(config));
  other.open(1);
  const auto joined = other.tell(1, say("join", "JOIN", alice, R"("op":{"roomCreating":true})"));
  const auto heard = other.tell(1, say("iceServers", "ICE_SERVERS", alice, R"("tid":1)"));
  ASSERT_EQ(summary(heard), "200 ICE_SERVERS");
  EXPECT_EQ(at(heard[0], "/b/rid"), "r");
  EXPECT_EQ(at(heard[0], "/b/icfg/is"), R"(["stun:s:1"])");
  EXPECT_EQ(at(heard[0], "/b/icfg/iceServers/1/username"), "9:alice");
  EXPECT_EQ(at(heard[0], "/b/icfg"), at(joined[0], "/b/icfg"));
  EXPECT_EQ(at(world.tell(kAlice, say("join", "JOIN", alice, R"("op":{"roomCreating":true})")).at(0), "/b/icfg"),
            R"({"is":[],"iceServers":[]})");
}

TEST_F(Membership, WhoIsNotInTheRoomIsToldToJoin) {  // B-54
  create(kAlice, alice);
  EXPECT_EQ(summary(world.tell(kBob, say("unpublish", "UNPUBLISH", bob))), "4001 UNPUBLISH");
  EXPECT_EQ(summary(world.tell(kBob, say("unwatch", "UNWATCH", bob, alice.to()))), "4001 UNWATCH");
  EXPECT_EQ(summary(world.tell(kBob, say("iceServers", "ICE_SERVERS", bob))), "4001 ICE_SERVERS");
  EXPECT_EQ(summary(world.tell(kBob, say("publishRequest", "PUBLISH_REQUEST", bob))), "4001 PUBLISH_REQUEST");
}

TEST_F(Membership, APersistentRoomStaysAndARoomOfAnOperatorHasItsMinute) {  // B-17
  world.act([&](Out& out) {
    Turn turn{world.control.state(), world.now, out};
    EXPECT_EQ((*open_room(turn, "kept", signal::Channel::kM2m, ""))->room.owner(), "");
    EXPECT_TRUE(open_room(turn, "left", signal::Channel::kM2m, ""));
    EXPECT_EQ(open_room(turn, "left", signal::Channel::kM2m, "").error().code, base::Code::kAlreadyExistRoom);
    turn.room("kept")->persistent = true;
    settle(turn, "kept");
    settle(turn, "left");
  });
  world.pass(base::Duration::seconds(59));
  EXPECT_EQ(world.control.numbers().rooms, 2u);
  world.pass(base::Duration::seconds(600));
  EXPECT_EQ(world.control.numbers().rooms, 1u);
  const Who guest{.user = "alice", .session = "s", .ch = "m2m", .rid = "kept"};
  EXPECT_EQ(summary(create(kAlice, guest)), "4022 JOIN") << "nobody's own";
  const auto heard = join(kAlice, guest);
  EXPECT_EQ(at(heard.at(0), "/b/pt"), "publisher") << "as everybody in open mode";
  world.tell(kAlice, say("leave", "LEAVE", guest));
  world.pass(base::Duration::seconds(600));
  EXPECT_EQ(world.control.numbers().rooms, 1u);
}

TEST_F(Membership, ARoomThatIsClosedTellsEverybodyOnce) {
  two();
  const Who screen{.user = "alice", .session = "screen"};
  join(kAlice, screen);
  world.forget();
  world.act([&](Out& out) {
    Turn turn{world.control.state(), world.now, out};
    close_room(turn, "r", "it is late");
  });
  const auto heard = world.heard(kAlice);
  ASSERT_EQ(summary(heard), "200 ROOM_CLOSED");
  EXPECT_EQ(at(heard[0], "/b"), R"({"rid":"r","reason":"it is late"})");
  EXPECT_EQ(summary(world.heard(kBob)), "200 ROOM_CLOSED");
  EXPECT_TRUE(world.peers.empty());
  EXPECT_TRUE(world.closed.empty()) << "the sockets may JOIN elsewhere";
  EXPECT_EQ(summary(create(kBob, bob)), "200 JOIN");
}

TEST_F(Membership, BothListsShareOneRevAndAreToldOnlyWhenTheyChanged) {  // B-60
  create(kAlice, alice);
  join(kBob, bob, R"("op":{"members":true})");
  world.forget();
  join(kCarol, carol);
  auto heard = world.heard(kBob);
  ASSERT_EQ(summary(heard), "200 MEMBER_LIST_CHANGED");
  const auto first = std::stoi(at(heard[0], "/b/rev"));
  publish(kAlice, alice, chromium);
  heard = world.heard(kBob);
  ASSERT_EQ(summary(heard), "200 PUBLISH_LIST_CHANGED, 200 MEMBER_LIST_CHANGED");
  EXPECT_GT(std::stoi(at(heard[0], "/b/rev")), first);
  EXPECT_GT(std::stoi(at(heard[1], "/b/rev")), std::stoi(at(heard[0], "/b/rev")));
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  EXPECT_EQ(summary(world.heard(kBob)), "200 PUBLISH_LIST_CHANGED") << "the members are as they were";
  world.tell(kAlice, say("heartbeat", "HEARTBEAT", alice));
  EXPECT_TRUE(world.heard(kBob).empty());
}

TEST_F(Membership, WhatIsToldToStopEndsEverything) {
  two();
  world.drain();
  EXPECT_EQ(summary(world.heard(kAlice)), "200 ROOM_CLOSED");
  EXPECT_EQ(summary(world.heard(kBob)), "200 ROOM_CLOSED");
  EXPECT_EQ(world.closed.at(kAlice), 1001);
  EXPECT_TRUE(world.peers.empty());
  EXPECT_EQ(world.control.numbers().sessions, 0u);
  world.open(10);
  EXPECT_EQ(world.closed.at(10), 1001);
}

}  // namespace
}  // namespace heliograph::control
