// SPDX-License-Identifier: Apache-2.0
#include "load/hls/playlist.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::load::hls {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kMedia =
    "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n"
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=12.0\n"
    "#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"init.mp4\"\n"
    "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z\n"
    "#EXTINF:2.0,\nseg7.mp4\n"
    "#EXT-X-PART:DURATION=0.5,URI=\"p8.0.mp4\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.48,URI=\"p8.1.mp4\"\r\n"
    "#EXTINF:0.98,\nseg8.mp4\n"
    "#EXT-X-PART:DURATION=0.5,URI=\"p9.0.mp4\"\n"
    "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p9.1.mp4\"\n"
    "#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=9,LAST-PART=0\n";

TEST(Playlist, PartsHaveTheirNumbersAndTheirTimes) {
  const auto playlist = parse_media(kMedia);
  ASSERT_TRUE(playlist) << playlist.error();
  EXPECT_EQ(playlist->target, base::Duration::seconds(2));
  EXPECT_EQ(playlist->part_target, base::Duration::millis(500));
  EXPECT_TRUE(playlist->can_block);
  EXPECT_TRUE(playlist->can_skip);
  EXPECT_FALSE(playlist->ended);
  EXPECT_EQ(playlist->map, "init.mp4");
  EXPECT_EQ(playlist->last_uri, "seg8.mp4");
  ASSERT_EQ(playlist->parts.size(), 3u);
  EXPECT_EQ(playlist->parts[0].id, (PartId{8, 0}));
  EXPECT_EQ(playlist->parts[1].id, (PartId{8, 1}));
  EXPECT_EQ(playlist->parts[2].id, (PartId{9, 0}));
  EXPECT_EQ(playlist->parts[1].uri, "p8.1.mp4");
  EXPECT_EQ(playlist->next(), (PartId{9, 1}));
  const int64_t begin = *parse_date("2026-01-02T03:04:05.000Z");
  EXPECT_EQ(playlist->parts[0].ends_at, begin + 2'500'000);
  EXPECT_EQ(playlist->parts[1].ends_at, begin + 2'980'000);
  EXPECT_EQ(playlist->parts[2].ends_at, begin + 3'480'000);
}

TEST(Playlist, WhatADeltaUpdateSkipsCounts) {
  const auto playlist = parse_media(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-SKIP:SKIPPED-SEGMENTS=20\n"
      "#EXTINF:2,\na.mp4\n#EXT-X-PART:DURATION=0.5,URI=\"p\"\n");
  ASSERT_TRUE(playlist);
  EXPECT_TRUE(playlist->skips);
  ASSERT_EQ(playlist->parts.size(), 1u);
  EXPECT_EQ(playlist->parts[0].id, (PartId{121, 0}));
  EXPECT_EQ(playlist->parts[0].ends_at, std::nullopt);
}

TEST(Playlist, WhatIsNoneIsSaidToBeNone) {
  EXPECT_FALSE(parse_media(""));
  EXPECT_FALSE(parse_media("<html>"));
  EXPECT_FALSE(parse_media("#EXTM3U\n"));
  EXPECT_FALSE(parse_multivariant("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"));
  EXPECT_TRUE(parse_media("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-ENDLIST")->ended);
}

constexpr std::string_view kMultivariant =
    "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x, y\",URI=\"other.m3u8\"\n"
    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"z\",DEFAULT=YES,URI=\"audio.m3u8\"\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=500,CODECS=\"avc1.42c01f,mp4a.40.2\",AUDIO=\"a\"\nlow.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=900,AUDIO=\"a\"\nhigh.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=700\nmiddle.m3u8\n";

TEST(Playlist, AVariantIsChosenWithItsAudio) {
  EXPECT_TRUE(is_multivariant(kMultivariant));
  EXPECT_FALSE(is_multivariant(kMedia));
  const auto playlist = parse_multivariant(kMultivariant);
  ASSERT_TRUE(playlist);
  EXPECT_THAT(choose(*playlist, Choice::kHighest), ElementsAre("high.m3u8", "audio.m3u8"));
  EXPECT_THAT(choose(*playlist, Choice::kLowest), ElementsAre("low.m3u8", "audio.m3u8"));
  const auto alone = parse_multivariant("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n");
  EXPECT_THAT(choose(*alone, Choice::kHighest), ElementsAre("x.m3u8"));
  EXPECT_THAT(choose({}, Choice::kHighest), IsEmpty());
}

TEST(Playlist, AnAttributeIsFoundByItsWholeName) {
  constexpr std::string_view kList = "URI=\"a,b=c\",LAST-URI=x,DURATION=0.5";
  EXPECT_EQ(attribute(kList, "URI"), "a,b=c");
  EXPECT_EQ(attribute(kList, "LAST-URI"), "x");
  EXPECT_EQ(attribute(kList, "DURATION"), "0.5");
  EXPECT_EQ(attribute(kList, "b"), "");
  EXPECT_EQ(attribute("URI=\"open", "URI"), "open");
  EXPECT_EQ(attribute("", "URI"), "");
}

TEST(Playlist, DatesHaveFractionsAndOffsets) {
  EXPECT_EQ(parse_date("1970-01-01T00:00:01.5Z"), 1'500'000);
  EXPECT_EQ(parse_date("1970-01-01T01:00:00.000001+01:00"), 1);
  EXPECT_EQ(parse_date("1969-12-31T23:00:00-0100"), 0);
  EXPECT_EQ(parse_date("1970-13-01T00:00:00Z"), std::nullopt);
  EXPECT_EQ(parse_date("yesterday"), std::nullopt);
}

// RFC 3986 section 5.2
TEST(Playlist, ReferencesAreResolved) {
  EXPECT_EQ(resolve("/a/b/c.m3u8?token=x", "d.mp4"), "/a/b/d.mp4");
  EXPECT_EQ(resolve("/a/b/c.m3u8", "./d/e.mp4?f=g"), "/a/b/d/e.mp4?f=g");
  EXPECT_EQ(resolve("/a/b/c.m3u8", "../d.mp4"), "/a/d.mp4");
  EXPECT_EQ(resolve("/a/b/c.m3u8", "../../../d.mp4"), "/d.mp4");
  EXPECT_EQ(resolve("/a/b/c.m3u8", "/d.mp4"), "/d.mp4");
  EXPECT_EQ(resolve("/a/b/c.m3u8", "https://cdn.example/d.mp4"), "/d.mp4");
}

}  // namespace
}  // namespace heliograph::load::hls
