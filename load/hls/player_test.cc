// SPDX-License-Identifier: Apache-2.0
#include "load/hls/player.h"

#include <fmt/format.h>

#include "gtest/gtest.h"

namespace heliograph::load::hls {
namespace {

using base::Duration;
using base::Timestamp;
using Kind = Fetch::Kind;

constexpr auto kStart = Timestamp::from_micros(1'000'000'000);

// A live playlist up to a part, of segments of 4 parts each of half a second; two whole segments are listed.
std::string live(uint64_t msn, uint32_t parts, std::string_view map = "init.mp4") {
  auto text = fmt::format(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12\n"
      "#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-MAP:URI=\"{}\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00Z\n",
      msn - 2, map);
  for (uint64_t m = msn - 2; m <= msn; ++m) {
    for (uint32_t p = 0; p < (m == msn ? parts : 4); ++p)
      text += fmt::format("#EXT-X-PART:DURATION=0.5,URI=\"p{}.{}.mp4\"\n", m, p);
    if (m < msn) text += fmt::format("#EXTINF:2.0,\ns{}.mp4\n", m);
  }
  return text;
}

class PlayerTest : public testing::Test {
 protected:
  std::string asks(size_t line = 0) {
    const auto fetch = player_.next(line, now_);
    return fetch ? fetch->target : "";
  }
  void answer(std::string_view body, int status = 200, size_t line = 0) {
    const auto fetch = player_.next(line, now_);
    ASSERT_TRUE(fetch);
    const auto asked = now_;
    now_ = now_ + Duration::millis(10);
    player_.on_answer(line, *fetch, {status, body, body.size(), asked, now_});
  }
  // Past the multivariant playlist, the first media playlist (10 whole, 11 with 2 parts) and the initialisation.
  void begin() {
    answer("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo/index.m3u8\n");
    answer(live(11, 2));
    answer("init");
  }
  void pass(Duration time) { now_ = now_ + time; }

  Stage stage_{.target = "/hls/x/index.m3u8?token=t"};
  Tally& tally_ = stage_.tally;
  Player player_{stage_};
  Timestamp now_ = kStart;
};

TEST_F(PlayerTest, FollowsVideoAndAudioOfTheMultivariantPlaylist) {
  EXPECT_EQ(player_.lines(), 1u);
  EXPECT_EQ(asks(), "/hls/x/index.m3u8?token=t");
  answer(
      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"audio/index.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nvideo/index.m3u8?token=t\n");
  EXPECT_EQ(player_.lines(), 2u);
  EXPECT_EQ(asks(0), "/hls/x/video/index.m3u8?token=t");
  EXPECT_EQ(asks(1), "/hls/x/audio/index.m3u8");
}

TEST_F(PlayerTest, AMediaPlaylistByItselfIsPlayedToo) {
  answer(live(11, 2));
  EXPECT_EQ(player_.lines(), 1u);
  EXPECT_EQ(asks(), "/hls/x/index.m3u8?token=t");
  answer(live(11, 2));
  EXPECT_EQ(asks(), "/hls/x/init.mp4");
}

TEST_F(PlayerTest, WaitsForTheNextPartFetchesItAndWaitsAgain) {
  begin();
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8?_HLS_msn=11&_HLS_part=2&_HLS_skip=YES");
  EXPECT_EQ(player_.next(0, now_)->waits_for, (PartId{11, 2}));
  answer(live(11, 3));
  EXPECT_EQ(asks(), "/hls/x/video/p11.2.mp4");
  answer("bytes");
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8?_HLS_msn=11&_HLS_part=3&_HLS_skip=YES");
  answer(live(12, 0));
  answer("bytes");
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8?_HLS_msn=12&_HLS_part=0&_HLS_skip=YES");
  EXPECT_TRUE(player_.playing(now_));
  EXPECT_EQ(tally_.playlists, 3u);
  EXPECT_EQ(tally_.parts, 2u);
  EXPECT_TRUE(tally_.clean());
}

TEST_F(PlayerTest, PlaylistsOnlyIfSoAsked) {
  stage_.parts = false;
  answer("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo/index.m3u8\n");
  answer(live(11, 2));
  answer(live(11, 3));
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8?_HLS_msn=11&_HLS_part=3&_HLS_skip=YES");
}

TEST_F(PlayerTest, SeveralPartsAtOnceAreAllFetchedAndNoHole) {
  begin();
  answer(live(12, 2));
  for (const auto* part : {"p11.2", "p11.3", "p12.0", "p12.1"}) {
    EXPECT_EQ(asks(), fmt::format("/hls/x/video/{}.mp4", part));
    answer("bytes");
  }
  EXPECT_TRUE(tally_.clean());
}

// A segment may end with the part before: then the first of the next is what was waited for.
TEST_F(PlayerTest, ASegmentThatEndsEarlyIsNoHole) {
  begin();
  answer(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:11\n"
      "#EXT-X-PART:DURATION=0.5,URI=\"p11.0.mp4\"\n#EXT-X-PART:DURATION=0.5,URI=\"p11.1.mp4\"\n#EXTINF:1,\ns11.mp4\n"
      "#EXT-X-PART:DURATION=0.5,URI=\"p12.0.mp4\"\n");
  EXPECT_EQ(asks(), "/hls/x/video/p12.0.mp4");
  EXPECT_EQ(tally_.holes, 0u);
}

TEST_F(PlayerTest, AHoleIsNoticed) {
  begin();
  // Segment 11 without its parts: 11.2 and 11.3 can be had no more.
  answer(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:11\n#EXTINF:2,\n"
      "s11.mp4\n#EXTINF:2,\ns12.mp4\n#EXT-X-PART:DURATION=0.5,URI=\"p13.0.mp4\"\n");
  EXPECT_EQ(tally_.holes, 1u);
  answer("bytes");
  answer(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:14\n#EXTINF:2,\n"
      "s14.mp4\n");
  EXPECT_EQ(tally_.holes, 2u);
}

TEST_F(PlayerTest, APlaylistThatGoesBackIsNoticedAndReadInFull) {
  begin();
  answer(live(11, 1));
  EXPECT_EQ(tally_.backwards, 1u);
  EXPECT_EQ(asks(), "");
  pass(Duration::seconds(1));
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8");
}

TEST_F(PlayerTest, AReloadWithoutAnythingNewIsNotRepeatedAtOnce) {
  begin();
  answer(live(11, 2));
  EXPECT_EQ(tally_.unmoved, 1u);
  EXPECT_EQ(asks(), "");
  pass(Duration::millis(100));
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8?_HLS_msn=11&_HLS_part=2&_HLS_skip=YES");
}

TEST_F(PlayerTest, AStallIsAPartThatComesLaterThanThreePartDurations) {
  begin();
  pass(Duration::millis(1'450));
  EXPECT_TRUE(player_.playing(now_));
  answer(live(11, 3));
  EXPECT_EQ(tally_.stalls, 0u);
  answer("bytes");
  pass(Duration::millis(1'500));
  EXPECT_FALSE(player_.playing(now_));
  answer(live(12, 0));
  EXPECT_EQ(tally_.stalls, 1u);
}

TEST_F(PlayerTest, ErrorsAreCountedByStatusAndTriedAgainLater) {
  answer("", 404);
  EXPECT_EQ(asks(), "");
  pass(Duration::seconds(1));
  begin();
  answer("", 503);
  EXPECT_EQ(asks(), "");
  pass(Duration::seconds(1));
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8");
  answer(live(11, 3));
  answer("", 410);
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8?_HLS_msn=11&_HLS_part=3&_HLS_skip=YES");
  EXPECT_EQ(tally_.errors, (std::map<int, uint64_t>{{404, 1}, {410, 1}, {503, 1}}));
  EXPECT_EQ(tally_.parts, 0u);
}

TEST_F(PlayerTest, AnEmptyPartIsNoticed) {
  begin();
  answer(live(11, 3));
  answer("");
  EXPECT_EQ(tally_.empty, 1u);
}

TEST_F(PlayerTest, AConnectionThatBreaksIsTriedAgain) {
  player_.on_failure(0, now_, "it broke");
  EXPECT_EQ(asks(), "");
  pass(Duration::seconds(1));
  begin();
  player_.on_failure(0, now_, "it broke");
  EXPECT_EQ(asks(), "");
  pass(Duration::seconds(1));
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8");
  EXPECT_EQ(tally_.troubles["it broke"], 2u);
}

TEST_F(PlayerTest, ANewInitialisationIsFetchedBeforeItsParts) {
  begin();
  answer(live(11, 3, "init2.mp4"));
  EXPECT_EQ(asks(), "/hls/x/video/init2.mp4");
  answer("init");
  EXPECT_EQ(asks(), "/hls/x/video/p11.2.mp4");
}

TEST_F(PlayerTest, AnEndIsAnEnd) {
  begin();
  answer(live(11, 3) + "#EXT-X-ENDLIST\n");
  answer("bytes");
  pass(Duration::seconds(100));
  EXPECT_EQ(asks(), "");
  EXPECT_TRUE(player_.ended());
  EXPECT_TRUE(tally_.clean());
}

TEST_F(PlayerTest, WithoutPartsWholeSegmentsAreFetchedNowAndThen) {
  const auto slow = [](int last) {
    return fmt::format("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXTINF:4,\ns{}.mp4\n", last, last);
  };
  answer("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo/index.m3u8\n");
  answer(slow(5));
  EXPECT_EQ(asks(), "");
  pass(Duration::seconds(2));
  EXPECT_EQ(asks(), "/hls/x/video/index.m3u8");
  answer(slow(5));
  pass(Duration::seconds(2));
  answer(slow(6));
  EXPECT_EQ(asks(), "/hls/x/video/s6.mp4");
  answer("bytes");
  pass(Duration::seconds(2));
  answer(slow(8));
  EXPECT_EQ(tally_.holes, 1u);
}

TEST_F(PlayerTest, TheAgeOfAPlaylistIsThatOfItsNewestPart) {
  begin();
  tally_.measuring = true;
  // The newest part ends 5.5 s after 1970: two segments and three parts.
  stage_.wall_offset_us = 5'500'000 - now_.us() - 10'000 + 70'000;
  answer(live(11, 3));
  EXPECT_EQ(tally_.playlist_age.count(), 1u);
  EXPECT_EQ(tally_.playlist_age.largest(), Duration::millis(70));
}

TEST(Availability, TheOthersAreMeasuredFromTheFirst) {
  Availability availability;
  Histogram behind;
  const auto at = [](int64_t ms) { return kStart + Duration::millis(ms); };
  availability.add(0, {1, 0}, at(-500), at(3));
  availability.add(0, {1, 0}, at(-500), at(1));  // came first, was read later
  availability.add(0, {1, 0}, at(2), at(7));     // asked when it was there already
  availability.add(1, {1, 0}, at(-500), at(900));
  availability.settle(at(800), behind);
  EXPECT_EQ(behind.count(), 2u);
  EXPECT_EQ(behind.largest(), Duration::millis(5));
  EXPECT_EQ(behind.quantile(0.5).ms(), 2);
  availability.settle(at(2'000), behind);
  EXPECT_EQ(behind.count(), 2u);  // the first of the other rendition was alone
}

}  // namespace
}  // namespace heliograph::load::hls
