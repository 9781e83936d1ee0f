// SPDX-License-Identifier: Apache-2.0
// Playlists, parts and who waits for them.
#include "origin/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "origin/test_world.h"

namespace heliograph::origin {
namespace {

using base::Duration;
using testing::HasSubstr;
using testing::Not;

std::string unzip(const std::string& zipped) {
  std::string out(1'000'000, '\0');
  z_stream zip{};
  CHECK(inflateInit2(&zip, MAX_WBITS + 16) == Z_OK);
  zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
  zip.avail_in = static_cast<uInt>(zipped.size());
  zip.next_out = reinterpret_cast<Bytef*>(out.data());
  zip.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&zip, Z_FINISH) == Z_STREAM_END);
  out.resize(zip.total_out);
  inflateEnd(&zip);
  return out;
}

TEST(Multivariant, NamesEachVideoWithItsAudio) {
  TestWorld world;
  TestPackager packager({video("v0", 720), video("v1", 360), audio("aac")});
  world.begin(packager, 2);
  const auto reply = world.get("index.m3u8");
  EXPECT_EQ(reply->status(), 200u);
  EXPECT_EQ(reply->response->content_type, "application/vnd.apple.mpegurl");
  EXPECT_EQ(reply->body(),
            "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"Audio\",AUTOSELECT=YES,DEFAULT=YES,CHANNELS=\"2\","
            "URI=\"p1/aac.m3u8\"\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=2130000,AVERAGE-BANDWIDTH=1628000,CODECS=\"avc1.42e01f,mp4a.40.2\","
            "RESOLUTION=1280x720,FRAME-RATE=30.000,CLOSED-CAPTIONS=NONE,AUDIO=\"aac\"\np1/v0.m3u8\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=2130000,AVERAGE-BANDWIDTH=1628000,CODECS=\"avc1.42e01f,mp4a.40.2\","
            "RESOLUTION=640x360,FRAME-RATE=30.000,CLOSED-CAPTIONS=NONE,AUDIO=\"aac\"\np1/v1.m3u8\n");
}

TEST(Multivariant, PutsAacBeforeOpus) {
  TestWorld world;
  TestPackager packager({video("v0"), audio("opus", "opus"), audio("aac")});
  world.begin(packager, 2);
  const auto text = world.get("index.m3u8")->body();
  EXPECT_LT(text.find("AUDIO=\"aac\""), text.find("AUDIO=\"opus\""));
  EXPECT_LT(text.find("GROUP-ID=\"aac\""), text.find("GROUP-ID=\"opus\""));
  EXPECT_THAT(text, HasSubstr("CODECS=\"avc1.42e01f,opus\""));
}

TEST(Multivariant, OfSoundAloneIsThatSound) {
  TestWorld world;
  TestPackager packager({audio("opus", "opus"), audio("aac")});
  world.begin(packager, 2);
  const auto text = world.get("index.m3u8")->body();
  EXPECT_THAT(text, Not(HasSubstr("EXT-X-MEDIA")));
  EXPECT_THAT(text, HasSubstr("CODECS=\"mp4a.40.2\"\np1/aac.m3u8"));
  EXPECT_LT(text.find("p1/aac.m3u8"), text.find("p1/opus.m3u8"));
}

TEST(Multivariant, FollowsWhatIsDescribed) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);
  auto other = video("renamed", 1080);
  world.apply({{"room", "ann", "s1"}, {hls::Update(hls::Described{0, other})}});
  const auto text = world.get("index.m3u8")->body();
  EXPECT_THAT(text, HasSubstr("RESOLUTION=1920x1080"));
  EXPECT_THAT(text, HasSubstr("p1/v0.m3u8"));
}

TEST(Start, IndexWaitsUntilEachRenditionHasASegment) {
  TestWorld world;
  TestPackager packager;
  const auto before = world.get("index.m3u8");
  world.apply(packager.start());
  const auto started = world.get("index.m3u8");
  const auto playlist = world.get("p1/v0.m3u8");
  world.apply(packager.open());
  world.play(packager, 3);
  EXPECT_EQ(before->status() + started->status() + playlist->status(), 0u);
  EXPECT_EQ(world.origin.numbers().waiting, 3u);
  world.play(packager, 1);
  EXPECT_EQ(before->status(), 200u);
  EXPECT_EQ(started->status(), 200u);
  EXPECT_EQ(playlist->status(), 200u);
  EXPECT_EQ(world.origin.numbers().waiting, 0u);
}

TEST(Start, ThatDoesNotComeIs404AfterAWhile) {
  TestWorld world;
  TestPackager packager;
  const auto nobody = world.get("index.m3u8");
  world.apply(packager.start());
  const auto started = world.get("index.m3u8");
  world.pass(Duration::millis(19'900));
  EXPECT_EQ(started->status() + nobody->status(), 0u);
  world.pass(Duration::seconds(1));
  EXPECT_EQ(started->status(), 404u);
  EXPECT_EQ(started->header("Retry-After"), "1");
  EXPECT_EQ(world.origin.numbers().waiting, 0u);
}

TEST(Start, OfWhatNobodyKnowsDoesNotTakeTheRoomOfThoseWhoWatch) {
  TestWorld world;
  std::vector<TestReplyPtr> replies;
  for (int i = 0; i < 1'001; ++i) replies.push_back(world.get("index.m3u8"));
  EXPECT_EQ(replies[999]->status(), 0u);
  EXPECT_EQ(replies[1'000]->status(), 404u);
  EXPECT_EQ(world.get("p1/v0.m3u8")->status(), 404u);
}

TEST(Playlist, HasWhatTheDraftWants) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  world.play(packager, 1);
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=0")->body(),
            "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:3\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,HOLD-BACK=9.000000,"
            "CAN-SKIP-UNTIL=18.000000\n"
            "#EXT-X-PART-INF:PART-TARGET=0.500000\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MAP:URI=\"v0/init-0.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z\n"
            "#EXT-X-PART:DURATION=0.500000,URI=\"v0/0.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.500000,URI=\"v0/0.1.m4s\"\n"
            "#EXT-X-PART:DURATION=0.500000,URI=\"v0/0.2.m4s\"\n"
            "#EXT-X-PART:DURATION=0.500000,URI=\"v0/0.3.m4s\"\n"
            "#EXTINF:2.000000,\nv0/0.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.123Z\n"
            "#EXT-X-PART:DURATION=0.500000,URI=\"v0/1.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v0/1.1.m4s\"\n"
            "#EXT-X-RENDITION-REPORT:URI=\"aac.m3u8\",LAST-MSN=1,LAST-PART=0\n");
}

TEST(Playlist, KeepsPartsForThreeTargetDurations) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 10);
  const auto playlist = world.playlist();
  for (const auto& segment : playlist.segments)  // 20 s long; from 11 s on
    EXPECT_EQ(segment.parts.size(), segment.msn < 5 ? 0u : 4u) << segment.msn;
}

TEST(Playlist, HintsAtTheNextPartAcrossTheEndOfASegment) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  EXPECT_EQ(world.playlist().hint, "v0/1.0.m4s");
  world.play(packager, 3);
  world.apply(packager.part());
  EXPECT_EQ(world.playlist().hint, "v0/1.4.m4s");
  world.apply(packager.end_segment());
  EXPECT_EQ(world.playlist().hint, "v0/2.0.m4s");
}

TEST(Playlist, NamesTheMapAgainAfterAChange) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);
  world.apply(packager.change_init());
  world.play(packager, 5);
  const auto playlist = world.playlist();
  ASSERT_EQ(playlist.segments.size(), 4u);
  EXPECT_EQ(playlist.segments[1].map, "v0/init-0.mp4");
  EXPECT_EQ(playlist.segments[1].discontinuity, 0u);
  EXPECT_EQ(playlist.segments[2].map, "v0/init-1.mp4");
  EXPECT_EQ(playlist.segments[2].discontinuity, 1u);
  EXPECT_EQ(playlist.segments[3].map, "v0/init-1.mp4");
  EXPECT_EQ(playlist.segments[3].discontinuity, 1u);
  EXPECT_EQ(world.get("p1/v0/init-0.mp4")->body(), "[v0/init-0]");
  EXPECT_EQ(world.get("p1/v0/init-1.mp4")->body(), "[v0/init-1]");
  EXPECT_EQ(world.get("p1/v0/init-2.mp4")->status(), 404u);
}

TEST(Playlist, CountsDiscontinuitiesThatHaveLeftIt) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);
  world.apply(packager.change_init());
  world.play(packager, 4 * 60);
  const auto playlist = world.playlist();
  EXPECT_GT(playlist.media_sequence, 2u);
  EXPECT_EQ(playlist.tags.at("#EXT-X-DISCONTINUITY-SEQUENCE"), "1");
  EXPECT_EQ(playlist.segments.front().discontinuity, 1u);
  EXPECT_EQ(world.get("p1/v0/init-0.mp4")->status(), 404u) << "nothing needs it any more";
}

TEST(Playlist, IsTwelveTargetDurationsLong) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 50);
  const auto playlist = world.playlist();
  EXPECT_EQ(playlist.duration(), 36'000'000);
  EXPECT_EQ(playlist.media_sequence, 32u);
}

TEST(Playlist, LeavesSegmentsForThoseWhoReadAnOldOne) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 50);
  // RFC 8216 section 6.2.2: 36 s after it has left.
  EXPECT_EQ(world.get("p1/v0/14.m4s")->body(), "[v0/14.0][v0/14.1][v0/14.2][v0/14.3]");
  EXPECT_EQ(world.get("p1/v0/13.m4s")->status(), 404u);
}

TEST(Parts, AndSegmentsAreWhatThePackagerMade) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 20);
  for (const auto* msn : {"19", "5"}) {
    const std::string name = "v0/" + std::string(msn);
    const auto part = world.get("p1/" + name + ".2.m4s");
    EXPECT_EQ(part->body(), "[" + name + ".2]");
    EXPECT_EQ(part->response->content_type, "video/mp4");
    EXPECT_EQ(world.get("p1/" + name + ".m4s")->body(),
              "[" + name + ".0][" + name + ".1][" + name + ".2][" + name + ".3]");
  }
  EXPECT_EQ(world.get("p1/aac/19.m4s")->response->content_type, "audio/mp4");
  EXPECT_EQ(world.get("p1/v0/20.m4s")->status(), 404u);
  EXPECT_EQ(world.get("p1/v1/19.m4s")->status(), 404u);
  EXPECT_EQ(world.get("p2/v0/19.m4s")->status(), 404u);
}

TEST(Parts, SegmentIsPutTogetherOnce) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  EXPECT_EQ(world.get("p1/v0/0.m4s")->response->shared_body, world.get("p1/v0/0.m4s")->response->shared_body);
}

TEST(Parts, HintedOneIsSentWhenItComes) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  const auto hinted = world.get("p1/v0/1.0.m4s");
  const auto further = world.get("p1/v0/1.1.m4s");
  EXPECT_EQ(further->status(), 404u);
  EXPECT_EQ(hinted->status(), 0u);
  world.play(packager, 1);
  EXPECT_EQ(hinted->body(), "[v0/1.0]");
}

TEST(Parts, HintedOneThatNeverComesIs404AtOnce) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  world.play(packager, 3);
  world.apply(packager.part());
  const auto hinted = world.get("p1/v0/1.4.m4s");
  EXPECT_EQ(hinted->status(), 0u);
  world.apply(packager.end_segment());
  EXPECT_EQ(hinted->status(), 404u);
  EXPECT_EQ(hinted->header("Cache-Control"), "max-age=1");
  EXPECT_EQ(world.get("p1/v0/1.4.m4s")->status(), 404u);
}

TEST(Parts, AreSentInRanges) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  auto request = TestWorld::request("p1/v0/0.m4s");
  request.range = "bytes=1-4";
  const auto some = world.send(request);
  EXPECT_EQ(some->status(), 206u);
  EXPECT_EQ(some->body(), "v0/0");
  EXPECT_EQ(some->header("Content-Range"), "bytes 1-4/32");
  request.range = "bytes=32-";
  const auto none = world.send(request);
  EXPECT_EQ(none->status(), 416u);
  EXPECT_EQ(none->header("Content-Range"), "bytes */32");
  request.range = "bytes=1-4";
  request.method = "HEAD";
  EXPECT_EQ(world.send(request)->status(), 200u);
}

TEST(Directives, WithoutSenseAre400) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);  // 0 and 1 are whole
  world.play(packager, 2);   // 2.0 and 2.1 are there
  for (const auto* query : {"_HLS_part=1", "_HLS_msn=x", "_HLS_msn=1&_HLS_msn=1", "_HLS_msn=5",
                            "_HLS_msn=18446744073709551615", "_HLS_msn=2&_HLS_part=8", "_HLS_msn=3&_HLS_part=6"}) {
    const auto reply = world.get(std::string("p1/v0.m3u8?") + query);
    EXPECT_EQ(reply->status(), 400u) << query;
    EXPECT_EQ(reply->header("Cache-Control"), "no-store");
    EXPECT_EQ(reply->response->content_type, "application/problem+json");
  }
  EXPECT_EQ(world.origin.numbers().bad_requests, 7u);
  for (const auto* query : {"_HLS_msn=4", "_HLS_msn=2&_HLS_part=7", "_HLS_msn=3&_HLS_part=5", "_HLS_msn=2"})
    EXPECT_EQ(world.get(std::string("p1/v0.m3u8?") + query)->status(), 0u) << query;
  for (const auto* query : {"_HLS_msn=1", "_HLS_msn=2&_HLS_part=1", "_HLS_msn=0&_HLS_part=99", "_HLS_what=5"})
    EXPECT_EQ(world.get(std::string("p1/v0.m3u8?") + query)->status(), 200u) << query;
}

TEST(Directives, WithAPartWaitForIt) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  const auto reply = world.get("p1/v0.m3u8?_HLS_msn=1&_HLS_part=1");
  world.play(packager, 1);
  EXPECT_EQ(reply->status(), 0u);
  world.play(packager, 1);
  ASSERT_EQ(reply->status(), 200u);
  EXPECT_EQ(PlaylistReader::read(reply->body()).segments.back().parts.size(), 2u);
}

TEST(Directives, WithoutAPartWaitForTheSegment) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  const auto reply = world.get("p1/v0.m3u8?_HLS_msn=1");
  world.play(packager, 3);
  world.apply(packager.part());
  EXPECT_EQ(reply->status(), 0u);
  world.apply(packager.end_segment());
  ASSERT_EQ(reply->status(), 200u);
  EXPECT_EQ(PlaylistReader::read(reply->body()).segments.back().uri, "v0/1.m4s");
}

TEST(Directives, WithAPartBehindTheEndMeanTheNextSegment) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  const auto early = world.get("p1/v0.m3u8?_HLS_msn=1&_HLS_part=5");
  const auto late = world.get("p1/v0.m3u8?_HLS_msn=0&_HLS_part=4");
  world.play(packager, 1);
  EXPECT_EQ(late->status(), 200u);
  world.play(packager, 3);
  EXPECT_EQ(early->status(), 0u);
  world.play(packager, 1);
  EXPECT_EQ(early->status(), 200u);
}

TEST(Directives, AreAnswered503WhenNothingComes) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  const auto playlist = world.get("p1/v0.m3u8?_HLS_msn=1");
  const auto part = world.get("p1/v0/1.0.m4s");
  world.pass(Duration::millis(8'900));
  EXPECT_EQ(playlist->status() + part->status(), 0u);
  world.pass(Duration::seconds(1));
  EXPECT_EQ(playlist->status(), 503u);
  EXPECT_EQ(playlist->header("Retry-After"), "1");
  EXPECT_EQ(part->status(), 503u);
  EXPECT_EQ(world.origin.numbers().timed_out, 2u);
  EXPECT_EQ(world.origin.numbers().waiting, 0u);
}

TEST(Ending, IsToldBehindTheLastParts) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager);
  const auto last = world.get("p1/v0.m3u8?_HLS_msn=1&_HLS_part=0");
  const auto beyond = world.get("p1/v0.m3u8?_HLS_msn=1&_HLS_part=1");
  auto updates = packager.part();
  for (const auto& more : {packager.end_segment(), packager.end()})
    updates.updates.insert(updates.updates.end(), more.updates.begin(), more.updates.end());
  world.apply(updates);
  EXPECT_FALSE(PlaylistReader::read(last->body()).ended);
  EXPECT_TRUE(PlaylistReader::read(beyond->body()).ended);
}

TEST(Skip, LeavesOutWhatIsBeyondTheBoundary) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 18);
  const auto full = world.playlist();
  const auto delta = world.playlist("p1/v0.m3u8?_HLS_skip=YES");
  EXPECT_EQ(full.skipped, 0u);
  EXPECT_EQ(delta.skipped, 9u);  // 36 s, of which the last 18 s stay
  EXPECT_EQ(delta.media_sequence, full.media_sequence);
  EXPECT_EQ(delta.segments.size() + delta.skipped, full.segments.size());
  EXPECT_EQ(delta.segments.front().map, "v0/init-0.mp4");
  EXPECT_EQ(world.playlist("p1/v0.m3u8?_HLS_skip=v2").skipped, 9u);
}

TEST(Skip, NeedsALongEnoughPlaylist) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 9);
  EXPECT_EQ(world.playlist("p1/v0.m3u8?_HLS_skip=YES").tags.count("#EXT-X-SKIP"), 0u);
  world.play(packager, 4);
  EXPECT_EQ(world.playlist("p1/v0.m3u8?_HLS_skip=YES").skipped, 1u);
}

TEST(Reports, AreAsNewAsThePlaylist) {
  TestWorld world;
  TestPackager packager({video("v0"), video("v1"), audio("aac")});
  world.begin(packager);
  const auto reply = world.get("p1/v0.m3u8?_HLS_msn=1&_HLS_part=0");
  world.play(packager, 1);
  const auto reports = PlaylistReader::read(reply->body()).reports;
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports.at("v1.m3u8"), (Attributes{{"LAST-MSN", "1"}, {"LAST-PART", "0"}, {"URI", "v1.m3u8"}}));
  EXPECT_EQ(reports.at("aac.m3u8").at("LAST-MSN"), "1");
}

TEST(End, WritesEndlistAndLetsAllGo) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);
  const auto playlist = world.get("p1/v0.m3u8?_HLS_msn=2&_HLS_part=0");
  const auto part = world.get("p1/v0/2.0.m4s");
  world.apply(packager.end());
  ASSERT_EQ(playlist->status(), 200u);
  const auto read = PlaylistReader::read(playlist->body());
  EXPECT_TRUE(read.ended);
  EXPECT_EQ(read.hint, "");
  EXPECT_EQ(read.segments.size(), 2u);
  EXPECT_EQ(part->status(), 404u);
  EXPECT_EQ(world.get("p1/v0/2.0.m4s")->status(), 404u);
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=2&_HLS_part=0")->status(), 200u);
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=200")->status(), 200u);
  EXPECT_EQ(world.get("index.m3u8")->status(), 200u);
}

TEST(End, IsFollowedByForgetting) {
  TestWorld world({.kept = Duration::seconds(60)});
  TestPackager packager;
  world.begin(packager, 2);
  world.apply(packager.end());
  world.pass(Duration::seconds(59));
  EXPECT_EQ(world.get("p1/v0/1.m4s")->status(), 200u);
  EXPECT_EQ(world.origin.numbers().streams, 1u);
  world.pass(Duration::seconds(2));
  EXPECT_EQ(world.get("p1/v0/1.m4s")->status(), 404u);
  EXPECT_EQ(world.origin.numbers().streams, 0u);
  EXPECT_EQ(world.origin.numbers().memory_bytes, 0u);
  EXPECT_TRUE(world.origin.next_time().is_never());
}

TEST(End, BeforeTheFirstSegmentIs404) {
  TestWorld world;
  TestPackager packager;
  world.apply(packager.start());
  world.apply(packager.open());
  const auto index = world.get("index.m3u8");
  world.apply(packager.end());
  EXPECT_EQ(index->status(), 404u);
}

TEST(Replacement, TakesTheIndexAndLeavesTheOldOneEnded) {
  TestWorld world;
  TestPackager old;
  world.begin(old, 2);
  const auto waiting = world.get("p1/v0.m3u8?_HLS_msn=2");
  TestPackager fresh;
  fresh.prefix = "p2";
  world.begin(fresh, 2);
  EXPECT_TRUE(PlaylistReader::read(waiting->body()).ended);
  EXPECT_THAT(world.get("index.m3u8")->body(), HasSubstr("p2/v0.m3u8"));
  EXPECT_TRUE(world.playlist("p1/v0.m3u8").ended);
  EXPECT_FALSE(world.playlist("p2/v0.m3u8").ended);
  world.pass(Duration::seconds(61));
  EXPECT_EQ(world.get("p1/v0.m3u8")->status(), 404u);
  EXPECT_EQ(world.get("p2/v0.m3u8?_HLS_msn=0")->status(), 200u);
}

TEST(Replacement, AgainAndAgainKeepsFourOldOnes) {
  TestWorld world;
  for (int i = 0; i < 20; ++i) {
    TestPackager packager;
    packager.prefix = "p" + std::to_string(i);
    world.begin(packager);
  }
  EXPECT_EQ(world.origin.numbers().streams, 5u);
  EXPECT_EQ(world.get("p15/v0.m3u8")->status(), 200u);
  EXPECT_EQ(world.get("p14/v0.m3u8")->status(), 404u);
}

TEST(Coding, IsGzipAndShared) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 5);
  auto request = TestWorld::request("p1/v0.m3u8");
  const auto plain = world.send(request);
  EXPECT_EQ(plain->header("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain->header("Content-Encoding"), "");
  request.accept_encoding = "gzip, br";
  const auto zipped = world.send(request);
  EXPECT_EQ(zipped->header("Content-Encoding"), "gzip");
  EXPECT_EQ(zipped->header("Vary"), "Accept-Encoding");
  EXPECT_EQ(unzip(zipped->body()), plain->body());
  EXPECT_LT(zipped->body().size() * 3, plain->body().size());
  EXPECT_EQ(world.send(request)->response->shared_body, zipped->response->shared_body);
}

TEST(Headers, LetOtherSitesAndCachesIn) {
  TestWorld world;
  TestPackager packager;
  world.begin(packager, 2);
  for (const auto* target : {"index.m3u8", "p1/v0.m3u8", "p1/v0/1.m4s", "p1/v0/99.m4s", "p1/v0.m3u8?_HLS_part=1"})
    EXPECT_EQ(world.get(target)->header("Access-Control-Allow-Origin"), "*") << target;
  EXPECT_EQ(world.get("p1/v0/1.m4s")->header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(world.get("p1/v0/init-0.mp4")->header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_msn=1")->header("Cache-Control"), "public, max-age=18");
  EXPECT_EQ(world.get("p1/v0.m3u8")->header("Cache-Control"), "public, max-age=1");
  EXPECT_EQ(world.get("p1/v0.m3u8?_HLS_skip=YES")->header("Cache-Control"), "public, max-age=1");
  EXPECT_EQ(world.get("p1/v0/99.m4s")->header("Cache-Control"), "max-age=1");
  auto request = TestWorld::request("p1/v0.m3u8");
  request.method = "OPTIONS";
  const auto preflight = world.send(request);
  EXPECT_EQ(preflight->status(), 204u);
  EXPECT_EQ(preflight->body(), "");
  EXPECT_THAT(preflight->header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  request.method = "POST";
  EXPECT_EQ(world.send(request)->status(), 405u);
  EXPECT_EQ(world.send(request)->header("Allow"), "GET, HEAD, OPTIONS");
}

TEST(Page, IsThereWithAndWithoutAStream) {
  TestWorld world({.player_page = "<html>"});
  EXPECT_EQ(world.get("")->body(), "<html>");
  EXPECT_EQ(world.get("")->response->content_type, "text/html; charset=utf-8");
  EXPECT_THAT(world.get("")->header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  auto request = TestWorld::request("");
  request.path = "/hls/room/ann/s%2F1";
  request.query = "token=a";
  EXPECT_EQ(world.send(request)->status(), 308u);
  EXPECT_EQ(world.send(request)->header("Location"), "s%2F1/?token=a");
  TestWorld without;
  EXPECT_EQ(without.get("")->status(), 404u);
}

}  // namespace
}  // namespace heliograph::origin
