// SPDX-License-Identifier: Apache-2.0
#include "control/admin.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Duration;
using signal::Channel;

class AdminTest : public ControlTest {
 protected:
  // One request of an operator; what follows from it reaches the clients of `world`.
  template <class Act>
  auto ask(Act act) {
    std::optional<decltype(act(std::declval<Admin&>()))> answer;
    world.operate([&](Out& out) {
      Admin admin(world.control, world.now, "boss", out);
      answer = act(admin);
    });
    return *std::move(answer);
  }
  std::expected<Admin::Made, base::Refusal> make(const std::string& rid, Channel channel = Channel::kM2m,
                                                 const RoomSettings& settings = {}) {
    return ask([&](Admin& admin) { return admin.create(rid, channel, settings); });
  }
  // 0: it is done.
  int change(const std::string& rid, const RoomSettings& settings) {
    return code_of(ask([&](Admin& admin) { return admin.change(rid, settings); }));
  }
  int close(const std::string& rid) {
    return code_of(ask([&](Admin& admin) { return admin.close(rid, "enough"); }));
  }
  std::expected<RoomSummary, base::Refusal> room(const std::string& rid) {
    return ask([&](Admin& admin) { return admin.room(rid); });
  }
  RoomStats stats(const std::string& rid) {
    return *ask([&](Admin& admin) { return admin.stats(rid); });
  }
  std::expected<Participant, base::Refusal> put(const std::string& user_id, std::optional<room::Role> role,
                                                std::optional<bool> banned = std::nullopt) {
    return ask([&](Admin& admin) { return admin.put_participant("r", user_id, role, banned); });
  }
  Page<Participant> participants(const std::string& after = {}, size_t limit = 100) {
    return *ask([&](Admin& admin) { return admin.participants("r", after, limit); });
  }
  // "alice publisher owner, bob viewer banned": who, as what.
  std::string people() {
    std::string text;
    for (const auto& p : participants().items)
      text += (text.empty() ? "" : ", ") + p.user_id + " " + std::string(to_text(p.role)) + (p.owner ? " owner" : "") +
              (p.banned ? " banned" : "") + (p.sessions.empty() ? " away" : "");
    return text;
  }
  template <class T>
  static int code_of(const std::expected<T, base::Refusal>& result) {
    return result ? 0 : static_cast<int>(result.error().code);
  }
};

// ── rooms ──

TEST_F(AdminTest, a_room_without_a_name_gets_one_that_nobody_guesses) {
  std::set<std::string> rids;
  for (int i = 0; i < 100; ++i) {
    const auto made = ask([](Admin& admin) { return admin.create(std::nullopt, Channel::kM2m, {}); });
    EXPECT_TRUE(made->created);
    EXPECT_EQ(made->room.rid.size(), 32);
    EXPECT_EQ(made->room.rid.find_first_not_of("0123456789abcdef"), std::string::npos);
    rids.insert(made->room.rid);
  }
  EXPECT_EQ(rids.size(), 100);
}

TEST_F(AdminTest, making_a_room_twice_makes_it_once) {
  const RoomSettings settings{.persistent = true, .publishers = 2};
  const auto first = make("r", Channel::kA2m, settings);
  EXPECT_TRUE(first->created);
  EXPECT_TRUE(first->room.persistent);
  EXPECT_EQ(first->room.max_publishers, 2);
  const auto again = make("r", Channel::kA2m, settings);
  EXPECT_FALSE(again->created);
  EXPECT_TRUE(make("r", Channel::kA2m));  // nothing was said that it is not
  EXPECT_EQ(world.control.numbers().rooms, 1);
}

TEST_F(AdminTest, a_room_that_is_another_is_a_conflict) {
  make("r", Channel::kM2m, {.persistent = false, .publishers = 2});
  EXPECT_EQ(code_of(make("r", Channel::kP2p)), 4022);
  EXPECT_EQ(code_of(make("r", Channel::kM2m, {.persistent = true})), 4022);
  EXPECT_EQ(code_of(make("r", Channel::kM2m, {.publishers = 3})), 4022);
  EXPECT_EQ(code_of(make("r", Channel::kM2m, {.users = 3})), 4022);
  EXPECT_EQ(code_of(make("r", Channel::kM2m, {.sessions = 3})), 4022);
  EXPECT_FALSE(room("r")->persistent);
}

TEST_F(AdminTest, settings_that_cannot_be_are_refused) {
  for (const auto& settings :
       {RoomSettings{.users = 0}, RoomSettings{.sessions = 0}, RoomSettings{.sessions = 20'001}}) {
    EXPECT_EQ(code_of(make("r", Channel::kM2m, settings)), 2001);
    EXPECT_EQ(world.control.numbers().rooms, 0);
  }
  make("r");
  EXPECT_EQ(change("r", {.persistent = true, .sessions = 0}), 2001);
  EXPECT_FALSE(room("r")->persistent);  // nothing of it was done
  EXPECT_EQ(code_of(make("call", Channel::kP2p, {.publishers = 3})), 2002);
  EXPECT_EQ(code_of(make("call", Channel::kP2p, {.users = 3})), 2002);
  EXPECT_TRUE(make("call", Channel::kP2p, {.sessions = 3}));
}

TEST_F(AdminTest, a_full_server_and_one_that_stops_make_no_rooms) {
  auto config = test_config();
  config.limits.rooms = 1;
  TestWorld small(std::move(config));
  small.operate([&](Out& out) {
    Admin admin(small.control, small.now, "", out);
    EXPECT_TRUE(admin.create("a", Channel::kM2m, {}));
    EXPECT_EQ(code_of(admin.create("b", Channel::kM2m, {})), 500);
    EXPECT_TRUE(admin.create("a", Channel::kM2m, {}));
  });
  world.drain();
  EXPECT_EQ(code_of(make("r")), 500);
}

// B-17
TEST_F(AdminTest, an_empty_room_stays_only_while_it_is_persistent) {
  make("kept", Channel::kM2m, {.persistent = true});
  make("other");
  world.pass(Duration::seconds(59));
  EXPECT_TRUE(room("other"));
  world.pass(Duration::seconds(2));
  EXPECT_EQ(code_of(room("other")), 4001);
  world.pass(Duration::seconds(3'600));
  EXPECT_TRUE(room("kept"));
  EXPECT_EQ(change("kept", {.persistent = false}), 0);
  world.pass(Duration::seconds(61));
  EXPECT_EQ(code_of(room("kept")), 4001);
}

TEST_F(AdminTest, a_room_that_becomes_persistent_in_its_last_minute_stays) {
  make("r");
  world.pass(Duration::seconds(59));
  EXPECT_EQ(change("r", {.persistent = true}), 0);
  world.pass(Duration::seconds(3'600));
  EXPECT_TRUE(room("r"));
}

// B-58: nobody who JOINs created it.
TEST_F(AdminTest, a_room_of_an_operator_is_nobodys_to_create) {
  make("r");
  EXPECT_EQ(room("r")->creator, "");
  EXPECT_EQ(summary(create(kAlice, alice)), "4022 JOIN");
  EXPECT_EQ(summary(of(join(kAlice, alice), "JOIN")), "200 JOIN");
  EXPECT_EQ(room("r")->owner, "alice");  // open mode: the first publisher
}

TEST_F(AdminTest, rooms_are_listed_in_order_page_by_page) {
  for (const auto* rid : {"d", "a", "c", "b"}) make(rid);
  const auto page = [&](const std::string& after, size_t limit) {
    const auto all = [](const std::string&) { return true; };
    auto got = ask([&](Admin& admin) { return admin.rooms(after, limit, all); });
    std::string text;
    for (const auto& room : got.items) text += room.rid;
    return text + (got.next ? ">" + *got.next : "");
  };
  EXPECT_EQ(page("", 100), "abcd");
  EXPECT_EQ(page("", 3), "abc>c");
  EXPECT_EQ(page("c", 3), "d");
  EXPECT_EQ(page("", 4), "abcd");
  EXPECT_EQ(page("bb", 1), "c>c");
  EXPECT_EQ(page("d", 1), "");
}

TEST_F(AdminTest, a_page_looks_at_a_bounded_number_of_rooms) {
  ask([](Admin& admin) {
    for (size_t i = 0; i <= Admin::kMaxScan; ++i)
      EXPECT_TRUE(admin.create("x" + std::to_string(1'000'000 + i), Channel::kM2m, {}));
    return true;
  });
  size_t looked = 0;
  const auto none = [&](const std::string&) { return ++looked == 0; };
  const auto page = ask([&](Admin& admin) { return admin.rooms("", 10, none); });
  EXPECT_TRUE(page.items.empty());
  EXPECT_EQ(looked, Admin::kMaxScan);
  ASSERT_TRUE(page.next);  // short, but not the end
  EXPECT_FALSE(ask([&](Admin& admin) { return admin.rooms(*page.next, 10, none); }).next);
}

TEST_F(AdminTest, limits_hold_from_now_on_and_remove_nobody) {
  create(kAlice, alice);
  join(kBob, bob);
  EXPECT_EQ(change("r", {.users = 1}), 0);
  EXPECT_EQ(room("r")->users, 2);
  EXPECT_EQ(summary(join(kCarol, carol)), "4025 JOIN");
  EXPECT_EQ(change("r", {.users = SIZE_MAX, .sessions = 2}), 0);
  EXPECT_EQ(summary(join(kCarol, carol)), "4025 JOIN");
  EXPECT_EQ(change("r", {.publishers = 2, .sessions = 3}), 0);
  const auto ack = of(join(kCarol, carol), "JOIN");
  EXPECT_EQ(at(ack.at(0), "/b/pt"), "viewer");  // both publishers' places are taken
}

TEST_F(AdminTest, a_room_that_is_closed_tells_everybody_and_ends_every_session) {
  two();
  join(kBob, {.user = "bob", .session = "second"});
  world.forget();
  EXPECT_EQ(close("r"), 0);
  for (const auto c : {kAlice, kBob}) {
    const auto heard = of(world.heard(c), "ROOM_CLOSED");
    ASSERT_EQ(heard.size(), 1);  // once a socket
    EXPECT_EQ(at(heard[0], "/b/rid"), "r");
    EXPECT_EQ(at(heard[0], "/b/reason"), "enough");
  }
  EXPECT_TRUE(world.heard(kCarol).empty());
  EXPECT_TRUE(world.peers.empty() && world.publications.empty() && world.routes.empty());
  EXPECT_EQ(close("r"), 4001);
  EXPECT_EQ(summary(join(kAlice, alice)), "4001 JOIN");
}

// ── participants ──

TEST_F(AdminTest, participants_have_a_line_for_each_session) {
  two();
  world.close(kBob);
  const auto all = participants().items;
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].user_id, "alice");
  EXPECT_TRUE(all[0].owner);
  const auto& camera = all[0].sessions.at(0);
  EXPECT_EQ(camera.session_id, "s");
  EXPECT_EQ(camera.traits.host, "Web");
  EXPECT_TRUE(camera.connected && camera.publishing && camera.video && camera.audio);
  EXPECT_EQ(camera.watching, 0);
  const auto& viewer = all[1].sessions.at(0);
  EXPECT_FALSE(viewer.connected);  // its socket is gone, its media is not (B-13)
  EXPECT_FALSE(viewer.publishing);
  EXPECT_EQ(viewer.watching, 1);
}

TEST_F(AdminTest, who_is_away_is_listed_for_the_role_and_the_ban_that_the_room_remembers) {
  create(kAlice, alice);
  put("aaron", room::Role::kAdmin);
  put("zoe", std::nullopt, true);
  EXPECT_EQ(people(), "aaron admin away, alice publisher owner, zoe viewer banned away");
  const auto first = participants("", 2);
  EXPECT_EQ(first.items.size(), 2);
  EXPECT_EQ(first.next, "alice");
  const auto rest = participants("alice", 2);
  EXPECT_EQ(rest.items.size(), 1);
  EXPECT_FALSE(rest.next);
  put("zoe", std::nullopt, false);
  EXPECT_EQ(people(), "aaron admin away, alice publisher owner");
}

TEST_F(AdminTest, a_user_has_the_role_that_was_given_before_they_came) {
  make("r");
  put("alice", room::Role::kViewer);
  put("bob", room::Role::kAdmin);
  EXPECT_EQ(at(of(join(kAlice, alice), "JOIN").at(0), "/b/pt"), "viewer");
  EXPECT_EQ(at(of(join(kBob, bob), "JOIN").at(0), "/b/pt"), "admin");
}

TEST_F(AdminTest, a_publisher_who_becomes_a_viewer_publishes_no_more) {
  two();
  const auto now = put("alice", room::Role::kViewer);
  EXPECT_EQ(now->role, room::Role::kViewer);
  EXPECT_FALSE(now->sessions.at(0).publishing);
  EXPECT_TRUE(world.publications.empty());
  const auto pushed = of(world.heard(kBob), "PUBLISH_LIST_CHANGED");
  ASSERT_EQ(pushed.size(), 1);
  EXPECT_EQ(at(pushed[0], "/b/pps"), "[]");
  EXPECT_EQ(put("alice", room::Role::kPublisher)->role, room::Role::kPublisher);
}

TEST_F(AdminTest, a_role_needs_a_place_and_a_room_that_has_roles) {
  create(kAlice, alice);
  change("r", {.publishers = 1});
  join(kBob, bob);
  EXPECT_EQ(code_of(put("bob", room::Role::kPublisher)), 4025);
  make("call", Channel::kP2p);
  EXPECT_EQ(code_of(ask([](Admin& a) { return a.put_participant("call", "bob", room::Role::kViewer, {}); })), 2002);
  EXPECT_EQ(code_of(ask([](Admin& a) { return a.put_participant("none", "bob", room::Role::kViewer, {}); })), 4001);
}

// B-57
TEST_F(AdminTest, who_is_banned_is_told_and_cannot_come_back_until_the_ban_is_lifted) {
  two();
  EXPECT_TRUE(put("alice", std::nullopt, true)->banned);
  const auto told = of(world.heard(kAlice), "KICKED");
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(at(told[0], "/b/by"), "boss");
  EXPECT_EQ(at(told[0], "/b/sessionId"), "s");
  EXPECT_EQ(summary(of(world.heard(kBob), "PUBLISH_LIST_CHANGED")), "200 PUBLISH_LIST_CHANGED");
  EXPECT_EQ(summary(join(kAlice, alice)), "4053 JOIN");
  EXPECT_FALSE(put("alice", std::nullopt, false)->banned);
  EXPECT_EQ(summary(of(join(kAlice, alice), "JOIN")), "200 JOIN");
}

TEST_F(AdminTest, a_kick_ends_a_session_or_all_of_a_user_and_bars_nobody) {
  two();
  const Who screen{.user = "alice", .session = "screen"};
  join(kAlice, screen);
  const auto kick = [&](const auto& whom) { return code_of(ask([&](Admin& a) { return a.kick("r", whom); })); };
  EXPECT_EQ(kick(room::SessionKey{"alice", "screen"}), 0);
  EXPECT_EQ(kick(room::SessionKey{"alice", "screen"}), 4002);
  EXPECT_EQ(stats("r").publications, 1);
  EXPECT_EQ(kick(std::string("alice")), 0);
  EXPECT_EQ(kick(std::string("alice")), 4002);
  EXPECT_TRUE(world.publications.empty());
  EXPECT_EQ(summary(of(world.heard(kAlice), "KICKED")), "200 KICKED, 200 KICKED");
  EXPECT_EQ(summary(of(join(kAlice, alice), "JOIN")), "200 JOIN");
  EXPECT_EQ(code_of(ask([](Admin& a) { return a.kick("none", std::string("alice")); })), 4001);
}

// ── stats ──

TEST_F(AdminTest, stats_count_what_is_published_and_watched) {
  two();
  join(kCarol, carol);
  world.pass(Duration::seconds(5));
  const auto now = stats("r");
  EXPECT_EQ(now.users, 3);
  EXPECT_EQ(now.sessions, 3);
  EXPECT_EQ(now.connected, 3);
  EXPECT_EQ(now.publishing_users, 1);
  EXPECT_EQ(now.downlinks, 1);
  EXPECT_EQ(now.routes, 1);
  EXPECT_EQ(now.publications, 1);
  const auto& camera = now.list.at(0);
  EXPECT_EQ(camera.user_id, "alice");
  EXPECT_TRUE(camera.listed && camera.connected);
  EXPECT_EQ(camera.watchers, 1);
  EXPECT_EQ(camera.age, Duration::seconds(5));
  ASSERT_EQ(camera.tracks.size(), 2);
  EXPECT_EQ(camera.tracks[0].kind, "audio");
  EXPECT_EQ(camera.tracks[0].codec, "opus");
  EXPECT_EQ(camera.tracks[1].kind, "video");
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  EXPECT_FALSE(stats("r").list.at(0).tracks[1].enabled);
  world.event(plan::PeerGone{uplink, plan::GoneReason::kConsentExpired});
  EXPECT_FALSE(stats("r").list.at(0).connected);
}

}  // namespace
}  // namespace heliograph::control
