// SPDX-License-Identifier: Apache-2.0
// Who may come in when keys are configured (B-11, B-12, B-59).
#include "control/membership.h"
#include "control/state.h"
#include "control/test_client.h"

namespace heliograph::control {
namespace {

class Tokens : public ControlTest {
 protected:
  static constexpr ConnectionId kMallory = 9;

  Tokens() : ControlTest(config()) {}
  // A token is "user", or "user key=value…" of what it says; "bad" cannot be read.
  static Config config() {
    auto config = test_config();
    config.open_mode = false;
    config.verify = [](std::string_view token) -> std::expected<Identity, std::string> {
      if (token == "bad") return std::unexpected("the signature of the token is wrong");
      std::string text(token);
      Identity identity{.user_id = text.substr(0, text.find(' ')), .username = "Name of " + text};
      identity.create = text.find(" create") != std::string::npos;
      if (const auto at = text.find(" rid="); at != std::string::npos) identity.rooms = {text.substr(at + 5)};
      if (text.find(" old") != std::string::npos) identity.expires = base::Timestamp::from_micros(1'000'000'000);
      if (text.find(" soon") != std::string::npos) identity.expires = base::Timestamp::from_micros(1'100'000'000);
      return identity;
    };
    return config;
  }
  void SetUp() override {  // alice's and bob's connections brought tokens, carol's none
    world.open(kAlice, {.user_id = "alice", .create = true});
    world.open(kBob, {.user_id = "bob"});
    world.open(kCarol);
    create(kAlice, alice);
    world.forget();
  }
  std::vector<std::string> join_with(ConnectionId c, const Who& who, const std::string& token,
                                     const std::string& rest = R"("ve":true)") {
    return join(c, who, R"("token":")" + token + "\"," + rest);
  }
  static constexpr const char* kCreating = R"("op":{"roomCreating":true})";
};

TEST_F(Tokens, AJoinMayBringTheToken) {  // B-59, B-12
  EXPECT_EQ(summary(join_with(kCarol, carol, "carol")), "200 JOIN");
  world.pass(base::Duration::seconds(60));
  EXPECT_FALSE(world.closed.contains(kCarol));
  const auto heard = of(join(kCarol, carol, R"("op":{"members":true,"name":"Liar"})"), "MEMBER_LIST_CHANGED");
  EXPECT_EQ(at(heard.at(0), "/b/members/1/username"), "Name of carol");
}

TEST_F(Tokens, AJoinWithoutAGoodOneEndsTheConnection) {  // B-59
  EXPECT_EQ(summary(join(kCarol, carol)), "4052 JOIN");
  EXPECT_EQ(world.closed.at(kCarol), 1008);
  world.open(kMallory);
  const auto heard = join_with(kMallory, carol, "bad");
  ASSERT_EQ(summary(heard), "4052 JOIN");
  EXPECT_EQ(at(heard[0], "/b/msg"), "UNAUTHORIZED: the signature of the token is wrong");
  EXPECT_EQ(world.closed.at(kMallory), 1008);
  EXPECT_EQ(world.control.numbers().sessions, 1u);
}

TEST_F(Tokens, AConnectionHasTenSecondsToBringOne) {  // B-59
  world.pass(base::Duration::millis(9'999));
  EXPECT_TRUE(world.closed.empty());
  world.pass(base::Duration::millis(1));
  EXPECT_EQ(world.closed, (std::map<ConnectionId, uint16_t>{{kCarol, 1008}}));
}

// Whatever `ss` it claims, to every signal.
TEST_F(Tokens, AStrangerIsInNoRoomAndHearsNothing) {
  publish(kAlice, alice, chromium);
  join(kBob, bob);
  world.forget();
  const std::pair<std::string, const char*> table[] = {
      {say("offer", "OFFER", alice, sdp_field(chromium)), "4051 OFFER"},
      {say("answer", "ANSWER", alice, bob.to() + R"(,"sdp":"x")"), "4024 ANSWER"},
      {say("iceCandidate", "ICE", alice, R"("sdp":"")"), "2001 ICE"},
      {say("watch", "WATCH", bob, alice.to()), "4024 WATCH"},
      {say("leave", "LEAVE", alice), "200 LEAVE"},
      {say("heartbeat", "HEARTBEAT", alice), "4001 HEARTBEAT"},
      {say("updateVideo", "UPDATE", alice, R"("ve":false)"), "4001 UPDATE"},
      {say("unpublish", "UNPUBLISH", alice), "4001 UNPUBLISH"},
      {say("unwatch", "UNWATCH", bob, alice.to()), "4001 UNWATCH"},
      {say("simulcastUpdate", "SIMULCAST_UPDATE", bob, alice.to() + R"(,"layer":"h")"), "4001 SIMULCAST_UPDATE"},
      {say("kick", "KICK", alice, R"("to":"bob")"), "4051 KICK"},
      {say("publishRequest", "PUBLISH_REQUEST", bob), "4001 PUBLISH_REQUEST"},
      {say("publishAccept", "PUBLISH_ACCEPT", alice, R"("to":"bob")"), "4051 PUBLISH_ACCEPT"},
      {say("publishReject", "PUBLISH_REJECT", alice, R"("to":"bob")"), "4051 PUBLISH_REJECT"},
      {say("iceServers", "ICE_SERVERS", alice), "4001 ICE_SERVERS"},
  };
  for (const auto& [message, answer] : table) EXPECT_EQ(summary(world.tell(kCarol, message)), answer);
  EXPECT_EQ(world.control.numbers().sessions, 2u);
  EXPECT_TRUE(world.commands.empty());
  EXPECT_TRUE(world.heard(kAlice).empty()) << "no SESSION_REPLACED";
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  EXPECT_EQ(summary(world.heard(kBob)), "200 PUBLISH_LIST_CHANGED");
  EXPECT_TRUE(world.heard(kCarol).empty());
}

TEST_F(Tokens, NobodySpeaksForAnotherUser) {  // B-11
  join(kBob, bob);
  world.forget();
  for (const auto& message : {say("heartbeat", "HEARTBEAT", alice), say("leave", "LEAVE", alice),
                              say("join", "JOIN", alice), say("kick", "KICK", alice, R"("to":"bob")")})
    EXPECT_EQ(code(world.tell(kBob, message).at(0)), "2001");
  EXPECT_EQ(summary(join_with(kBob, alice, "alice")), "2001 JOIN") << "the connection is bob's";
  EXPECT_EQ(summary(join_with(kBob, bob, "alice")), "2001 JOIN");
  EXPECT_EQ(summary(join_with(kCarol, carol, "alice")), "2001 JOIN");
  EXPECT_FALSE(world.closed.contains(kCarol)) << "it may still bring its own";
  EXPECT_EQ(summary(join_with(kCarol, carol, "")), "4052 JOIN");
  EXPECT_TRUE(world.heard(kAlice).empty());
  EXPECT_EQ(world.control.numbers().sessions, 2u);
}

TEST_F(Tokens, OnlyATokenThatSaysSoCreates) {  // B-59
  const Who elsewhere{.user = "bob", .session = "s", .ch = "m2m", .rid = "new"};
  EXPECT_EQ(summary(join(kBob, elsewhere, kCreating)), "4052 JOIN");
  EXPECT_FALSE(world.closed.contains(kBob)) << "it is known who bob is";
  const auto heard = join_with(kBob, elsewhere, "bob create", kCreating);
  ASSERT_EQ(summary(heard), "200 JOIN");
  EXPECT_EQ(at(heard[0], "/b/pt"), "publisher");
  EXPECT_EQ(at(join(kBob, bob).at(0), "/b/pt"), "viewer") << "who does not create views";
}

TEST_F(Tokens, ATokenIsForItsRooms) {  // B-59
  world.open(kMallory, {.user_id = "mallory", .rooms = {"x", "q*"}});
  EXPECT_EQ(summary(join(kMallory, {.user = "mallory"})), "4052 JOIN");
  EXPECT_EQ(summary(join_with(kMallory, {.user = "mallory"}, "mallory rid=?")), "200 JOIN");
  EXPECT_EQ(summary(join_with(kCarol, carol, "carol rid=other-*")), "4052 JOIN");
  EXPECT_FALSE(world.closed.contains(kCarol)) << "the token is good, for another room";
}

TEST_F(Tokens, AnOldTokenLetsNobodyInAndANewOneRefreshesTheConnection) {
  EXPECT_EQ(summary(join_with(kBob, bob, "bob old")), "4052 JOIN");
  world.open(kMallory);
  EXPECT_EQ(summary(join_with(kMallory, {.user = "m"}, "m soon")), "200 JOIN");
  world.pass(base::Duration::seconds(100));
  EXPECT_EQ(summary(world.tell(kMallory, say("heartbeat", "HEARTBEAT", {.user = "m"}))), "200 HEARTBEAT");
  EXPECT_EQ(summary(join(kMallory, {.user = "m"})), "4052 JOIN");
  EXPECT_EQ(summary(join_with(kMallory, {.user = "m"}, "m")), "200 JOIN");
  EXPECT_EQ(summary(join(kMallory, {.user = "m"})), "200 JOIN");
  EXPECT_EQ(summary(join_with(kMallory, {.user = "m"}, "m soon")), "4052 JOIN");
  EXPECT_EQ(summary(join(kMallory, {.user = "m"})), "200 JOIN") << "the one that is good for longest stays";
}

TEST_F(Tokens, ABadOneOnAConnectionThatIsKnownIsNoReasonToCloseIt) {
  EXPECT_EQ(summary(join_with(kBob, bob, "bad")), "4052 JOIN");
  EXPECT_EQ(summary(join(kBob, bob)), "200 JOIN");
}

TEST_F(Tokens, TheOrderOfTheRefusalsIsThatOfTheContract) {  // B-52
  world.tell(kAlice, say("kick", "KICK", alice, R"("to":"bob","op":{"ban":true})"));
  world.act([&](Out& out) {
    Turn turn{world.control.state(), world.now, out};
    turn.room("r")->room.ban("bob");
  });
  const Who wrong{.user = "carol", .session = "s", .ch = "a2m"},
      nowhere{.user = "carol", .session = "s", .ch = "m2m", .rid = "no"};
  EXPECT_EQ(summary(join(kCarol, nowhere)), "4001 JOIN") << "before 4052";
  EXPECT_EQ(summary(join(kCarol, wrong)), "2002 JOIN") << "before 4052";
  EXPECT_EQ(summary(join_with(kBob, bob, "bob rid=x")), "4052 JOIN") << "before 4053";
  EXPECT_EQ(summary(join(kBob, bob, kCreating)), "4053 JOIN") << "before 4022";
}

// In open mode a token is not read.
TEST_F(ControlTest, InOpenModeAJoinsTokenIsNotRead) {
  EXPECT_EQ(summary(world.tell(kAlice, say("join", "JOIN", alice, R"("token":"bad","op":{"roomCreating":true})"))),
            "200 JOIN");
  world.pass(base::Duration::seconds(60));
  EXPECT_TRUE(world.closed.empty());
}

}  // namespace
}  // namespace heliograph::control
