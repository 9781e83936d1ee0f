// SPDX-License-Identifier: Apache-2.0
#include "control/moderation.h"

#include "control/settle.h"
#include "control/test_client.h"

namespace heliograph::control {
namespace {

// alice made the room and owns it; bob and carol view.
class Moderation : public ControlTest {
 protected:
  Moderation() : ControlTest(config()) {}

  static Config config() {
    auto config = test_config();
    config.open_mode_role = room::Role::kViewer;
    config.limits.publishing_users = 3;
    config.limits.held_requests_per_room = 2;
    return config;
  }
  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, alice);
    join(kBob, bob);
    join(kCarol, carol);
    world.forget();
  }
  std::vector<std::string> kick(ConnectionId c, const Who& who, const std::string& rest) {
    return world.tell(c, say("kick", "KICK", who, rest));
  }
  std::string accept(ConnectionId c, const Who& who, const std::string& to) {
    return summary(world.tell(c, say("publishAccept", "PUBLISH_ACCEPT", who, "\"to\":" + to)));
  }
  std::string reject(ConnectionId c, const Who& who, const std::string& to) {
    return summary(world.tell(c, say("publishReject", "PUBLISH_REJECT", who, "\"to\":" + to)));
  }
  static std::string request(const Who& who) {
    return say("publishRequest", "PUBLISH_REQUEST", who, R"( "ve" : true)");
  }
  static std::string data_of(const std::string& message) {
    const auto start = message.find("\"data\":") + 7;
    return message.substr(start, message.size() - start - 1);
  }
  std::string role_of(ConnectionId c, const Who& who) { return at(join(c, who).at(0), "/b/pt"); }
  std::string owner() { return at(of(join(kCarol, carol), "JOIN").at(0), "/b/owner"); }
  // What an operator does, over REST.
  template <class Deed>
  void operate(Deed deed) {
    world.act([&](Out& out) {
      Turn turn{world.control.state(), world.now, out};
      deed(turn, *turn.room("r"));
      settle(turn, "r");
    });
  }
  void give(const std::string& user, room::Role role) {
    operate([&](Turn& turn, OpenRoom& room) { EXPECT_TRUE(give_role(turn, room, user, role)); });
  }
};

// ── KICK ──

TEST_F(Moderation, AKickEndsAllSessionsOfAUserOrOne) {  // section 5, B-57
  const Who tablet{.user = "bob", .session = "tablet"};
  join(kBob, tablet);
  world.forget();
  const auto heard = kick(kAlice, alice, R"("to":{"userId":"bob","sessionId":"tablet"},"tid":3)");
  ASSERT_EQ(summary(heard), "200 KICK");
  EXPECT_EQ(at(heard[0], "/b/rid"), "r");
  EXPECT_EQ(at(heard[0], "/b/tid"), "3");
  const auto told = world.heard(kBob);
  ASSERT_EQ(summary(told), "200 KICKED");
  EXPECT_EQ(at(told[0], "/b"), R"({"rid":"r","sessionId":"tablet","by":"alice"})");
  join(kBob, tablet);
  EXPECT_EQ(summary(kick(kAlice, alice, R"("to":"bob")")), "200 KICK");
  EXPECT_EQ(summary(world.heard(kBob)), "200 KICKED, 200 KICKED");
  EXPECT_EQ(world.control.numbers().sessions, 2u);
  EXPECT_EQ(summary(kick(kAlice, alice, R"("to":"bob")")), "4002 KICK") << "twice is no harm";
  EXPECT_EQ(summary(join(kBob, bob)), "200 JOIN") << "B-57: they may JOIN again";
}

TEST_F(Moderation, TheMediaOfWhoIsKickedEnds) {
  publish(kAlice, alice, chromium);
  view(kBob, bob, alice);
  kick(kAlice, alice, R"("to":"bob")");
  EXPECT_TRUE(world.routes.empty());
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
}

TEST_F(Moderation, WhoIsBannedStaysOutForTheRoomsLife) {  // B-57
  EXPECT_EQ(summary(kick(kAlice, alice, R"("to":"bob","op":{"ban":true})")), "200 KICK");
  EXPECT_EQ(summary(world.heard(kBob)), "200 KICKED");
  EXPECT_EQ(summary(join(kBob, bob)), "4053 JOIN");
  EXPECT_EQ(summary(join(kBob, {.user = "bob", .session = "other"})), "4053 JOIN");
  operate([](Turn& turn, OpenRoom& room) { unban(turn, room, "bob"); });
  EXPECT_EQ(summary(join(kBob, bob)), "200 JOIN");
  operate([](Turn& turn, OpenRoom& room) { EXPECT_TRUE(ban(turn, room, "zoe", "")); });  // who is not even there
  EXPECT_EQ(summary(join(kBob, {.user = "zoe"})), "4053 JOIN");
}

TEST_F(Moderation, NoBanIsForgottenForAnother) {  // B-57: for the room's life
  create(kAlice, alice);
  operate([](Turn& turn, OpenRoom& room) {
    const auto most = room.room.rules().banned_users;
    for (size_t i = 0; i < most; ++i) ASSERT_TRUE(ban(turn, room, std::to_string(i), ""));
    EXPECT_TRUE(ban(turn, room, "0", "")) << "is barred already";
    EXPECT_FALSE(ban(turn, room, "one more", ""));
    EXPECT_TRUE(room.room.is_banned("0"));
  });
  join(kBob, bob);
  EXPECT_EQ(summary(kick(kAlice, alice, R"("to":"bob","op":{"ban":true})")), "500 KICK");
  EXPECT_NE(world.control.numbers().sessions, 1u) << "nothing happened to bob";
}

TEST_F(Moderation, AnyPublisherKicksButOnlyTheOwnerAndAdminsKickThem) {  // B-57
  EXPECT_EQ(summary(kick(kBob, bob, R"("to":"carol")")), "4051 KICK") << "a viewer";
  give("bob", room::Role::kPublisher);
  EXPECT_EQ(summary(kick(kBob, bob, R"("to":"alice")")), "4051 KICK") << "the owner";
  give("carol", room::Role::kAdmin);
  EXPECT_EQ(summary(kick(kBob, bob, R"("to":"carol")")), "4051 KICK") << "an admin";
  EXPECT_EQ(summary(kick(kBob, bob, R"("to":"nobody")")), "4002 KICK");
  EXPECT_EQ(summary(kick(kBob, bob, R"("to":{"userId":"alice","sessionId":"x"})")), "4051 KICK") << "B-52: 4051 first";
  EXPECT_EQ(summary(kick(kCarol, carol, R"("to":"alice")")), "200 KICK");
  EXPECT_EQ(summary(kick(kBob, bob, R"("to":"bob")")), "200 KICKED, 200 KICK") << "oneself";
}

TEST_F(Moderation, AStrangerKicksNobody) {  // B-15
  EXPECT_EQ(summary(kick(kBob, {.user = "zoe"}, R"("to":"alice")")), "4051 KICK");
}

// ── PUBLISH_REQUEST, ACCEPT, REJECT ──

TEST_F(Moderation, ARequestGoesToTheOwnersSessionsByteForByte) {  // B-57, section 5
  world.open(7);
  join(7, {.user = "alice", .session = "tablet"});
  world.forget();
  EXPECT_TRUE(world.tell(kBob, request(bob)).empty()) << "no success ack";
  EXPECT_EQ(world.heard(kAlice), std::vector<std::string>{data_of(request(bob))});
  EXPECT_EQ(world.heard(7), std::vector<std::string>{data_of(request(bob))});
  EXPECT_TRUE(world.heard(kCarol).empty());
  EXPECT_EQ(summary(world.tell(kAlice, request(alice))), "4023 PUBLISH_REQUEST");
}

TEST_F(Moderation, AnAcceptGivesTheRoleAndIsForwarded) {  // B-57
  const auto message = say("publishAccept", "PUBLISH_ACCEPT", alice, R"("to" : "bob")");
  EXPECT_TRUE(world.tell(kAlice, message).empty()) << "no success ack, no request before it";
  EXPECT_EQ(world.heard(kBob), std::vector<std::string>{data_of(message)});
  EXPECT_EQ(role_of(kBob, bob), "publisher");
  publish(kBob, bob, chromium);
  EXPECT_EQ(accept(kAlice, alice, R"("bob")"), "") << "twice is no harm";
  EXPECT_EQ(world.control.numbers().publications, 1u);
  // For the room's life: also after they left.
  world.tell(kBob, say("leave", "LEAVE", bob));
  EXPECT_EQ(role_of(kBob, bob), "publisher");
}

TEST_F(Moderation, ARejectIsForwardedAndGivesNothing) {
  const auto message = say("publishReject", "PUBLISH_REJECT", alice, bob.to());
  EXPECT_TRUE(world.tell(kAlice, message).empty());
  EXPECT_EQ(world.heard(kBob), std::vector<std::string>{data_of(message)});
  EXPECT_EQ(role_of(kBob, bob), "viewer");
}

TEST_F(Moderation, AnAcceptDoesNotMakeAnAdminLess) {
  give("bob", room::Role::kAdmin);
  EXPECT_EQ(accept(kAlice, alice, R"("bob")"), "");
  EXPECT_EQ(role_of(kBob, bob), "admin");
}

TEST_F(Moderation, OnlyTheOwnerAndAdminsDecide) {  // B-57
  EXPECT_EQ(accept(kBob, bob, R"("carol")"), "4051 PUBLISH_ACCEPT");
  give("bob", room::Role::kPublisher);
  EXPECT_EQ(accept(kBob, bob, R"("carol")"), "4051 PUBLISH_ACCEPT") << "a publisher who is not the owner";
  EXPECT_EQ(reject(kBob, bob, R"("carol")"), "4051 PUBLISH_REJECT");
  give("bob", room::Role::kAdmin);
  EXPECT_EQ(reject(kBob, bob, R"("carol")"), "");
  EXPECT_EQ(accept(kBob, bob, R"("carol")"), "");
  EXPECT_EQ(role_of(kCarol, carol), "publisher");
}

TEST_F(Moderation, WhoIsNotThereOrFindsNoPlaceIsNotAccepted) {
  EXPECT_EQ(accept(kAlice, alice, R"("zoe")"), "4002 PUBLISH_ACCEPT");
  EXPECT_EQ(reject(kAlice, alice, R"({"userId":"bob","sessionId":"x"})"), "4002 PUBLISH_REJECT");
  give("bob", room::Role::kPublisher);
  give("carol", room::Role::kPublisher);
  world.open(8);
  join(8, {.user = "dave"});
  EXPECT_EQ(accept(kAlice, alice, R"("dave")"), "4025 PUBLISH_ACCEPT");
  EXPECT_EQ(role_of(8, {.user = "dave"}), "viewer");
  give("carol", room::Role::kViewer);
  EXPECT_EQ(accept(kAlice, alice, R"("dave")"), "");
}

TEST_F(Moderation, RequestsWaitForTheNextOwner) {  // B-57
  world.tell(kAlice, say("leave", "LEAVE", alice));
  EXPECT_EQ(owner(), "");
  world.forget();
  const auto first = request(bob), last = say("publishRequest", "PUBLISH_REQUEST", bob, R"("tid":2)");
  EXPECT_TRUE(world.tell(kBob, first).empty());
  EXPECT_TRUE(world.tell(kBob, last).empty()) << "one a user: the last";
  EXPECT_TRUE(world.tell(kCarol, request(carol)).empty());
  world.open(8);
  const Who dave{.user = "dave"};
  join(8, dave);
  const auto full = world.tell(8, request(dave));
  ASSERT_EQ(summary(full), "500 PUBLISH_REQUEST") << "held_requests_per_room";
  EXPECT_NE(at(full[0], "/b/retryAfter"), "");
  world.tell(kCarol, say("leave", "LEAVE", carol));  // whose request goes with them
  give("dave", room::Role::kPublisher);
  EXPECT_EQ(world.heard(8), std::vector<std::string>{data_of(last)});
  EXPECT_EQ(role_of(8, dave), "publisher");
  EXPECT_TRUE(world.heard(8).empty()) << "once";
}

TEST_F(Moderation, ARequestWaitsForAnOwnerWhoseSocketIsAway) {
  world.tell(kAlice, say("heartbeat", "HEARTBEAT", alice));
  world.close(kAlice);
  world.tell(kBob, request(bob));
  world.open(7);
  const auto heard = join(7, alice);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[1], data_of(request(bob)));
}

// ── roles and the owner ──

TEST_F(Moderation, TheOwnerIsTheLongestStandingPublisher) {  // B-14, B-57
  EXPECT_EQ(owner(), "alice");
  give("carol", room::Role::kPublisher);
  give("bob", room::Role::kAdmin);
  EXPECT_EQ(owner(), "alice");
  kick(kBob, bob, R"("to":"alice")");
  EXPECT_EQ(owner(), "carol") << "before bob";
  give("carol", room::Role::kAdmin);
  EXPECT_EQ(owner(), "carol") << "standing is kept";
  give("carol", room::Role::kViewer);
  EXPECT_EQ(owner(), "bob");
  give("bob", room::Role::kViewer);
  EXPECT_EQ(owner(), "");
  join(kAlice, alice);
  EXPECT_EQ(owner(), "alice");
}

TEST_F(Moderation, WhoBecomesAViewerPublishesNoMore) {
  publish(kAlice, alice, chromium);
  const Who screen{.user = "alice", .session = "screen"};
  join(kAlice, screen);
  publish(kAlice, screen, chromium);
  give("alice", room::Role::kViewer);
  EXPECT_EQ(world.control.numbers().publications, 0u);
  EXPECT_EQ(summary(of(offer(kAlice, alice, chromium), "OFFER")), "4051 OFFER");
  EXPECT_EQ(summary(world.tell(kAlice, say("unpublish", "UNPUBLISH", alice))), "4051 UNPUBLISH");
}

TEST_F(Moderation, ARoleMayBeGivenToAUserWhoIsNotThereYet) {
  give("zoe", room::Role::kAdmin);
  give("yan", room::Role::kViewer);
  EXPECT_EQ(role_of(kBob, {.user = "zoe"}), "admin");
  world.open(8, {.user_id = "yan", .role = room::Role::kPublisher});
  EXPECT_EQ(role_of(8, {.user = "yan"}), "viewer") << "it wins over the token's";
}

TEST_F(Moderation, ARoleIsSeenInTheMembersAndNotInThePublishers) {  // B-60
  join(kCarol, carol, R"("op":{"members":true})");
  world.forget();
  give("bob", room::Role::kPublisher);
  const auto heard = world.heard(kCarol);
  ASSERT_EQ(summary(heard), "200 MEMBER_LIST_CHANGED");
  EXPECT_EQ(at(heard[0], "/b/members/1/role"), "publisher");
  give("bob", room::Role::kPublisher);
  EXPECT_TRUE(world.heard(kCarol).empty()) << "nothing changed";
}

TEST_F(Moderation, InP2pBothArePublishersWhateverIsSaid) {  // B-14
  const Who caller{.user = "x", .session = "s", .ch = "p2p", .rid = "call"};
  create(kAlice, caller);
  world.act([&](Out& out) {
    Turn turn{world.control.state(), world.now, out};
    const auto given = give_role(turn, *turn.room("call"), "x", room::Role::kViewer);
    EXPECT_EQ(given.error().code, base::Code::kUnsupportedChannel);
  });
}

}  // namespace
}  // namespace heliograph::control
