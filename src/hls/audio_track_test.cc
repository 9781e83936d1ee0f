// SPDX-License-Identifier: Apache-2.0
#include "hls/audio_track.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "hls/media_clock.h"
#include "hls/opus_packet.h"
#include "hls/testing_sound.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;
using testing::kSoundEpoch;
using testing::Listener;
using testing::speak;
using testing::Speaker;
using testing::SpokenPacket;
using testing::Stage;

class AudioTracks : public ::testing::TestWithParam<AudioCodec> {
 protected:
  bool aac() const { return GetParam() == AudioCodec::kAac; }
  // Of the place of a sound: a passed-through packet is off by up to its tolerance before it is moved.
  double tolerance_ms() const { return aac() ? 5 : 21; }
  // Samples are there up to 200 ms ago, in pieces of 20 ms, less the three frames that AAC's encoder holds back; and no
  // further than packets came.
  void expect_time_has_passed(const Stage& stage, double ms) const {
    EXPECT_GT(stage.listener().heard_ms(), ms - 200 - 21 - (aac() ? 65 : 0));
    EXPECT_LT(stage.listener().heard_ms(), ms + 1);
  }
  // Each beep that is heard is one of the truth, and none is missing from `from` to `to` but those in `missing`.
  void expect_beeps(const Stage& stage, double from_ms, double to_ms, double off = 5,
                    const std::vector<double>& missing = {}) const {
    const auto heard = stage.listener().beginnings();
    for (const double at : heard) {
      const double nearest = std::round(at / 500) * 500;
      EXPECT_NEAR(at, nearest, off);
    }
    for (double truth = std::ceil(from_ms / 500) * 500; truth < to_ms; truth += 500) {
      const bool is_heard = std::ranges::any_of(heard, [&](double at) { return std::abs(at - truth) <= off; });
      EXPECT_NE(is_heard, std::ranges::find(missing, truth) != missing.end()) << truth;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Codecs, AudioTracks, ::testing::Values(AudioCodec::kAac, AudioCodec::kOpus),
                         [](const auto& entry) { return entry.param == AudioCodec::kAac ? "Aac" : "Opus"; });

TEST_P(AudioTracks, PutsEachSoundWhereItWasMade) {
  for (const int channels : {1, 2}) {
    Stage stage(GetParam());
    stage.add(speak({.channels = channels}));
    stage.run_until(10'000);
    expect_beeps(stage, 500, 9'500);
    expect_time_has_passed(stage, 10'000);
    EXPECT_LT(stage.listener().loudest(200, 450), 1e-3);
  }
}

TEST_P(AudioTracks, KeepsTheLevel) {
  for (const int channels : {1, 2}) {
    Stage stage(GetParam());
    stage.add(speak({.sound = testing::tone, .length_ms = 3'000, .channels = channels}));
    stage.run_until(3'000);
    EXPECT_NEAR(stage.listener().level(500, 2'500) / (0.5 / std::sqrt(2)), 1, 0.035);  // a third of a decibel
  }
}

TEST_P(AudioTracks, TakesPacketsOfEveryLength) {
  for (const double length : {2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0}) {
    Stage stage(GetParam());
    stage.add(speak({.length_ms = 4'000, .packet_ms = length, .path_ms = 40 + static_cast<int64_t>(length)}));
    stage.run_until(4'000);
    expect_beeps(stage, 500, 3'500);
    expect_time_has_passed(stage, 4'000);
  }
}

TEST_P(AudioTracks, BeginsInTheMiddle) {
  Stage stage(GetParam(), 3'110);
  stage.add(speak({}));
  stage.run_until(10'000);
  const auto heard = stage.listener().beginnings();
  ASSERT_GE(heard.size(), 12U);
  for (size_t i = 0; i < heard.size(); ++i) {
    EXPECT_NEAR(heard[i], 390 + 500 * static_cast<double>(i), aac() ? 5 : 12);  // whole packets
  }
  EXPECT_NEAR(stage.listener().heard_ms(), 10'000 - 3'110 - 100, 150);
}

TEST_P(AudioTracks, PutsReorderedAndDoubledPacketsRight) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    base::Rng rng(seed);
    auto packets = speak({});
    const auto count = packets.size();
    for (size_t i = 0; i < count; ++i) {
      packets[i].packet.arrival = packets[i].packet.arrival + Duration::millis(static_cast<int64_t>(rng.below(130)));
      if (rng.chance(0.2)) packets.push_back(packets[i]);
      if (rng.chance(0.2)) packets.back().packet.arrival = packets[i].packet.arrival + Duration::millis(90);
    }
    Stage stage(GetParam());
    stage.add(packets);
    stage.run_until(10'000);
    expect_beeps(stage, 500, 9'500);
    EXPECT_NEAR(stage.listener().loudest(200, 450), 0, 1e-3);
    expect_time_has_passed(stage, 10'000);
  }
}

TEST_P(AudioTracks, LeavesSilenceWhereAPacketIsLostAndNothingMoves) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    base::Rng rng(seed);
    auto packets = speak({.length_ms = 20'000});
    std::erase_if(packets, [&](const SpokenPacket& packet) {
      const double ms = std::fmod((packet.at - kSoundEpoch).to_seconds() * 1e3, 500);
      return ms > 90 && ms < 440 && rng.chance(0.2);  // a lost beginning of a beep would be another beginning
    });
    Stage stage(GetParam());
    stage.add(packets);
    stage.run_until(20'000);
    expect_beeps(stage, 500, 19'500);
    expect_time_has_passed(stage, 20'000);
  }
}

TEST_P(AudioTracks, MakesSilenceOfDtx) {
  auto packets = speak({});
  int64_t sequence = 100;
  std::erase_if(packets, [](const SpokenPacket& packet) {
    const double ms = std::fmod((packet.at - kSoundEpoch).to_seconds() * 1e3, 500);
    return ms > 100 && ms < 470;
  });
  for (auto& packet : packets) packet.packet.sequence = sequence++;  // nothing is missing
  Stage stage(GetParam());
  stage.add(packets);
  stage.run_until(10'000);
  expect_beeps(stage, 500, 9'500);
  EXPECT_LT(stage.listener().loudest(1'150, 1'450), 1e-4);
  expect_time_has_passed(stage, 10'000);
}

TEST_P(AudioTracks, FollowsAClockThatDrifts) {
  for (const double drift : {-400.0, 400.0}) {  // 24 ms in the end
    Stage stage(GetParam());
    stage.add(speak({.length_ms = 60'000, .drift_ppm = drift}));
    stage.run_until(60'000);
    expect_beeps(stage, 500, 59'500, tolerance_ms());
    expect_time_has_passed(stage, 60'000);
  }
}

TEST_P(AudioTracks, GoesOnInSilenceWhileThePublisherIsAway) {
  Stage stage(GetParam());
  stage.add(speak({.length_ms = 3'000}));
  stage.add(speak({.begin_ms = 32'900, .length_ms = 3'000, .source = 2, .sequence = -5, .timestamp = 4'711}));
  stage.run_until(20'000);
  expect_time_has_passed(stage, 20'000);
  stage.run_until(36'000);
  expect_time_has_passed(stage, 36'000);
  EXPECT_LT(stage.listener().loudest(3'100, 32'890), 1e-4);
  expect_beeps(stage, 500, 3'000);
  expect_beeps(stage, 33'000, 35'500);
}

TEST_P(AudioTracks, GoesOnAfterAMuteWhoseTimestampsStoodStill) {
  Stage stage(GetParam());
  stage.add(speak({.length_ms = 3'200}));
  stage.run_until(9'000);
  stage.add(speak({.begin_ms = 9'900,
                   .length_ms = 3'000,
                   .sequence = 7 + 160,
                   .timestamp = static_cast<uint32_t>(0xfffff000 + 160 * 960)}));
  stage.run_until(13'000);
  expect_beeps(stage, 500, 3'000);
  expect_beeps(stage, 10'500, 12'500, tolerance_ms());
  expect_time_has_passed(stage, 13'000);
}

TEST_P(AudioTracks, FollowsAStepOfItsClockInEitherDirection) {
  for (const int64_t step : {300, -300, 90, -90}) {
    Stage stage(GetParam());
    auto packets = speak({.path_ms = 400});  // for what is earlier then still to be possible
    for (auto& packet : packets) {
      packet.packet.arrival = packet.packet.arrival - Duration::millis(300);
      if (packet.at >= kSoundEpoch + Duration::millis(5'250)) packet.at = packet.at + Duration::millis(step);
    }
    stage.add(packets);
    stage.run_until(10'000);
    expect_time_has_passed(stage, 10'000 + std::max<double>(0, static_cast<double>(step)));
    for (const double at : stage.listener().beginnings()) {
      const double truth = at < 5'250 ? at : at - static_cast<double>(step);
      EXPECT_NEAR(truth, std::round(truth / 500) * 500, tolerance_ms()) << step;
    }
  }
}

TEST_P(AudioTracks, ClosesASmallErrorWithinSeconds) {
  Stage stage(GetParam());
  auto packets = speak({.length_ms = 27'000});
  for (auto& packet : packets) {
    if (packet.at >= kSoundEpoch + Duration::seconds(5)) packet.at = packet.at + Duration::millis(40);
  }
  stage.add(packets);
  stage.run_until(27'000);
  const auto heard = stage.listener().beginnings();
  ASSERT_GT(heard.size(), 50U);
  EXPECT_NEAR(std::fmod(heard[50], 500), 40, aac() ? 2 : 21);
}

TEST_P(AudioTracks, MakesSilenceOfRubbishAndKeepsTime) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    base::Rng rng(seed);
    Stage stage(GetParam());
    auto packets = speak({});
    for (auto& packet : packets) {
      if (rng.chance(0.5)) continue;
      packet.payload.resize(rng.below(seed % 2 == 0 ? 40 : 2'000));
      for (auto& byte : packet.payload) byte = static_cast<uint8_t>(rng.u32());
    }
    stage.add(packets);
    stage.run_until(10'000);
    EXPECT_GT(stage.listener().heard_ms(), 10'000 - 290);
    EXPECT_LT(stage.listener().heard_ms(), 10'000 + 120);
  }
}

TEST_P(AudioTracks, SurvivesHostileNumbers) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    base::Rng rng(seed);
    Stage stage(GetParam());
    auto packets = speak({});
    for (auto& packet : packets) {
      if (rng.chance(0.1)) packet.packet.sequence = static_cast<int64_t>(rng() >> 2);
      if (rng.chance(0.2)) packet.packet.sequence += static_cast<int64_t>(rng.below(2'000)) - 1'000;
      if (rng.chance(0.3)) packet.packet.timestamp = rng.u32();
      if (rng.chance(0.1)) packet.packet.source = rng.below(4);
      if (rng.chance(0.2))
        packet.at = packet.at + Duration::micros(static_cast<int64_t>(rng.below(1U << 31)) - (1 << 30));
    }
    stage.add(packets);
    stage.run_until(12'000);
    EXPECT_GT(stage.listener().heard_ms(), 12'000 - 300);
    EXPECT_LT(stage.listener().heard_ms(), 12'000 + 2'100);
  }
}

TEST_P(AudioTracks, HoldsNoMoreThanItsLimits) {
  auto track = *AudioTrack::create(GetParam());
  auto packets = speak({.length_ms = 30'000});
  for (size_t i = 0; i < packets.size(); i += 2) track.receive(packets[i].rtp(), packets[i].at);
  track.start(kSoundEpoch);
  for (size_t i = 1; i < packets.size(); i += 2) track.receive(packets[i].rtp(), packets[i].at);
  track.advance(kSoundEpoch + Duration::seconds(100'000));
  int64_t made = 0;
  while (const auto sample = track.take()) made += sample->duration;
  EXPECT_LE(made, 11 * int64_t{kAudioRate} + 9'000);
  track.advance(kSoundEpoch + Duration::seconds(100'000));
  EXPECT_TRUE(track.take());
}

TEST_P(AudioTracks, SaysWhatADecoderMustKnow) {
  const auto track = AudioTrack::create(GetParam());
  ASSERT_TRUE(track);
  const auto& config = track->config();
  EXPECT_EQ(config.codec, GetParam());
  EXPECT_EQ(config.channels, 2);
  EXPECT_EQ(config.codecs, aac() ? "mp4a.40.2" : "opus");
  if (aac()) {  // ISO/IEC 14496-3 section 1.6.2.1: object type 2, frequency index 3, two channels
    ASSERT_GE(config.record.size(), 2U);
    EXPECT_EQ(config.record[0], 0x11);
    EXPECT_EQ(config.record[1], 0x90);
  } else {
    EXPECT_EQ(config.record.size(), 19U);
  }
}

// Jitter, drift and a path's delay go through MediaClock, as in the packager.
TEST_P(AudioTracks, KeepsTimeBehindAMediaClock) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    base::Rng rng(seed);
    auto packets = speak({.length_ms = 30'000, .drift_ppm = static_cast<double>(rng.below(401)) - 200});
    for (auto& packet : packets) {
      packet.packet.arrival = packet.packet.arrival + Duration::millis(static_cast<int64_t>(rng.below(60)));
    }
    std::ranges::sort(packets, {}, &SpokenPacket::order);
    MediaClock clock;
    for (auto& packet : packets) {
      clock.on_packet(plan::Kind::kAudio, 1, packet.packet.timestamp, packet.packet.arrival);
      packet.at = *clock.time_of(plan::Kind::kAudio, 1, packet.packet.timestamp);
    }
    Stage stage(GetParam());
    stage.add(packets);
    stage.run_until(30'000);
    const auto heard = stage.listener().beginnings();
    EXPECT_GE(heard.size(), 58U);
    for (const double at : heard) {
      if (at > 15'000) EXPECT_NEAR(std::fmod(at, 500), 40, tolerance_ms()) << at;
    }
  }
}

}  // namespace
}  // namespace heliograph::hls
