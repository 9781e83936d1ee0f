// SPDX-License-Identifier: Apache-2.0
#include "hls/packager.h"

#include <gtest/gtest.h>

#include "hls/testing_studio.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using testing::Studio;

// What every stream must be at its end; `seconds` of it were published.
void expect_sound_stream(Studio& studio, double seconds) {
  studio.end();
  ASSERT_TRUE(studio.player.opened);
  for (const auto& [r, track] : studio.player.tracks) {
    EXPECT_NEAR(studio.player.length(r).to_seconds(), seconds, 2.0) << "rendition " << r;
    studio.player.decode(r);
  }
  EXPECT_LT(studio.player.latest, Duration::millis(500));
  EXPECT_EQ(studio.packager->numbers().parts_late, 0);
}

TEST(Packager, MakesVideoAndSoundOfACamera) {
  Studio studio;
  studio.run(Duration::seconds(20));
  const auto& renditions = studio.player.opened->renditions;
  ASSERT_EQ(renditions.size(), 2);
  EXPECT_EQ(renditions[0].name, "v0");
  EXPECT_EQ(renditions[0].width, 320);
  EXPECT_TRUE(renditions[0].codecs.starts_with("avc1.42")) << renditions[0].codecs;
  EXPECT_EQ(renditions[1].codecs, "mp4a.40.2");
  expect_sound_stream(studio, 20);
  EXPECT_EQ(studio.player.discontinuities(), 0);
  EXPECT_EQ(studio.packager->numbers().repeats, 0);
  EXPECT_GE(studio.player.decode(0), 19 * 30);
  EXPECT_NEAR(studio.player.described[0].frame_rate, 29, 1);
}

TEST(Packager, KeepsSegmentsAtTwoSecondsByAskingForKeyframes) {
  Studio studio;
  studio.run(Duration::seconds(30));
  for (const auto& [r, track] : studio.player.tracks)
    for (const auto& [msn, segment] : track.segments)
      if (segment.ended) EXPECT_NEAR(segment.duration.to_seconds(), 2, 0.2) << r << " " << msn;
  EXPECT_LE(studio.keyframes_asked, 17);
}

TEST(Packager, TakesAKeyframeThatSomebodyElseAskedFor) {
  Studio studio;
  studio.run(Duration::seconds(5));
  const auto before = studio.keyframes_asked;
  for (int i = 0; i < 5; ++i) {
    studio.encodings[0].keyframe_due = studio.now;
    studio.run(Duration::millis(1500));
  }
  EXPECT_LE(studio.keyframes_asked, before + 2);
  expect_sound_stream(studio, 12.5);
}

class LowRates : public ::testing::TestWithParam<int> {};

TEST_P(LowRates, KeepPartsAsLongAsTheyPromise) {
  Studio studio;
  studio.fps = GetParam();
  studio.run(Duration::seconds(40));
  EXPECT_EQ(studio.player.opened->timing == PackagerOptions().slow, GetParam() < Packager::kSlowBelow);
  expect_sound_stream(studio, 40);
  EXPECT_EQ(studio.player.discontinuities(), 0);
}
INSTANTIATE_TEST_SUITE_P(FramesASecond, LowRates, ::testing::Values(1, 2, 3, 5, 7, 11, 15, 24, 60));

TEST(Packager, GoesOnWhenARateFalls) {
  Studio studio;
  studio.run(Duration::seconds(6));
  studio.fps = 1;
  studio.run(Duration::seconds(20));
  expect_sound_stream(studio, 26);
  EXPECT_GT(studio.packager->numbers().repeats, 10);
}

class Losses : public ::testing::TestWithParam<uint64_t> {};

TEST_P(Losses, NeverBreakThePlaylist) {
  Studio studio({}, true, {{320, 180}}, GetParam());
  for (int i = 0; i < 6; ++i) {
    studio.loss = 0.03 * static_cast<double>(i % 3);
    studio.run(Duration::seconds(6));
  }
  expect_sound_stream(studio, 36);
}
INSTANTIATE_TEST_SUITE_P(Seeds, Losses, ::testing::Range<uint64_t>(0, 10));

TEST(Packager, PutsASlateInPlaceOfACameraThatIsOff) {
  Studio studio;
  studio.run(Duration::seconds(6));
  studio.camera_on = false;
  studio.start.video = false;
  studio.change();
  studio.run(Duration::seconds(8));
  EXPECT_EQ(studio.player.discontinuities(), 1);
  EXPECT_EQ(studio.packager->numbers().slates, 1);
  studio.camera_on = studio.start.video = true;
  studio.change();
  studio.run(Duration::seconds(6));
  EXPECT_EQ(studio.player.discontinuities(), 2);
  expect_sound_stream(studio, 20);
}

TEST(Packager, ShowsASlateWhenNoKeyframeComes) {
  Studio studio;
  studio.run(Duration::seconds(4));
  studio.answers_keyframe = Duration::infinite();
  studio.run(Duration::seconds(10));
  EXPECT_EQ(studio.packager->numbers().slates, 1);
  studio.answers_keyframe = Duration::millis(50);
  studio.run(Duration::seconds(5));
  expect_sound_stream(studio, 19);
  EXPECT_EQ(studio.player.discontinuities(), 2);
}

TEST(Packager, BeginsWithASlateWhereThereIsNoPictureYet) {
  Studio studio;
  studio.camera_on = false;
  studio.run(Duration::seconds(6));
  ASSERT_TRUE(studio.player.opened);
  EXPECT_EQ(studio.player.opened->renditions[0].width, 640);
  studio.camera_on = true;
  studio.encodings[0].keyframe_due = studio.now;
  studio.run(Duration::seconds(6));
  expect_sound_stream(studio, 9);
  EXPECT_EQ(studio.player.described[0].width, 320);
}

TEST(Packager, MarksAPictureOfAnotherSizeAsADiscontinuity) {
  Studio studio;
  studio.run(Duration::millis(5'700));
  studio.encodings[0].camera = std::make_unique<testing::Camera>(160, 96);
  studio.encodings[0].keyframe_due = studio.now;
  studio.run(Duration::seconds(6));
  EXPECT_EQ(studio.player.discontinuities(), 1);
  EXPECT_EQ(studio.player.described[0].width, 160);
  expect_sound_stream(studio, 11.7);
}

TEST(Packager, OutlivesAPublisherWhoIsGoneAndBack) {
  Studio studio;
  studio.run(Duration::seconds(6));
  studio.sending = false;
  studio.run(Duration::seconds(5));
  studio.sending = true;
  studio.encodings[0].keyframe_due = studio.now;
  studio.run(Duration::seconds(6));
  expect_sound_stream(studio, 17);
}

TEST(Packager, GoesOnWithAnotherPeerConnectionAndWithAnotherPublication) {
  Studio studio;
  studio.run(Duration::seconds(5));
  studio.swap();
  studio.run(Duration::seconds(5));
  EXPECT_EQ(studio.player.discontinuities(), 0);
  studio.swap();
  studio.start.publication.number = 8;
  studio.change();
  studio.run(Duration::seconds(5));
  expect_sound_stream(studio, 15);
}

TEST(Packager, DoesNotGoOnWithAnotherCodecOrASoundThatItDidNotHave) {
  Studio studio({}, false);
  studio.run(Duration::seconds(3));
  auto other = studio.start;
  other.tracks[0].codec.codec = plan::Codec::kVp9;
  PackagerOut out;
  EXPECT_FALSE(studio.packager->change(studio.now, other, out));
  other = studio.start;
  other.tracks.push_back(Studio::track(plan::Kind::kAudio, plan::Codec::kOpus));
  EXPECT_FALSE(studio.packager->change(studio.now, other, out));
  studio.run(Duration::seconds(3));
  expect_sound_stream(studio, 6);
}

TEST(Packager, MakesSoundAloneAndInBothCodecs) {
  PackagerOptions both;
  both.opus = true;
  Studio studio(both, true, {});
  studio.run(Duration::seconds(12));
  ASSERT_EQ(studio.player.opened->renditions.size(), 2);
  EXPECT_EQ(studio.player.opened->renditions[1].name, "opus");
  expect_sound_stream(studio, 12);
}

TEST(Packager, FillsASilentPublishersSound) {
  Studio studio;
  studio.run(Duration::seconds(4));
  studio.sound_on = false;
  studio.run(Duration::seconds(8));
  studio.sound_on = true;
  studio.run(Duration::seconds(4));
  expect_sound_stream(studio, 16);
}

TEST(Packager, MakesALadderOfSimulcast) {
  Studio studio({}, true, {{160, 96}, {320, 180}, {640, 360}});
  studio.encodings[1].on = studio.encodings[2].on = false;
  studio.run(Duration::seconds(4));
  for (size_t r = 0; r < 3; ++r) EXPECT_EQ(studio.player.described[r].width, 160);
  // Not one variant thrice.
  EXPECT_GT(studio.player.described[0].peak.bps(), studio.player.described[1].peak.bps() * 2);
  EXPECT_GT(studio.player.described[1].peak.bps(), studio.player.described[2].peak.bps() * 2);
  studio.encodings[1].on = studio.encodings[2].on = true;
  studio.encodings[1].keyframe_due = studio.encodings[2].keyframe_due = studio.now;
  studio.run(Duration::seconds(8));
  EXPECT_EQ(studio.player.described[0].width, 640);
  EXPECT_EQ(studio.player.described[1].width, 320);
  EXPECT_EQ(studio.player.described[2].width, 160);
  // Every variant's segments begin together.
  for (const auto& [msn, segment] : studio.player.tracks[0].segments)
    for (size_t r = 1; r < 3; ++r)
      if (msn > 0 && studio.player.tracks[r].segments.contains(msn))
        EXPECT_NEAR(static_cast<double>(segment.parts[0].starts_at),
                    static_cast<double>(studio.player.tracks[r].segments[msn].parts[0].starts_at), 60'000);
  studio.encodings[2].on = false;
  studio.run(Duration::seconds(6));
  EXPECT_EQ(studio.player.described[0].width, 320);
  expect_sound_stream(studio, 18);
}

TEST(Packager, RecordsWhatItShows) {
  PackagerOptions recording;
  recording.record = true;
  Studio studio(recording);
  studio.run(Duration::seconds(6));
  studio.camera_on = studio.start.video = false;
  studio.change();
  studio.run(Duration::seconds(4));
  const auto so_far = testing::demux(studio.player.recording, true);
  EXPECT_EQ(so_far.damaged, 0);
  EXPECT_GT(so_far.streams.at(0).decoded.size(), 150);
  studio.end();
  EXPECT_TRUE(studio.player.recorded);
  EXPECT_EQ(testing::demux(studio.player.recording, true).damaged, 0);
}

TEST(Packager, TakesWhatCanBeInMp4) {
  std::vector<plan::UplinkTrack> tracks{Studio::track(plan::Kind::kVideo, plan::Codec::kVp8)};
  EXPECT_FALSE(Packager::takes(tracks));
  tracks[0].codec.codec = plan::Codec::kAv1;
  EXPECT_TRUE(Packager::takes(tracks));
}

}  // namespace
}  // namespace heliograph::hls
