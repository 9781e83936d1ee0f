// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "hls/codec_parameters.h"
#include "hls/muxer.h"
#include "hls/testing_boxes.h"
#include "hls/testing_media.h"

namespace heliograph::hls {
namespace {

using testing::boxes;
using testing::EncodedAudio;
using testing::EncodedVideo;
using testing::find;
using testing::fragments;

constexpr int64_t kVideoPart = kVideoRate / 2;

MovieMuxer muxer_of(const VideoConfig* video, const AudioConfig* audio) {
  auto made = MovieMuxer::create(video, audio);
  if (!made) throw std::runtime_error(made.error().where);
  return std::move(*made);
}

// A movie, and what of it was on the disk after each flush.
struct Recording {
  std::vector<uint8_t> bytes;
  std::vector<size_t> ends;

  void append(const Blob& blob) {
    if (blob) bytes.insert(bytes.end(), blob->begin(), blob->end());
    ends.push_back(bytes.size());
  }
};

// Half a second each; what lies in the same half second goes into the same fragment.
Recording record(const EncodedVideo& video, const EncodedAudio& audio) {
  auto muxer =
      muxer_of(video.samples.empty() ? nullptr : &video.config, audio.samples.empty() ? nullptr : &audio.config);
  Recording recording;
  size_t v = 0, a = 0;
  for (int64_t end = kVideoPart; v < video.samples.size() || a < audio.samples.size(); end += kVideoPart) {
    for (; v < video.samples.size() && video.samples[v].dts < end; ++v)
      muxer.add_video(video.samples[v].sample(), video.samples[v].keyframe ? &video.config : nullptr);
    for (; a < audio.samples.size() && audio.samples[a].dts * 15 < end * 8; ++a)
      muxer.add_audio(audio.samples[a].sample());
    recording.append(muxer.flush());
  }
  recording.append(muxer.finish());
  EXPECT_EQ(muxer.refused(), 0U);
  return recording;
}

std::vector<uint8_t> with_sets(const VideoConfig& config, const testing::EncodedSample& sample) {
  auto data = sample.keyframe ? parameter_sets(config.record) : std::vector<uint8_t>();
  data.insert(data.end(), sample.data.begin(), sample.data.end());
  return data;
}

TEST(MovieMuxer, ParameterSetsOfAnAvccAreAsASampleHasThem) {
  const std::vector<uint8_t> record{1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 0x42, 2, 0, 1, 0x68, 0, 2, 0x68, 0xce};
  EXPECT_EQ(parameter_sets(record), (std::vector<uint8_t>{0, 0, 0, 2, 0x67, 0x42,  //
                                                          0, 0, 0, 1, 0x68, 0, 0, 0, 2, 0x68, 0xce}));
  for (size_t size = 0; size < record.size(); ++size)
    EXPECT_TRUE(parameter_sets(base::ConstBytes(record).first(size)).empty()) << size;
}

TEST(MovieMuxer, AFileOfBothBeginsAtItsEarliestSampleAndALateTrackKeepsItsDistance) {
  const auto video = testing::encode_h264({.frames = 90, .b_frames = 2, .begin = 900'000});
  const int64_t video_begin = video.samples.front().dts;
  const auto audio = testing::encode_aac(100, video_begin * 8 / 15 + 62'400);  // 1.3 s later
  const auto file = record(video, audio).bytes;
  const auto found = testing::demux(file, /*decode=*/true);
  ASSERT_EQ(found.streams.size(), 2U);
  ASSERT_EQ(found.streams[0].samples.size(), video.samples.size());
  ASSERT_EQ(found.streams[1].samples.size(), audio.samples.size());
  for (size_t i = 0; i < video.samples.size(); ++i) {
    ASSERT_EQ(found.streams[0].samples[i].dts, video.samples[i].dts - video_begin);
    ASSERT_EQ(found.streams[0].samples[i].pts, video.samples[i].pts - video_begin);
  }
  for (size_t i = 0; i < audio.samples.size(); ++i)
    ASSERT_EQ(found.streams[1].samples[i].dts, 62'400 + static_cast<int64_t>(i) * 1024);
  EXPECT_EQ(found.streams[0].decoded.size(), 90U);
  EXPECT_EQ(found.streams[1].decoded.size(), audio.samples.size());
  EXPECT_EQ(found.damaged, 0);
}

TEST(MovieMuxer, AudioThatWasAddedLaterMayStillBeTheEarliest) {
  const auto video = testing::encode_h264({.frames = 5, .begin = 90'000});
  const auto audio = testing::encode_aac(10, 24'000);
  const auto found = fragments(record(video, audio).bytes);
  ASSERT_EQ(found.at(0).tracks.size(), 1U);  // of the first half second that has any
  EXPECT_EQ(found[0].tracks[0].begin, 0U);
  auto muxer = muxer_of(&video.config, &audio.config);
  muxer.add_video(video.samples[0].sample(), &video.config);
  muxer.add_audio(audio.samples[0].sample());
  const auto both = fragments(*muxer.flush());
  ASSERT_EQ(both.at(0).tracks.size(), 2U);
  EXPECT_EQ(both[0].tracks[0].begin, 45'000U);
  EXPECT_EQ(both[0].tracks[1].begin, 0U);
  auto before = audio.samples[1];
  before.dts = before.pts = 23'000;
  muxer.add_audio(before.sample());
  EXPECT_EQ(muxer.refused(), 1U);
}

TEST(MovieMuxer, EveryKeyframeOfH264HasItsParameterSets) {
  const auto video = testing::encode_h264({.frames = 60, .keyframe_interval = 10});
  const auto file = record(video, {}).bytes;
  size_t i = 0;
  for (const auto& fragment : fragments(file))
    for (const auto& sample : fragment.tracks.at(0).samples) {
      ASSERT_EQ(sample.data, with_sets(video.config, video.samples[i])) << i;
      ++i;
    }
  EXPECT_EQ(i, 60U);
  const auto avcc = find(file, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC");
  EXPECT_EQ(std::vector(avcc.begin(), avcc.end()), video.config.record);
}

TEST(MovieMuxer, APictureOfAnotherSizeInTheMiddleIsDecoded) {
  const auto small = testing::encode_h264({.frames = 40, .begin = 0});
  const auto large = testing::encode_h264({.width = 640, .height = 360, .frames = 40, .begin = 40 * 3000});
  const auto again = testing::encode_h264({.frames = 40, .begin = 80 * 3000});
  auto muxer = muxer_of(&small.config, nullptr);
  Recording recording;
  for (const auto* video : {&small, &large, &again}) {
    for (const auto& sample : video->samples)
      muxer.add_video(sample.sample(), sample.keyframe ? &video->config : nullptr);
    recording.append(muxer.flush());
  }
  recording.append(muxer.finish());
  const auto found = testing::demux(recording.bytes, /*decode=*/true);
  EXPECT_EQ(found.damaged, 0);
  std::vector wanted(120, std::pair{320, 180});
  std::fill_n(wanted.begin() + 40, 40, std::pair{640, 360});
  EXPECT_EQ(found.streams.at(0).decoded, wanted);
}

// ISO/IEC 14496-12 section 8.8.10: version and flags, track, sizes of numbers, count, then time and offset of each.
std::vector<uint64_t> offsets_of(base::ConstBytes tfra) {
  base::ByteReader reader(tfra);
  const bool wide = reader.u32() >> 24 == 1;
  reader.skip(4);
  const uint32_t sizes = reader.u32();
  const size_t rest = ((sizes >> 4) & 3) + ((sizes >> 2) & 3) + (sizes & 3) + 3;
  std::vector<uint64_t> offsets(reader.u32());
  for (auto& offset : offsets) {
    wide ? reader.u64() : reader.u32();
    offset = wide ? reader.u64() : reader.u32();
    reader.skip(rest);
  }
  if (!reader.ok() || reader.left() != 0) throw std::runtime_error("tfra: size");
  return offsets;
}

TEST(MovieMuxer, TheIndexAtTheEndNamesEveryFragment) {
  const auto file = record(testing::encode_h264({.frames = 90}), testing::encode_aac(140)).bytes;
  std::vector<uint64_t> moofs;
  for (const auto& box : boxes(file))
    if (box.type == "moof") moofs.push_back(box.at);
  ASSERT_EQ(moofs.size(), 7U);
  size_t tracks = 0;
  for (const auto& box : boxes(find(file, "mfra"))) {
    if (box.type != "tfra") continue;
    ++tracks;
    const auto offsets = offsets_of(box.payload);
    EXPECT_TRUE(std::ranges::includes(moofs, offsets));
    EXPECT_GE(offsets.size(), 6U);
  }
  EXPECT_EQ(tracks, 2U);
  EXPECT_EQ(boxes(file).back().type, "mfra");
}

TEST(MovieMuxer, OneTrackIsAMovieTooAndNoneIsTrouble) {
  const auto audio = testing::encode_aac(50, 4'711);
  const auto found = testing::demux(record({}, audio).bytes, /*decode=*/true);
  ASSERT_EQ(found.streams.size(), 1U);
  EXPECT_EQ(found.streams[0].codec, AV_CODEC_ID_AAC);
  EXPECT_EQ(found.streams[0].samples.front().dts, 0);
  EXPECT_EQ(found.streams[0].decoded.size(), audio.samples.size());
  EXPECT_FALSE(MovieMuxer::create(nullptr, nullptr));
}

TEST(MovieMuxer, WithoutASampleThereIsNoFileAndAfterTheEndNothingIsTaken) {
  const auto audio = testing::encode_aac(3);
  auto empty = muxer_of(nullptr, &audio.config);
  EXPECT_EQ(empty.flush(), nullptr);
  EXPECT_EQ(empty.finish(), nullptr);
  auto muxer = muxer_of(nullptr, &audio.config);
  muxer.add_audio(audio.samples[0].sample());
  muxer.add_video(audio.samples[0].sample(), nullptr);
  EXPECT_EQ(muxer.refused(), 1U);
  EXPECT_EQ(testing::types(*muxer.finish()), "ftyp moov moof mdat mfra");
  muxer.add_audio(audio.samples[1].sample());
  EXPECT_EQ(muxer.refused(), 2U);
  EXPECT_EQ(muxer.flush(), nullptr);
  EXPECT_EQ(muxer.finish(), nullptr);
}

TEST(MovieMuxer, TheSameSamplesGiveTheSameBytes) {
  const auto video = testing::encode_h264({.frames = 30});
  const auto audio = testing::encode_aac(40);
  EXPECT_EQ(record(video, audio).bytes, record(video, audio).bytes);
}

// Of each track, how many samples there are up to the last fragment that ends within the bytes.
std::vector<size_t> whole_samples(base::ConstBytes file, const std::vector<size_t>& ends, size_t cut) {
  const auto whole = std::ranges::upper_bound(ends, cut);
  std::vector<size_t> counts(2);
  if (whole == ends.begin()) return counts;
  for (const auto& fragment : fragments(file.first(*std::prev(whole))))
    for (const auto& track : fragment.tracks) counts[track.id - 1] += track.samples.size();
  return counts;
}

class MovieMuxerSeeds : public ::testing::TestWithParam<uint64_t> {};

TEST_P(MovieMuxerSeeds, AFileThatWasCutAnywhereHasEverySampleOfItsWholeFragments) {
  base::Rng rng(GetParam());
  const auto video = testing::encode_h264({.frames = 70, .b_frames = GetParam() % 2 == 0 ? 2 : 0});
  const auto audio = testing::encode_aac(100);
  const auto recording = record(video, audio);
  for (int i = 0; i < 25; ++i) {
    const size_t cut = recording.ends[0] + rng.below(recording.bytes.size() - recording.ends[0] + 1);
    const auto file = base::ConstBytes(recording.bytes);
    const auto counts = whole_samples(file, recording.ends, cut);
    const auto found = testing::demux(file.first(cut));
    ASSERT_EQ(found.streams.size(), 2U);
    for (size_t track = 0; track < 2; ++track) {
      const auto& read = found.streams[track].samples;
      ASSERT_GE(read.size(), counts[track]) << cut;
      for (size_t n = 0; n < counts[track]; ++n)
        ASSERT_EQ(read[n].data, track == 0 ? with_sets(video.config, video.samples[n]) : audio.samples[n].data) << cut;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MovieMuxerSeeds, ::testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace heliograph::hls
