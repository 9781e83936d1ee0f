// SPDX-License-Identifier: Apache-2.0
// Paths, directives, codings and ranges.
#include <gtest/gtest.h>

#include "origin/byte_range.h"
#include "origin/content_coding.h"
#include "origin/directives.h"
#include "origin/path.h"

namespace heliograph::origin {
namespace {

using Kind = Resource::Kind;

TEST(Path, IsOneOfSeven) {
  const std::vector<std::pair<std::string, Kind>> cases = {
      {"/hls/r/u/s", Kind::kRedirect},
      {"/hls/r/u/s/", Kind::kPage},
      {"/hls/r/u/s/index.m3u8", Kind::kMultivariant},
      {"/hls/r/u/s/p/v0.m3u8", Kind::kPlaylist},
      {"/hls/r/u/s/p/v0/init-0.mp4", Kind::kInit},
      {"/hls/r/u/s/p/v0/7.m4s", Kind::kSegment},
      {"/hls/r/u/s/p/v0/7.3.m4s", Kind::kPart},
  };
  for (const auto& [path, kind] : cases) {
    const auto resource = parse_path(path);
    ASSERT_TRUE(resource) << path;
    EXPECT_EQ(resource->kind, kind) << path;
    EXPECT_EQ(resource->stream, (plan::HlsStream{"r", "u", "s"})) << path;
  }
  const auto part = parse_path("/hls/r/u/s/p/v0/7.3.m4s");
  EXPECT_EQ(part->prefix, "p");
  EXPECT_EQ(part->rendition, "v0");
  EXPECT_EQ(part->number, 7u);
  EXPECT_EQ(part->part, 3u);
}

TEST(Path, IsDecodedOnce) {
  const auto resource = parse_path("/hls/a%2Fb/%25%32%46/%C3%A9+/index.m3u8");
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->stream, (plan::HlsStream{"a/b", "%2F", "\xC3\xA9+"}));
}

TEST(Path, OfAnythingElseIsNothing) {
  const std::string long_id(257, 'x');
  for (const std::string path :
       {"/hls", "/hls/", "/hls/r/u", "/hls//u/s/index.m3u8", "/hls/r/u/s/index.m3u", "/hls/r/u/s/p/v0",
        "/hls/r/u/s/p/v0/x.m4s", "/hls/r/u/s/p/v0/07.m4s", "/hls/r/u/s/p/v0/7.01.m4s", "/hls/r/u/s/p/v0/7..m4s",
        "/hls/r/u/s/p/v0/-7.m4s", "/hls/r/u/s/p/v0/init-.mp4", "/hls/r/u/s/p/v0/init-1.m4s",
        "/hls/r/u/s/p/v0/7.4294967295.m4s", "/hls/r/u/s/p/v0/99999999999999999999.m4s", "/hls/r/u/s/p/v0/7.m4s/",
        "/hls/r%2/u/s/", "/hls/r%zz/u/s/", "/other/r/u/s/"})
    EXPECT_FALSE(parse_path(path)) << path;
  EXPECT_FALSE(parse_path("/hls/" + long_id + "/u/s/"));
  EXPECT_TRUE(parse_path("/hls/" + long_id.substr(1) + "/u/s/"));
}

TEST(Directives, AreReadAmongOtherParameters) {
  EXPECT_EQ(parse_directives("token=x&_HLS_msn=12&_HLS_part=3&_HLS_skip=YES&_HLS_new=1"), (Directives{12, 3, true}));
  EXPECT_EQ(parse_directives("%5FHLS_msn=%31"), (Directives{1, {}, false}));
  EXPECT_EQ(parse_directives("_HLS_skip=v2"), (Directives{{}, {}, true}));
  EXPECT_EQ(parse_directives("_HLS_skip=no"), Directives());
  EXPECT_EQ(parse_directives(""), Directives());
  EXPECT_EQ(parse_directives("&&=&%&a"), Directives());
}

TEST(Directives, ThatAreWrongAreRefused) {
  for (const auto* query : {"_HLS_part=1", "_HLS_msn=", "_HLS_msn", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=1.0",
                            "_HLS_msn=1&_HLS_part=", "_HLS_msn=1&_HLS_msn=1", "_HLS_skip=YES&_HLS_skip=YES",
                            "_HLS_msn=1&_HLS_part=1&_HLS_part=1", "_HLS_msn=1%"})
    EXPECT_FALSE(parse_directives(query)) << query;
}

TEST(Directives, TooLargeToHoldAreTheLargest) {
  const auto directives = parse_directives("_HLS_msn=99999999999999999999999&_HLS_part=4294967296");
  ASSERT_TRUE(directives);
  EXPECT_EQ(directives->msn, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(directives->part, std::numeric_limits<uint32_t>::max());
}

TEST(ContentCoding, IsGzipWhereTheClientTakesIt) {
  for (const auto* yes :
       {"gzip", "gzip, deflate, br", "br;q=1.0, GZip;q=0.5", "*", "x-gzip", "*;q=0, gzip", "gzip ; q=0.001"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const auto* no : {"", "identity", "gzip;q=0", "gzip; q=0.000", "br", "*;q=0", "gzip;q=0, *", "gzipped", ","})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(ByteRange, IsOneOrIgnoredOrBehindTheEnd) {
  using Range = std::optional<ByteRange>;
  EXPECT_EQ(parse_range("bytes=0-3", 10).value(), Range({0, 4}));
  EXPECT_EQ(parse_range("bytes=4-", 10).value(), Range({4, 6}));
  EXPECT_EQ(parse_range("bytes=-4", 10).value(), Range({6, 4}));
  EXPECT_EQ(parse_range("bytes=-40", 10).value(), Range({0, 10}));
  EXPECT_EQ(parse_range("bytes=9-99999999999999999999999", 10).value(), Range({9, 1}));
  for (const auto* ignored : {"", "bytes=", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=5-4", "0-3"})
    EXPECT_EQ(parse_range(ignored, 10).value(), Range()) << ignored;
  for (const auto* behind : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"})
    EXPECT_FALSE(parse_range(behind, 10)) << behind;
  EXPECT_FALSE(parse_range("bytes=0-", 0));
}

}  // namespace
}  // namespace heliograph::origin
