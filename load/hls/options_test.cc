// SPDX-License-Identifier: Apache-2.0
#include "load/hls/options.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::load::hls {
namespace {

using testing::HasSubstr;

constexpr const char* kUrl = "http://127.0.0.1:8080/hls/r/u/s/index.m3u8?token=t";

std::expected<Options, Exit> parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "heliograph-hls-load");
  return parse(static_cast<int>(arguments.size()), arguments.data());
}

TEST(HlsOptions, AUrlIsEnough) {
  const auto options = parsed({"--url", kUrl});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->url.target, "/hls/r/u/s/index.m3u8?token=t");
  EXPECT_EQ(options->players, 10);
  EXPECT_TRUE(options->parts);
  EXPECT_EQ(options->rendition, Choice::kHighest);
}

TEST(HlsOptions, AllOfThem) {
  const auto options =
      parsed({"--url", kUrl, "--players", "2000", "--seconds", "30", "--ramp", "500/s", "--settle", "2.5",
              "--rendition", "lowest", "--no-parts", "--pid", "1", "--pin", "0", "--json", "out.json"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->players, 2000);
  EXPECT_EQ(options->duration, base::Duration::seconds(30));
  EXPECT_EQ(options->settle, base::Duration::millis(2'500));
  EXPECT_EQ(options->ramp, 500);
  EXPECT_EQ(options->rendition, Choice::kLowest);
  EXPECT_FALSE(options->parts);
  EXPECT_EQ(options->server_pid, 1);
  EXPECT_EQ(options->pin, 0);
  EXPECT_EQ(options->json_file, "out.json");
}

TEST(HlsOptions, WhatIsWrongIsSaid) {
  EXPECT_EQ(parsed({}).error().code, 2);
  EXPECT_THAT(parsed({"--url", "https://a/x"}).error().text, HasSubstr("https://"));
  EXPECT_THAT(parsed({"--url", "ws://a/x"}).error().text, HasSubstr("http://"));
  EXPECT_EQ(parsed({"--url", kUrl, "--players", "0"}).error().code, 2);
  EXPECT_EQ(parsed({"--url", kUrl, "--ramp", "0"}).error().code, 2);
  EXPECT_EQ(parsed({"--url", kUrl, "--rendition", "best"}).error().code, 2);
  EXPECT_EQ(parsed({"--help"}).error().code, 0);
}

}  // namespace
}  // namespace heliograph::load::hls
