// SPDX-License-Identifier: Apache-2.0
#include "control/hls.h"

#include "control/admin.h"
#include "control/test_client.h"

namespace heliograph::control {
namespace {

constexpr const char* kForwarded = R"("op":{"hlsForwarding":true})";
constexpr const char* kNotForwarded = R"("op":{"hlsForwarding":false})";
constexpr const char* kRestarting = R"("op":{"restarting":true})";
constexpr const char* kUrl = "/hls/r/alice/s/index.m3u8";

class Hls : public ControlTest {
 protected:
  using ControlTest::ControlTest;
  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, alice);
    join(kBob, bob);
    world.forget();
  }
  // alice publishes, forwarded, and is in the list.
  void forwarded() {
    peer_ = publish_with(kForwarded, chromium);
    world.forget();
  }
  plan::PeerId publish_with(const char* op, const std::string& sdp) {
    ack = offer(kAlice, alice, sdp, op).at(0);
    const auto peer = last_opened();
    world.event(plan::PeerConnected{peer});
    return peer;
  }
  std::string hls_of_ack() const { return at(ack, "/b/hls"); }
  // "start r/alice/s, pause …, stop …": what the packager was told, in order.
  std::string told() const {
    std::string text;
    for (const auto& command : world.hls) {
      const auto* start = std::get_if<plan::StartHls>(&command);
      const auto* stop = std::get_if<plan::StopHls>(&command);
      const auto& stream = start != nullptr ? start->stream : stop->stream;
      text += text.empty() ? "" : ", ";
      text += std::string(start != nullptr ? "start"
                          : stop->over     ? "stop"
                                           : "pause") +
              " " + stream.rid + "/" + stream.user_id + "/" + stream.session_id;
    }
    return text;
  }
  plan::StartHls started() const { return std::get<plan::StartHls>(world.hls.back()); }
  void says(plan::HlsState state) { world.on_hls({stream_, state}); }
  // The states that bob heard.
  std::string states() {
    std::string text;
    for (const auto& push : of(world.heard(kBob), "HLS_STATE"))
      text += (text.empty() ? "" : " ") + at(push, "/b/state");
    return text;
  }
  template <class Call>
  auto operate(Call call) {
    std::optional<decltype(call(std::declval<Admin&>()))> result;
    world.operate([&](Out& out) {
      Admin admin(world.control, world.now, "operator", out);
      result = call(admin);
    });
    return *result;
  }
  void lose() {
    world.event(plan::PeerGone{peer_, plan::GoneReason::kConsentExpired});
    world.pass(base::Duration::seconds(11));
  }
  // The same PeerConnection after an ICE restart; another PeerConnection.
  std::string restarted() const { return replaced(chromium, "a=ice-ufrag:Wgpj", "a=ice-ufrag:Next"); }
  std::string other() const { return replaced(restarted(), "sha-256 6D:", "sha-256 00:"); }

  std::string ack;
  plan::PeerId peer_;
  const plan::HlsStream stream_{"r", "alice", "s"};
  const SessionKey key_{"alice", "s"};
};

TEST_F(Hls, AForwardedPublicationIsStartedAndItsUrlIsEverywhere) {  // B-25
  publish_with(kForwarded, chromium);
  EXPECT_EQ(hls_of_ack(), kUrl);
  EXPECT_EQ(told(), "start r/alice/s");
  const auto start = started();
  EXPECT_EQ(start.prefix.size(), 32u);
  EXPECT_EQ(start.tracks.size(), 2u);
  EXPECT_EQ(start.tracks[1].codec.codec, plan::Codec::kH264);
  EXPECT_TRUE(start.video && start.audio && !start.asks_token);
  const auto heard = world.heard(kBob);
  EXPECT_EQ(at(of(heard, "PUBLISH_LIST_CHANGED").at(0), "/b/pps/0/hls"), kUrl);
  const auto push = of(heard, "HLS_STATE").at(0);
  EXPECT_EQ(push, std::string(R"({"c":200,"s":"HLS_STATE","b":{"rid":"r","userId":"alice","sessionId":"s",)") +
                      R"("state":"starting","hls":")" + kUrl + R"("}})");
  EXPECT_EQ(at(join(kCarol, carol).at(0), "/b/pps/0/hls"), kUrl);
  EXPECT_EQ(at(world.tell(kBob, say("heartbeat", "HEARTBEAT", bob, R"("bid":1)")).at(0), "/b/pps/0/hls"), kUrl);
  EXPECT_EQ(at(watch(kBob, bob, alice).at(0), "/b/pps/0/hls"), kUrl);
}

TEST_F(Hls, WithoutTheWishThereIsNone) {
  publish_with(R"("tid":1)", chromium);
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_TRUE(world.hls.empty());
  EXPECT_EQ(at(world.heard(kBob).at(0), "/b/pps/0/hls"), "");
  publish_with(kNotForwarded, other());
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_TRUE(world.hls.empty());
}

TEST_F(Hls, VideoThatMp4HoldsIsPreferred) {
  const auto chosen = [&](const std::string& sdp) {
    publish_with(kForwarded, sdp);
    return started().tracks.at(1).codec.codec;
  };
  EXPECT_EQ(chosen(chromium), plan::Codec::kH264);
  const auto no_h264 = replaced(other(), "H264/90000", "X264/90000");
  EXPECT_EQ(chosen(no_h264), plan::Codec::kVp9);
  const auto av1 = replaced(replaced(no_h264, "VP9/90000", "XP9/90000"), "sha-256 00:", "sha-256 01:");
  EXPECT_EQ(chosen(av1), plan::Codec::kAv1);
  EXPECT_EQ(chosen(replaced(replaced(av1, "AV1/90000", "XV1/90000"), "sha-256 01:", "sha-256 02:")), plan::Codec::kVp8);
}

TEST_F(Hls, AnIdenticalOfferHasTheSameUrl) {  // B-9
  forwarded();
  ack = offer(kAlice, alice, chromium, kForwarded).at(0);
  EXPECT_EQ(hls_of_ack(), kUrl);
  EXPECT_EQ(told(), "");
}

TEST_F(Hls, ARestartLeavesItAsItWas) {  // B-22, B-25
  forwarded();
  ack = offer(kAlice, alice, restarted(), kRestarting).at(0);
  EXPECT_EQ(hls_of_ack(), kUrl);
  ack = offer(kAlice, alice, other(), kRestarting).at(0);  // another PeerConnection
  EXPECT_EQ(hls_of_ack(), kUrl);
  ack = offer(kAlice, alice, other()).at(0);  // a renegotiation
  EXPECT_EQ(hls_of_ack(), kUrl);
  EXPECT_EQ(told(), "");  // the same publication with the same tracks
}

TEST_F(Hls, ARestartWithoutIsWithoutStill) {
  publish_with(R"("tid":1)", chromium);
  ack = offer(kAlice, alice, restarted(), kRestarting).at(0);
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_TRUE(world.hls.empty());
}

TEST_F(Hls, ARestartMayBeginOrEndIt) {
  publish_with(R"("tid":1)", chromium);
  ack = offer(kAlice, alice, restarted(), R"("op":{"restarting":true,"hlsForwarding":true})").at(0);
  EXPECT_EQ(hls_of_ack(), kUrl);
  EXPECT_EQ(started().tracks.at(1).codec.codec, plan::Codec::kVp8);  // what viewers have stays
  ack = offer(kAlice, alice, chromium, R"("op":{"restarting":true,"hlsForwarding":false})").at(0);
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_EQ(told(), "start r/alice/s, stop r/alice/s");
}

TEST_F(Hls, AFreshOfferThatSaysNothingEndsIt) {
  forwarded();
  publish_with(R"("tid":1)", other());
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_EQ(told(), "stop r/alice/s");
}

TEST_F(Hls, AFreshOfferThatWantsItGoesOnInTheSamePlaylist) {
  publish_with(kForwarded, chromium);
  const auto first = started();
  world.forget();
  publish_with(kForwarded, other());
  EXPECT_EQ(told(), "start r/alice/s");
  EXPECT_NE(started().publication, first.publication);
  EXPECT_NE(started().prefix, first.prefix);
  EXPECT_EQ(states(), "");
}

TEST_F(Hls, WhatChangesIsTold) {
  forwarded();
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ve":false)"));
  EXPECT_FALSE(started().video);
  EXPECT_TRUE(started().audio);
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ae":false)"));
  EXPECT_FALSE(started().audio);
  world.tell(kAlice, say("updateVideo", "UPDATE", alice, R"("ae":false)"));
  EXPECT_EQ(told(), "start r/alice/s, start r/alice/s");
  operate([](Admin& admin) { return admin.change("r", {.hls_tokens = true}); });
  EXPECT_TRUE(started().asks_token);
  EXPECT_EQ(operate([](Admin& admin) { return admin.room("r"); })->hls_tokens, true);
  EXPECT_EQ(world.hls.size(), 3u);
}

TEST_F(Hls, WhatIsMeantToEndIsOver) {
  const auto kick = say("kick", "KICK", bob, R"("to":"alice")");
  const std::vector<std::function<void()>> ways = {
      [&] { world.tell(kAlice, say("unpublish", "UNPUBLISH", alice)); },
      [&] { offer(kAlice, alice, chromium, kNotForwarded); },
      [&] { operate([](Admin& admin) { return admin.stop_hls("r", {"alice", "s"}); }); },
      [&] {
        operate([](Admin& admin) { return admin.put_participant("r", "alice", room::Role::kViewer, std::nullopt); });
        operate([](Admin& admin) { return admin.put_participant("r", "alice", room::Role::kPublisher, std::nullopt); });
      },
      [&] { world.tell(kAlice, say("leave", "LEAVE", alice)), join(kAlice, alice); },
      [&] { operate([](Admin& admin) { return admin.kick("r", "alice"); }), join(kAlice, alice); },
      [&] { operate([](Admin& admin) { return admin.close("r", "over"); }); }};
  for (size_t i = 0; i < ways.size(); ++i) {
    SCOPED_TRACE(i);
    const auto sdp = replaced(chromium, "a=ice-ufrag:Wgpj", "a=ice-ufrag:U" + std::to_string(i) + "aa");
    publish_with(kForwarded, sdp);
    world.forget();
    ways[i]();
    EXPECT_EQ(told(), "stop r/alice/s");
    EXPECT_EQ(world.control.numbers().hls_streams, 0u);
  }
}

TEST_F(Hls, ADrainEndsThemAll) {
  forwarded();
  world.drain();
  EXPECT_EQ(told(), "stop r/alice/s");
}

TEST_F(Hls, APublisherWhoIsGoneMayComeBack) {
  forwarded();
  says(plan::HlsState::kLive);
  lose();
  EXPECT_EQ(told(), "pause r/alice/s");
  world.forget();
  publish_with(kRestarting, other());  // says nothing of HLS
  EXPECT_EQ(hls_of_ack(), kUrl);
  EXPECT_EQ(told(), "start r/alice/s");
  EXPECT_EQ(states(), "");  // it is live still
  EXPECT_EQ(operate([&](Admin& admin) { return admin.hls("r", key_); })->value().state, plan::HlsState::kLive);
}

TEST_F(Hls, ASessionThatExpiresIsGoneOnly) {
  forwarded();
  world.close(kAlice);
  world.event(plan::PeerGone{peer_, plan::GoneReason::kDtlsClosed});
  world.pass(base::Duration::seconds(11));
  EXPECT_EQ(told(), "pause r/alice/s");
  world.open(kAlice);
  join(kAlice, alice);
  publish_with(kForwarded, other());
  EXPECT_EQ(told(), "pause r/alice/s, start r/alice/s");
}

TEST_F(Hls, WhoLeavesWhileTheirStreamWaitsEndsIt) {
  forwarded();
  lose();
  world.tell(kAlice, say("leave", "LEAVE", alice));
  EXPECT_EQ(told(), "pause r/alice/s, stop r/alice/s");
}

TEST_F(Hls, AFreshOfferWithoutHlsEndsAStreamThatWaits) {
  forwarded();
  lose();
  publish_with(R"("tid":1)", other());
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_EQ(told(), "pause r/alice/s, stop r/alice/s");
}

TEST_F(Hls, AStreamThatWaitsIsForgottenWhenThePackagerSaysSoOrSaysNothing) {
  forwarded();
  lose();
  says(plan::HlsState::kEnded);
  EXPECT_EQ(world.control.numbers().hls_streams, 0u);
  EXPECT_EQ(told(), "pause r/alice/s");
  world.forget();
  peer_ = publish_with(kForwarded, other());
  EXPECT_EQ(states(), "starting");  // another life
  lose();
  world.pass(base::Duration::seconds(30));
  EXPECT_EQ(told(), "start r/alice/s, pause r/alice/s, stop r/alice/s");
  EXPECT_EQ(world.control.numbers().hls_streams, 0u);
}

TEST_F(Hls, TheRoomHearsEachStateOnce) {
  publish_with(kForwarded, chromium);
  says(plan::HlsState::kStarting);
  says(plan::HlsState::kLive);
  says(plan::HlsState::kLive);
  EXPECT_EQ(states(), "starting live");
  world.tell(kAlice, say("unpublish", "UNPUBLISH", alice));
  says(plan::HlsState::kLive);  // it crossed
  says(plan::HlsState::kEnded);
  EXPECT_EQ(states(), "ended");
  world.on_hls({{"elsewhere", "alice", "s"}, plan::HlsState::kEnded});
  EXPECT_TRUE(world.heard(kBob).empty());
}

TEST_F(Hls, WhatCannotBePackagedFailsAndStays) {
  forwarded();
  says(plan::HlsState::kFailed);
  EXPECT_EQ(states(), "failed");
  EXPECT_EQ(operate([&](Admin& admin) { return admin.hls("r", key_); })->value().state, plan::HlsState::kFailed);
  EXPECT_EQ(told(), "");
}

TEST_F(Hls, AnOperatorStartsAndStopsWhatRuns) {
  const auto start = [&] { return operate([&](Admin& admin) { return admin.start_hls("r", key_); }); };
  EXPECT_FALSE(start()->has_value());  // publishes nothing
  publish_with(R"("tid":1)", chromium);
  world.forget();
  EXPECT_TRUE(start()->value().started);
  EXPECT_EQ(start()->value().hls.url, kUrl);
  EXPECT_FALSE(start()->value().started);
  EXPECT_EQ(at(of(world.heard(kBob), "PUBLISH_LIST_CHANGED").at(0), "/b/pps/0/hls"), kUrl);
  for (int twice = 0; twice < 2; ++twice)
    EXPECT_TRUE(operate([&](Admin& admin) { return admin.stop_hls("r", key_); }).has_value());
  EXPECT_EQ(told(), "start r/alice/s, stop r/alice/s");
  EXPECT_EQ(at(of(world.heard(kBob), "PUBLISH_LIST_CHANGED").at(0), "/b/pps/0/hls"), "");
  EXPECT_FALSE(operate([&](Admin& admin) { return admin.hls("r", key_); })->has_value());
}

TEST_F(Hls, InAnA2mRoomTheSoundIsForwarded) {
  const Who ann{.user = "ann", .ch = "a2m", .rid = "a"};
  create(kCarol, ann);
  EXPECT_EQ(at(offer(kCarol, ann, chromium, kForwarded).at(0), "/b/hls"), "/hls/a/ann/s/index.m3u8");
  ASSERT_EQ(started().tracks.size(), 1u);
  EXPECT_EQ(started().tracks[0].kind, plan::Kind::kAudio);
}

TEST_F(Hls, IdsInUrlsAreEncoded) {
  const Who odd{.user = "a/b?", .session = "..", .ch = "m2m", .rid = "tea room"};
  create(kCarol, odd);
  EXPECT_EQ(at(offer(kCarol, odd, chromium, kForwarded).at(0), "/b/hls"), "/hls/tea%20room/a%2Fb%3F/%2E%2E/index.m3u8");
}

class HlsElsewhere : public Hls {
 protected:
  static Config config() {
    auto config = test_config();
    config.hls_url = "https://cdn.example.org";
    config.hls_tokens = true;
    config.limits.hls_streams = 1;
    return config;
  }
  HlsElsewhere() : Hls(config()) {}
};

TEST_F(HlsElsewhere, UrlsAndTokensAreAsTheServerIsConfigured) {
  publish_with(kForwarded, chromium);
  EXPECT_EQ(hls_of_ack(), std::string("https://cdn.example.org") + kUrl);
  EXPECT_TRUE(started().asks_token);
}

TEST_F(HlsElsewhere, OneTooManyIsPublishedWithoutHls) {
  forwarded();
  ack = offer(kBob, bob, chromium, kForwarded).at(0);
  EXPECT_EQ(code(ack), "200");
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_EQ(told(), "");
  EXPECT_EQ(world.control.numbers().hls_refused, 1u);
  EXPECT_EQ(operate([](Admin& admin) { return admin.start_hls("r", {"bob", "s"}); }).error().code,
            base::Code::kInternalServerError);
  world.tell(kAlice, say("unpublish", "UNPUBLISH", alice));
  EXPECT_TRUE(operate([](Admin& admin) { return admin.start_hls("r", {"bob", "s"}); })->value().started);
}

class HlsOff : public Hls {
 protected:
  static Config config() {
    auto config = test_config();
    config.hls = false;
    return config;
  }
  HlsOff() : Hls(config()) {}
};

TEST_F(HlsOff, TheWishHasNoEffect) {
  publish_with(kForwarded, chromium);
  EXPECT_EQ(hls_of_ack(), "");
  EXPECT_TRUE(world.hls.empty());
  const auto answer = at(ack, "/b/sdp");
  EXPECT_NE(answer.find("VP8/90000"), std::string::npos);  // nothing is preferred
  EXPECT_EQ(states(), "");
}

}  // namespace
}  // namespace heliograph::control
