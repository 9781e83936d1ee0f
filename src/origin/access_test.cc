// SPDX-License-Identifier: Apache-2.0
// Who may watch, how many may wait, and where segments are kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "origin/test_world.h"

namespace heliograph::origin {
namespace {

using base::Duration;
using testing::HasSubstr;
using testing::Not;

struct Locked : testing::Test {
  Locked() {
    packager.asks_token = true;
    world.begin(packager, 2);
  }
  TestWorld world;
  TestPackager packager;
};

TEST_F(Locked, StreamIsShutWithoutAToken) {
  for (const auto* target : {"index.m3u8", "p1/v0.m3u8", "p1/v0/0.m4s", "p1/v0/0.0.m4s", "p1/v0/init-0.mp4",
                             "p1/v0.m3u8?_HLS_msn=2", "p1/v0/2.0.m4s"}) {
    const auto reply = world.get(target);
    EXPECT_EQ(reply->status(), 401u) << target;
    EXPECT_EQ(reply->response->content_type, "application/problem+json");
    EXPECT_EQ(reply->header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(reply->header("Cache-Control"), "no-store");
  }
  EXPECT_EQ(world.origin.numbers().denied, 7u);
  EXPECT_EQ(world.get("p1/v0.m3u8?token=bad")->status(), 403u);
  EXPECT_EQ(world.get("p2/v0.m3u8?token=good")->status(), 404u);
}

TEST_F(Locked, StreamOpensToATokenInTheQueryAndCarriesItOn) {
  const auto index = world.get("index.m3u8?token=b%2B/=");
  EXPECT_THAT(index->body(), HasSubstr("\np1/v0.m3u8?token=b%2B%2F%3D\n"));
  EXPECT_THAT(index->body(), HasSubstr("URI=\"p1/aac.m3u8?token=b%2B%2F%3D\""));
  EXPECT_EQ(index->header("Set-Cookie"), "hls_token=b+/=; Path=/hls/room/ann/s1/; HttpOnly; SameSite=Lax");
  const auto playlist = world.get("p1/v0.m3u8?token=good&_HLS_msn=1");
  EXPECT_EQ(playlist->header("Cache-Control"), "private, max-age=18");
  const auto read = PlaylistReader::read(playlist->body());
  EXPECT_EQ(read.segments[0].uri, "v0/0.m4s?token=good");
  EXPECT_EQ(read.segments[0].map, "v0/init-0.mp4?token=good");
  EXPECT_EQ(read.segments[0].parts[1].uri, "v0/0.1.m4s?token=good");
  EXPECT_EQ(read.hint, "v0/2.0.m4s?token=good");
  EXPECT_TRUE(read.reports.contains("aac.m3u8?token=good"));
  EXPECT_EQ(world.get("p1/v0/0.1.m4s?token=good")->header("Cache-Control"), "private, max-age=31536000, immutable");
}

TEST_F(Locked, StreamOpensToACookieAndToAuthorization) {
  auto request = TestWorld::request("p1/v0.m3u8");
  request.cookie = "a=b; hls_token=good; c=d";
  const auto by_cookie = world.send(request);
  EXPECT_EQ(by_cookie->status(), 200u);
  EXPECT_THAT(by_cookie->body(), Not(HasSubstr("token")));
  EXPECT_EQ(by_cookie->header("Cache-Control"), "private, max-age=1");
  request.cookie = "xhls_token=good";
  EXPECT_EQ(world.send(request)->status(), 401u);
  request.authorization = "Bearer good";
  EXPECT_EQ(world.send(request)->status(), 200u);
  request.query = "token=bad";
  EXPECT_EQ(world.send(request)->status(), 403u) << "what the query says counts";
}

TEST_F(Locked, TokenIsCheckedAgainAfterAMoment) {
  for (int i = 0; i < 10; ++i) world.get("p1/v0.m3u8?token=good");
  EXPECT_EQ(world.asked, 1);
  world.pass(Duration::seconds(5));
  world.get("p1/v0.m3u8?token=good");
  EXPECT_EQ(world.asked, 2);
  packager.asks_token = true;
  world.apply(packager.start());
  world.get("p1/v0.m3u8?token=good");
  EXPECT_EQ(world.asked, 3);
  for (int i = 0; i < 10; ++i) world.get("p1/v0.m3u8?token=bad");
  EXPECT_EQ(world.asked, 13);
}

TEST_F(Locked, StreamMayBeUnlockedWhileItLives) {
  packager.asks_token = false;
  world.apply(packager.start());
  const auto reply = world.get("p1/v0.m3u8?token=anything");
  EXPECT_EQ(reply->status(), 200u);
  EXPECT_THAT(reply->body(), Not(HasSubstr("token")));
  EXPECT_EQ(reply->header("Cache-Control"), "public, max-age=1");
}

TEST_F(Locked, PathThatCouldSplitACookieSetsNone) {
  auto request = TestWorld::request("index.m3u8?token=good");
  request.path = "/hls/room/ann/s1;Domain=x/index.m3u8";
  TestPackager odd({video("v0"), audio("aac")}, {"room", "ann", "s1;Domain=x"});
  odd.asks_token = true;
  world.begin(odd, 2);
  EXPECT_EQ(world.send(request)->status(), 200u);
  EXPECT_EQ(world.send(request)->header("Set-Cookie"), "");
}

TEST(Limits, OneRequestTooManyIsTurnedAway) {
  TestWorld world({.max_waiting = 3, .max_waiting_per_stream = 2});
  TestPackager one;
  TestPackager other({video("v0"), audio("aac")}, {"room", "bob", "s2"});
  world.begin(one);
  world.begin(other);
  const auto elsewhere = [](const std::string& target) {
    auto request = TestWorld::request(target);
    request.path.replace(0, sizeof("/hls/room/ann/s1") - 1, "/hls/room/bob/s2");
    return request;
  };
  const auto first = world.get("p1/v0.m3u8?_HLS_msn=1");
  world.get("p1/v0/1.0.m4s");
  const auto full = world.get("p1/v0.m3u8?_HLS_msn=1");
  EXPECT_EQ(full->status(), 503u);
  EXPECT_EQ(full->header("Retry-After"), "1");
  EXPECT_EQ(world.get("p1/v0/1.0.m4s")->status(), 503u);
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=0")->status(), 200u);
  EXPECT_EQ(world.get("p1/v0/0.m4s")->status(), 200u);
  EXPECT_EQ(world.send(elsewhere("p1/v0/1.0.m4s"))->status(), 0u);
  EXPECT_EQ(world.send(elsewhere("p1/v0.m3u8?_HLS_msn=1"))->status(), 503u);
  EXPECT_EQ(world.origin.numbers().turned_away, 3u);
  EXPECT_EQ(world.origin.numbers().waiting, 3u);
  world.play(one, 4);
  EXPECT_EQ(first->status(), 200u);
  EXPECT_EQ(world.origin.numbers().waiting, 1u);
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=2")->status(), 0u);
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=2")->status(), 0u) << "there is room again";
}

TEST(Limits, WhoHasGoneIsForgottenWithinASecond) {
  TestWorld world;
  TestPackager packager;
  const auto unknown = world.get("index.m3u8");
  world.apply(packager.start());
  const auto early = world.get("index.m3u8");
  unknown->has_gone = early->has_gone = true;
  world.pass(Duration::seconds(1));
  EXPECT_EQ(world.origin.numbers().waiting, 0u);
  world.apply(packager.open());
  world.play(packager, 4);
  const auto playlist = world.get("p1/v0.m3u8?_HLS_msn=1");
  const auto part = world.get("p1/v0/1.0.m4s");
  EXPECT_EQ(world.origin.numbers().waiting, 2u);
  playlist->has_gone = part->has_gone = true;
  world.pass(Duration::seconds(1));
  EXPECT_EQ(world.origin.numbers().waiting, 0u);
  EXPECT_TRUE(world.origin.next_time().is_never());
}

TEST(Limits, OneStreamTooManyIsNotServed) {
  TestWorld world({.max_streams = 1});
  TestPackager one;
  TestPackager other({video("v0"), audio("aac")}, {"room", "bob", "s2"});
  world.begin(one, 2);
  world.begin(other);
  EXPECT_EQ(world.origin.numbers().streams, 1u);
  EXPECT_EQ(world.get("p1/v0.m3u8")->status(), 200u);
  TestPackager replacing;
  replacing.prefix = "p2";
  world.begin(replacing, 3);
  EXPECT_TRUE(world.playlist("p1/v0.m3u8").ended);
  EXPECT_EQ(world.playlist("p1/v0.m3u8").segments.size(), 2u) << "the other's parts are not this one's";
  EXPECT_EQ(world.get("p2/v0.m3u8")->status(), 404u);
}

TEST(Memory, IsCountedAndGivenBack) {
  TestWorld world;
  TestPackager packager;
  packager.part_bytes = 1'000;
  world.begin(packager, 100);
  // 18 segments in the playlist, 18 that have left it, of two renditions; 9 or so with their parts besides; inits.
  const size_t bytes = world.origin.numbers().memory_bytes;
  EXPECT_GE(bytes, 2u * 36 * 4'000);
  EXPECT_LE(bytes, 2u * 37 * 4'000 + 100);
  for (int msn = 92; msn < 100; ++msn) world.get("p1/v0/" + std::to_string(msn) + ".m4s");
  EXPECT_EQ(world.origin.numbers().memory_bytes, bytes + 8 * 4'000) << "segments beside their parts";
  world.play(packager, 4 * 40);
  EXPECT_EQ(world.origin.numbers().memory_bytes, bytes);
}

TEST(Memory, WhenShortShrinksTheLargestAndThenRefuses) {
  TestWorld world({.max_memory = 500'000});
  TestPackager large;
  large.part_bytes = 2'000;
  TestPackager small({video("v0"), audio("aac")}, {"room", "bob", "s2"});
  world.begin(small, 40);
  world.begin(large, 40);
  EXPECT_LT(world.origin.numbers().memory_bytes, 500'000u);
  const auto playlist = world.playlist();
  EXPECT_EQ(playlist.duration(), 18'000'000);
  auto request = TestWorld::request("p1/v0.m3u8");
  request.path = "/hls/room/bob/s2/p1/v0.m3u8";
  EXPECT_EQ(PlaylistReader::read(world.send(request)->body()).duration(), 36'000'000);

  TestWorld tiny({.max_memory = 50'000});
  TestPackager fresh;
  fresh.part_bytes = 2'000;
  tiny.begin(fresh, 10);
  EXPECT_EQ(tiny.playlist().duration(), 18'000'000);
  TestPackager other({video("v0"), audio("aac")}, {"room", "bob", "s2"});
  tiny.begin(other);
  EXPECT_EQ(tiny.origin.numbers().streams, 1u);
}

struct Dvr : testing::Test {
  TestDisk disk;
  TestWorld world{{.dvr = Duration::seconds(120)}, &disk};
  TestPackager packager;
};

TEST_F(Dvr, ListsWhatIsOnDiskAndReadsItBackOnce) {
  world.begin(packager, 50);
  const auto playlist = world.playlist();
  EXPECT_EQ(playlist.duration(), 100'000'000);
  EXPECT_EQ(disk.files.size(), 2u * (50 - 18));
  const auto one = world.get("p1/v0/3.m4s");
  const auto other = world.get("p1/v0/3.m4s");
  EXPECT_EQ(one->status(), 0u);
  EXPECT_EQ(disk.reads.size(), 1u);
  disk.finish_reads();
  EXPECT_EQ(one->body(), "[v0/3.0][v0/3.1][v0/3.2][v0/3.3]");
  EXPECT_EQ(other->body(), one->body());
  EXPECT_EQ(world.origin.numbers().waiting, 0u);
}

TEST_F(Dvr, KeepsMemoryAsALiveStreamDoesAndRemovesFiles) {
  packager.part_bytes = 1'000;
  world.begin(packager, 200);
  EXPECT_LE(world.origin.numbers().memory_bytes, 2u * 20 * 4'000);
  EXPECT_EQ(world.playlist().duration(), 120'000'000);
  // 120 s in the playlist, of which 36 s are in memory, and 36 s that have left it.
  EXPECT_EQ(disk.files.size(), 2u * (60 - 18 + 18));
  EXPECT_EQ(world.origin.numbers().disk_bytes, disk.files.size() * 4'000);
  world.apply(packager.end());
  world.pass(Duration::seconds(61));
  EXPECT_EQ(disk.files.size(), 0u);
  EXPECT_EQ(world.origin.numbers().disk_bytes, 0u);
}

TEST_F(Dvr, FileThatIsLostIs404AndADiskThatIsStuckIs503) {
  world.begin(packager, 50);
  const auto lost = world.get("p1/v0/3.m4s");
  auto files = std::exchange(disk.files, {});
  disk.finish_reads();
  EXPECT_EQ(lost->status(), 404u);
  disk.files = std::move(files);
  const auto stuck = world.get("p1/v0/4.m4s");
  world.pass(Duration::seconds(10));
  EXPECT_EQ(stuck->status(), 503u);
  disk.finish_reads();
}

TEST_F(Dvr, ReadThatEndsAfterTheStreamDisturbsNobody) {
  world.begin(packager, 50);
  const auto reply = world.get("p1/v0/3.m4s");
  world.apply(packager.end());
  reply->has_gone = true;
  world.pass(Duration::seconds(100));
  disk.finish_reads();
  EXPECT_EQ(world.origin.numbers().streams, 0u);
}

TEST(Numbers, SayWhatWasSent) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);
  const auto index = world.get("index.m3u8");
  const auto playlist = world.get("p1/v0.m3u8");
  const auto part = world.get("p1/v0/0.0.m4s");
  const auto missing = world.get("p1/v0/7.0.m4s");
  const auto numbers = world.origin.numbers();
  EXPECT_EQ(numbers.playlists, 2u);
  EXPECT_EQ(numbers.parts, 1u);
  EXPECT_EQ(numbers.bytes, index->body().size() + playlist->body().size() + part->body().size());
  EXPECT_EQ(numbers.blocked, 0u);
  EXPECT_EQ(numbers.streams, 1u);
}

}  // namespace
}  // namespace heliograph::origin
