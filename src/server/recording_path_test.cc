// SPDX-License-Identifier: Apache-2.0
#include "server/recording_path.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using testing::StartsWith;

constexpr int64_t kBegan = 1'767'323'045'678'901;  // 2026-01-02T03:04:05Z and a bit

std::string path_of(std::string rid, std::string user_id = "bob", std::string session_id = "s1") {
  return recording_path({std::move(rid), std::move(user_id), std::move(session_id)}, kBegan);
}

TEST(RecordingPath, NamesRoomUserSessionAndTime) {
  EXPECT_EQ(path_of("tea", "bob", "bob-1"), "recordings/tea/bob-bob-1-20260102T030405Z.mp4");
  EXPECT_EQ(recording_path({"tea", "bob", "s"}, kBegan, 2), "recordings/tea/bob-s-20260102T030405Z-2.mp4");
}

TEST(RecordingPath, NoIdLeadsOutOfTheFolder) {
  for (const std::string id :
       {"..", ".", "../../etc", "/etc/passwd", "a/b", "", ".hidden", "\\..\\", "~", "%2e%2e%2f", "ü/ü"}) {
    for (const auto& path : {path_of(id), path_of("tea", id), path_of("tea", "bob", id)}) {
      EXPECT_TRUE(stays_below(path)) << path;
      EXPECT_THAT(path, StartsWith("recordings/"));
      const std::filesystem::path parts(path);
      EXPECT_EQ(std::distance(parts.begin(), parts.end()), 3) << path;
      EXPECT_EQ(parts.lexically_normal(), parts);
    }
  }
  EXPECT_EQ(path_of("../x"), "recordings/%2E.%2Fx/bob-s1-20260102T030405Z.mp4");
}

TEST(RecordingPath, ANulAndALineEndAreEncoded) {
  const auto path = path_of(std::string("a\0b\n", 4));
  EXPECT_EQ(path, "recordings/a%00b%0A/bob-s1-20260102T030405Z.mp4");
}

TEST(RecordingPath, LongIdsAreCutAndStayApart) {
  const std::string long_id(300, 'x'), other = long_id + "y", foreign(300, '\xff');
  const std::filesystem::path path(path_of(long_id, long_id, long_id));
  for (const auto& element : path) EXPECT_LE(element.string().size(), 255u);
  EXPECT_NE(path_of(long_id), path_of(other));
  EXPECT_NE(path_of("tea", "bob", long_id), path_of("tea", "bob", other));
  // No escape is cut in two.
  for (size_t size = 60; size < 72; ++size) {
    const auto cut = path_of(std::string(size, 'x') + foreign);
    const auto tilde = cut.find('~');
    ASSERT_NE(tilde, cut.npos);
    EXPECT_NE(cut[tilde - 1], '%');
    EXPECT_NE(cut[tilde - 2], '%');
  }
}

TEST(RecordingPath, WhatStaysBelow) {
  for (const auto* good : {"a", "a/b/c.mp4", "...", "a b"}) EXPECT_TRUE(stays_below(good)) << good;
  for (const auto* bad : {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "../a"})
    EXPECT_FALSE(stays_below(bad)) << bad;
  EXPECT_FALSE(stays_below(std::string_view("a\0b", 3)));
  EXPECT_FALSE(stays_below(std::string(256, 'a')));
}

}  // namespace
}  // namespace heliograph::server
