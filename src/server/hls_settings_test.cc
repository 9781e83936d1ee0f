// SPDX-License-Identifier: Apache-2.0
#include "server/hls_settings.h"

#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using base::Duration;

hls::Timing live(Duration segment, Duration part) {
  Options options;
  options.hls_segment = segment;
  options.hls_part = part;
  return packager_options_of(options).live;
}

TEST(HlsSettings, DefaultsAreThoseOfThePackager) {
  const auto made = packager_options_of(Options());
  EXPECT_EQ(made.live, hls::PackagerOptions().live);
  EXPECT_EQ(made.slow, hls::PackagerOptions().slow);
  EXPECT_TRUE(made.aac);
  EXPECT_FALSE(made.opus);
  EXPECT_FALSE(made.record);
}

TEST(HlsSettings, ATargetDurationIsHalfAsMuchAgainInWholeSeconds) {
  EXPECT_EQ(live(Duration::seconds(1), Duration::millis(250)).target, Duration::seconds(2));
  EXPECT_EQ(live(Duration::seconds(4), Duration::millis(250)).target, Duration::seconds(6));
  EXPECT_EQ(live(Duration::millis(2'001), Duration::millis(250)).target, Duration::seconds(4));
}

// draft-pantos-hls-rfc8216bis section 4.4.3.8.
TEST(HlsSettings, PlayersStayThreePartsBehind) {
  EXPECT_EQ(live(Duration::seconds(2), Duration::millis(200)).part_hold_back, Duration::millis(600));
}

TEST(HlsSettings, WhatSendsFewPicturesHasNoShorterSegments) {
  Options options;
  options.hls_segment = Duration::seconds(10);
  options.hls_part = Duration::seconds(2);
  const auto slow = packager_options_of(options).slow;
  EXPECT_EQ(slow.segment, Duration::seconds(10));
  EXPECT_EQ(slow.target, Duration::seconds(15));
  EXPECT_EQ(slow.part, Duration::seconds(2));
  EXPECT_EQ(slow.part_hold_back, Duration::seconds(6));
}

TEST(HlsSettings, SoundIsCodedAsAsked) {
  Options options;
  options.hls_audio = HlsAudio::kBoth;
  EXPECT_TRUE(packager_options_of(options).aac && packager_options_of(options).opus);
  options.hls_audio = HlsAudio::kOpus;
  EXPECT_FALSE(packager_options_of(options).aac);
}

TEST(HlsSettings, ADiskIsNeededForWhatIsWritten) {
  Options options;
  EXPECT_FALSE(needs_disk(options));
  options.hls_record = true;
  EXPECT_TRUE(needs_disk(options));
  options.hls = false;
  EXPECT_FALSE(needs_disk(options));
}

TEST(HlsSettings, OneStreamMayNotWaitMoreThanAll) {
  Options options;
  options.hls_max_waiting = 5;
  options.hls_max_memory = 16;
  options.hls_dvr = Duration::seconds(60);
  const auto origin = origin_options_of(options);
  EXPECT_EQ(origin.max_waiting_per_stream, 5u);
  EXPECT_EQ(origin.max_memory, 16u * 1024 * 1024);
  EXPECT_EQ(origin.dvr, Duration::seconds(60));
}

}  // namespace
}  // namespace heliograph::server
