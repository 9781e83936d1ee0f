// SPDX-License-Identifier: Apache-2.0
// Every (signal, code) pair of the contract's closed sets (B-6, section 5 of behaviour.md) in each type of room where
// it can occur, and why it cannot where it cannot.
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "control/state.h"
#include "control/test_client.h"

namespace heliograph::control {
namespace {

using base::Code;
using signal::Channel;
using signal::Name;

// A room of each type, a server that asks for tokens, and everybody whom the cases need.
class Stage {
 public:
  explicit Stage(Channel channel) : ch(to_text(channel)), world(config()) {
    world.open(kOwner, {.user_id = "owner", .create = true});
    world.open(kPublisher, {.user_id = "publisher", .role = room::Role::kPublisher});
    world.open(kViewer, {.user_id = "viewer"});
    world.open(kOutsider, {.user_id = "outsider"});
    joins(kOwner, owner, R"("op":{"roomCreating":true})");
    joins(kPublisher, publisher);
    if (channel != Channel::kP2p) joins(kViewer, viewer);
  }

  static Config config() {
    auto config = test_config();
    config.open_mode = false;
    config.limits.publishing_users = 2;
    config.limits.held_watches_per_session = 1;
    config.limits.held_requests_per_room = 0;
    config.limits.user_rate = {.messages_per_second = 1, .messages_burst = 100};
    return config;
  }
  void joins(ConnectionId c, const Who& who, const std::string& rest = R"("ve":true)") {
    EXPECT_EQ(code(world.tell(c, say("join", "JOIN", who, rest)).back()), "200");
  }
  void leaves(ConnectionId c, const Who& who) { world.tell(c, say("leave", "LEAVE", who)); }
  void publishes(ConnectionId c, const Who& who) {
    world.tell(c, say("offer", "OFFER", who, sdp_field(chromium)));
    world.event(plan::PeerConnected{commands_of<plan::OpenPeer>(world).back().peer});
  }
  // Whatever is said from now on comes too fast (500 of any signal).
  void hurries(ConnectionId c) {
    for (int i = 0; i < 100; ++i) world.tell(c, "x");
  }
  void act(const std::function<void(Turn&, OpenRoom&)>& deed) {
    world.act([&](Out& out) {
      Turn turn{world.control.state(), world.now, out};
      deed(turn, *turn.room("r"));
    });
  }
  std::string who_says(ConnectionId c, const std::string& action, const std::string& s, const Who& who,
                       const std::string& rest = {}) {
    const auto heard = of(world.tell(c, say(action, s, who, rest)), s);
    return heard.empty() ? "" : code(heard.back());
  }

  static constexpr ConnectionId kOwner = 1, kPublisher = 2, kViewer = 3, kOutsider = 4;
  std::string ch;
  TestWorld world;
  Who owner{.user = "owner", .session = "s", .ch = ch}, publisher{.user = "publisher", .session = "s", .ch = ch},
      viewer{.user = "viewer", .session = "s", .ch = ch}, outsider{.user = "outsider", .session = "s", .ch = ch};
  std::string chromium = recorded("chromium156_all_default_offer.sdp");
};

// The signal as the owner, a member, would say it well.
struct Form {
  Name name;
  const char* action;
  std::string rest;
};
const std::string kTo = R"("to":{"userId":"publisher","sessionId":"s"})";
const Form kForms[] = {
    {Name::kOffer, "offer", R"("sdp":"x")"},
    {Name::kAnswer, "answer", kTo + R"(,"sdp":"x")"},
    {Name::kIce, "iceCandidate", R"("sdp":"")"},
    {Name::kWatch, "watch", kTo},
    {Name::kJoin, "join", R"("ve":true)"},
    {Name::kLeave, "leave", ""},
    {Name::kHeartbeat, "heartbeat", ""},
    {Name::kUpdate, "updateVideo", R"("ve":true)"},
    {Name::kUnpublish, "unpublish", ""},
    {Name::kUnwatch, "unwatch", kTo},
    {Name::kSimulcastUpdate, "simulcastUpdate", kTo + R"(,"layer":"h")"},
    {Name::kKick, "kick", kTo},
    {Name::kPublishRequest, "publishRequest", ""},
    {Name::kPublishAccept, "publishAccept", kTo},
    {Name::kPublishReject, "publishReject", kTo},
    {Name::kIceServers, "iceServers", ""},
};

constexpr uint8_t kM2m = 1, kA2m = 2, kP2p = 4, kMedia = kM2m | kA2m, kAll = 7;
uint8_t bit(Channel channel) { return channel == Channel::kM2m ? kM2m : channel == Channel::kA2m ? kA2m : kP2p; }

// One way to a code beyond those that every signal has in the same way (below). `happens` answers the code that was
// heard; without it `why` says why the code cannot be in these rooms.
struct Case {
  Name name;
  Code code;
  uint8_t rooms;
  std::function<std::string(Stage&)> happens;
  const char* why = "";
};

const char* const kOnlyP2p =
    "RECIPIENT_NOT_MEMBER is the code of p2p's addressing (B-16); in m2m and a2m the server is "
    "the other end";

std::vector<Case> cases() {
  const auto says = [](const char* action, const char* s, const Who Stage::* who, ConnectionId c, std::string rest) {
    return [=](Stage& stage) { return stage.who_says(c, action, s, stage.*who, rest); };
  };
  const auto O = Stage::kOwner, P = Stage::kPublisher, V = Stage::kViewer, X = Stage::kOutsider;
  return {
      {Name::kOffer, Code::kPermissionNotFound, kMedia, says("offer", "OFFER", &Stage::viewer, V, R"("sdp":"x")")},
      {Name::kOffer, Code::kPermissionNotFound, kAll, says("offer", "OFFER", &Stage::outsider, X, R"("sdp":"x")")},
      {Name::kOffer, Code::kRecipientNotMember, kP2p,
       says("offer", "OFFER", &Stage::owner, O, R"("sdp":"x","to":"zoe")")},
      {Name::kOffer, Code::kRecipientNotMember, kMedia, {}, kOnlyP2p},
      {Name::kAnswer, Code::kUserLeft, kMedia,
       says("answer", "ANSWER", &Stage::owner, O, R"("sdp":"x","to":{"userId":"zoe","sessionId":"s"})")},
      {Name::kAnswer, Code::kUserLeft, kAll,
       [=](Stage& stage) {
         stage.leaves(P, stage.publisher);
         return stage.who_says(O, "answer", "ANSWER", stage.owner, kTo + R"(,"sdp":"x")");
       }},
      {Name::kAnswer, Code::kRecipientNotMember, kP2p,
       says("answer", "ANSWER", &Stage::owner, O, R"("sdp":"x","to":"zoe")")},
      {Name::kAnswer, Code::kRecipientNotMember, kMedia, {}, kOnlyP2p},
      {Name::kIce, Code::kRecipientNotMember, kP2p,
       says("iceCandidate", "ICE", &Stage::owner, O, R"("sdp":"x","to":"zoe")")},
      {Name::kIce, Code::kRecipientNotMember, kP2p, says("iceCandidate", "ICE", &Stage::outsider, X, R"("sdp":"x")")},
      {Name::kIce, Code::kRecipientNotMember, kMedia, {}, kOnlyP2p},
      {Name::kWatch, Code::kUserLeft, kMedia,
       says("watch", "WATCH", &Stage::viewer, V, R"("to":{"userId":"zoe","sessionId":"s"})")},
      {Name::kWatch, Code::kUserLeft, kMedia, says("watch", "WATCH", &Stage::outsider, X, kTo)},
      {Name::kJoin, Code::kAlreadyExistRoom, kAll,
       says("join", "JOIN", &Stage::publisher, P, R"("op":{"roomCreating":true})")},
      {Name::kJoin, Code::kRoomFull, kP2p, says("join", "JOIN", &Stage::outsider, X, "")},
      {Name::kJoin, Code::kRoomFull, kMedia,
       [](Stage& stage) {
         stage.world.open(9, {.user_id = "third", .role = room::Role::kPublisher});
         return stage.who_says(9, "join", "JOIN", {.user = "third", .session = "s", .ch = stage.ch});
       }},
      {Name::kJoin, Code::kUnauthorized, kAll,
       [](Stage& stage) {
         stage.world.open(9);
         return stage.who_says(9, "join", "JOIN", stage.outsider);
       }},
      {Name::kJoin, Code::kBanned, kAll,
       [](Stage& stage) {
         stage.act([](Turn&, OpenRoom& room) { (void)room.room.ban("outsider"); });
         return stage.who_says(Stage::kOutsider, "join", "JOIN", stage.outsider);
       }},
      {Name::kUpdate, Code::kPermissionNotFound, kMedia,
       says("updateVideo", "UPDATE", &Stage::viewer, V, R"("ve":true)")},
      {Name::kUpdate, Code::kPermissionNotFound, kP2p, {}, "both users of a p2p room are publishers (B-14)"},
      {Name::kUnpublish, Code::kPermissionNotFound, kMedia, says("unpublish", "UNPUBLISH", &Stage::viewer, V, "")},
      {Name::kSimulcastUpdate, Code::kUserLeft, kM2m,
       says("simulcastUpdate", "SIMULCAST_UPDATE", &Stage::viewer, V,
            R"("to":{"userId":"zoe","sessionId":"s"},"layer":"h")")},
      {Name::kKick, Code::kPermissionNotFound, kMedia, says("kick", "KICK", &Stage::viewer, V, kTo)},
      {Name::kKick, Code::kPermissionNotFound, kMedia, says("kick", "KICK", &Stage::publisher, P, R"("to":"owner")")},
      {Name::kKick, Code::kNotRoomMember, kMedia, says("kick", "KICK", &Stage::owner, O, R"("to":"zoe")")},
      {Name::kPublishRequest, Code::kAlreadyIsPublisher, kMedia,
       says("publishRequest", "PUBLISH_REQUEST", &Stage::publisher, P, "")},
      {Name::kPublishAccept, Code::kPermissionNotFound, kMedia,
       says("publishAccept", "PUBLISH_ACCEPT", &Stage::publisher, P, R"("to":"viewer")")},
      {Name::kPublishAccept, Code::kNotRoomMember, kMedia,
       says("publishAccept", "PUBLISH_ACCEPT", &Stage::owner, O, R"("to":"zoe")")},
      {Name::kPublishAccept, Code::kRoomFull, kMedia,
       says("publishAccept", "PUBLISH_ACCEPT", &Stage::owner, O, R"("to":"viewer")")},
      {Name::kPublishReject, Code::kPermissionNotFound, kMedia,
       says("publishReject", "PUBLISH_REJECT", &Stage::publisher, P, R"("to":"viewer")")},
      {Name::kPublishReject, Code::kNotRoomMember, kMedia,
       says("publishReject", "PUBLISH_REJECT", &Stage::owner, O, R"("to":"zoe")")},
      {Name::kPublishReject, Code::kRoomFull, kMedia, {}, "a REJECT gives no role, so that no place can be missing"},
      // A 2001 and a 500 of its own, where a signal has one.
      {Name::kOffer, Code::kInvalidSignal, kMedia, says("offer", "OFFER", &Stage::owner, O, R"("sdp":"x")")},
      {Name::kAnswer, Code::kInvalidSignal, kMedia, says("answer", "ANSWER", &Stage::owner, O, kTo + R"(,"sdp":"x")")},
      {Name::kIce, Code::kInvalidSignal, kMedia, says("iceCandidate", "ICE", &Stage::owner, O, R"("sdp":"x")")},
      {Name::kIce, Code::kInvalidSignal, kMedia, says("iceCandidate", "ICE", &Stage::outsider, X, R"("sdp":"")")},
      {Name::kSimulcastUpdate, Code::kInvalidSignal, kM2m,
       says("simulcastUpdate", "SIMULCAST_UPDATE", &Stage::viewer, V, kTo + R"(,"layer":"h")")},
      {Name::kWatch, Code::kInternalServerError, kMedia,
       [=](Stage& stage) {
         stage.who_says(V, "watch", "WATCH", stage.viewer, kTo);
         return stage.who_says(V, "watch", "WATCH", stage.viewer, kTo);  // as many wait as may
       }},
      {Name::kPublishRequest, Code::kInternalServerError, kMedia,
       says("publishRequest", "PUBLISH_REQUEST", &Stage::viewer, V, "")},
  };
}

const Channel kChannels[] = {Channel::kM2m, Channel::kA2m, Channel::kP2p};
const Code kCodes[] = {Code::kInternalServerError,
                       Code::kInvalidSignal,
                       Code::kUnsupportedChannel,
                       Code::kRoomNotFound,
                       Code::kNotRoomMember,
                       Code::kRecipientNotMember,
                       Code::kAlreadyExistRoom,
                       Code::kAlreadyIsPublisher,
                       Code::kUserLeft,
                       Code::kRoomFull,
                       Code::kPermissionNotFound,
                       Code::kUnauthorized,
                       Code::kBanned};
std::string number(Code code) { return std::to_string(static_cast<int>(code)); }

// The codes that come about in the same way for every signal.
std::string in_general(const Form& form, Code code, Channel channel) {
  Stage stage(channel);
  const std::string s(to_text(form.name));
  auto who = stage.owner;
  const bool exists = signal::exists_in(form.name, channel);
  switch (code) {
    case Code::kInternalServerError:
      stage.hurries(Stage::kOwner);
      break;
    case Code::kInvalidSignal:
      who.session = "";
      break;
    case Code::kUnsupportedChannel:  // the room is of another type; or the signal is not of this one
      if (exists) who.ch = channel == Channel::kM2m ? "a2m" : "m2m";
      break;
    case Code::kRoomNotFound:
      who.rid = "nowhere";
      break;
    default:
      return {};
  }
  return stage.who_says(Stage::kOwner, form.action, s, who, form.rest);
}

TEST(Codes, EveryPairOfTheContractOccursWhereItCan) {  // B-6
  std::map<std::tuple<Name, Code, Channel>, std::string> seen, excused;
  for (const auto& form : kForms)
    for (const auto channel : kChannels)
      for (const auto code : kCodes)
        if (const auto heard = in_general(form, code, channel); heard == number(code))
          seen[{form.name, code, channel}] = heard;
  for (const auto& c : cases())
    for (const auto channel : kChannels) {
      if ((c.rooms & bit(channel)) == 0) continue;
      if (!c.happens) {
        excused[{c.name, c.code, channel}] = c.why;
        continue;
      }
      Stage stage(channel);
      EXPECT_EQ(c.happens(stage), number(c.code)) << to_text(c.name) << " in " << to_text(channel);
      seen[{c.name, c.code, channel}] = number(c.code);
    }
  for (const auto& form : kForms)
    for (const auto channel : kChannels)
      for (const auto code : kCodes) {
        const std::tuple key{form.name, code, channel};
        const bool listed = signal::may_answer(form.name, code);
        // A signal that does not exist in this type of room is told 2002, or what is told before it.
        const bool can = listed && (signal::exists_in(form.name, channel) || code == Code::kUnsupportedChannel ||
                                    code == Code::kInvalidSignal);
        const auto what = std::string(to_text(form.name)) + " " + number(code) + " in " + std::string(to_text(channel));
        if (!listed) EXPECT_FALSE(seen.contains(key)) << what << " is not of the signal's set";
        if (can) EXPECT_TRUE(seen.contains(key) != excused.contains(key)) << what << " is neither seen nor excused";
      }
}

TEST(Codes, EveryErrorSaysWhatIsWrongAndGivesTheRequestBack) {  // B-5, B-8
  for (const auto& form : kForms)
    for (const auto channel : kChannels)
      for (const auto code : {Code::kInternalServerError, Code::kInvalidSignal, Code::kRoomNotFound}) {
        Stage stage(channel);
        if (code == Code::kInternalServerError) stage.hurries(Stage::kOwner);
        auto who = code == Code::kInvalidSignal ? stage.publisher : stage.owner;
        if (code == Code::kRoomNotFound) who.rid = "nowhere";
        const auto said = say(form.action, std::string(to_text(form.name)), who,
                              R"("tid":"t", "x":[ 1,2 ])" + (form.rest.empty() ? "" : "," + form.rest));
        const auto heard = stage.world.tell(Stage::kOwner, said);
        ASSERT_EQ(heard.size(), 1u) << said;
        const auto start = said.find("\"data\":") + 7;
        EXPECT_NE(heard[0].find("\"req\":" + said.substr(start, said.size() - start - 1) + ","), std::string::npos);
        EXPECT_EQ(at(heard[0], "/b/tid"), "t");
        const auto msg = at(heard[0], "/b/msg");
        EXPECT_NE(msg.find(": "), std::string::npos);
        EXPECT_GT(msg.size(), msg.find(": ") + 20) << msg;
      }
}

// B-52: several things are wrong, and the first of the order is told.
TEST(Codes, TheOrderOfTheChecksIsThatOfTheContract) {
  for (const auto channel : kChannels) {
    for (const auto& form : kForms) {
      Stage stage(channel);
      const std::string s(to_text(form.name));
      const bool exists = signal::exists_in(form.name, channel);
      const bool knows_2002 = signal::may_answer(form.name, Code::kUnsupportedChannel);
      auto nowhere = stage.owner;
      nowhere.rid = "nowhere";
      auto unknown = nowhere;
      unknown.ch = "x2x";
      auto other = stage.owner;
      other.ch = channel == Channel::kM2m ? "a2m" : "m2m";
      const auto tell = [&](const Who& who) { return stage.who_says(Stage::kOwner, form.action, s, who, form.rest); };
      EXPECT_EQ(tell(unknown), knows_2002 ? "2002" : "2001") << s << ": unknown ch before 4001";
      EXPECT_EQ(tell(nowhere), exists ? "4001" : "2002") << s << ": wrong for this signal before 4001";
      if (signal::exists_in(form.name, *signal::channel_of_text(other.ch)))
        EXPECT_EQ(tell(other), knows_2002 ? "2002" : "4001") << s << ": not the room's type";
      auto broken = unknown;
      broken.session = "";
      EXPECT_EQ(tell(broken), "2001") << s << ": shape first";
    }
  }
}

}  // namespace
}  // namespace heliograph::control
