// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "hls/muxer.h"
#include "hls/testing_boxes.h"
#include "hls/testing_media.h"

namespace heliograph::hls {
namespace {

using testing::boxes;
using testing::find;
using testing::fragments;
using testing::has;
using testing::types;

// 42e01f, 640x360; the parameter sets need only look like ones.
VideoConfig h264() {
  return {.codec = plan::Codec::kH264,
          .record = {1,    0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 9, 0x67, 0x42, 0xe0, 0x1f,
                     0xda, 0x02, 0x80, 0xbf, 0xe5, 1,    0, 4, 0x68, 0xce, 0x38, 0x80},
          .codecs = "avc1.42e01f",
          .width = 640,
          .height = 360};
}

VideoConfig vp9(std::vector<uint8_t> record) {
  return {.codec = plan::Codec::kVp9, .record = std::move(record), .codecs = "vp09", .width = 1280, .height = 720};
}

VideoConfig av1() {
  return {.codec = plan::Codec::kAv1,
          .record = {0x81, 0x04, 0x0c, 0x00, 0x0a, 0x0b, 0, 0, 0, 0x24, 0xcf, 0x7f, 0x0d, 0xbf, 0xff, 0x30, 0x08},
          .codecs = "av01.0.04M.08",
          .width = 1280,
          .height = 720};
}

AudioConfig aac() { return {.codec = AudioCodec::kAac, .record = {0x11, 0x90}, .codecs = "mp4a.40.2"}; }

// Pre-skip 312, 48,000 Hz, gain 0, family 0 (RFC 7845 section 5.1: little-endian).
AudioConfig opus(uint8_t channels) {
  return {.codec = AudioCodec::kOpus,
          .record = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, channels, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0},
          .codecs = "opus",
          .channels = channels};
}

template <class Config>
ChunkMuxer muxer_of(const Config& config) {
  auto made = ChunkMuxer::create(config);
  if (!made) throw std::runtime_error(made.error().where);
  return std::move(*made);
}

const std::vector<uint8_t> kSlice{0, 0, 0, 5, 0x65, 1, 2, 3, 4};

Sample sample_at(int64_t dts, uint32_t duration = 3000, bool keyframe = false, int64_t offset = 0) {
  return {.dts = dts, .pts = dts + offset, .duration = duration, .keyframe = keyframe, .data = kSlice};
}

testing::Track only_track(const Blob& chunk) {
  const auto found = fragments(*chunk);
  if (found.size() != 1 || found[0].tracks.size() != 1) throw std::runtime_error("not one fragment of one track");
  return found[0].tracks[0];
}

std::vector<uint8_t> copy(base::ConstBytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(ChunkMuxer, AnInitialisationSegmentIsFtypAndMoovWithCmafsBrandAndNothingThatShiftsTimes) {
  for (const auto& init_segment : {muxer_of(h264()).init(), muxer_of(aac()).init()}) {
    const auto& init = *init_segment;
    EXPECT_EQ(types(init), "ftyp moov");
    const auto ftyp = base::as_text(find(init, "ftyp"));
    EXPECT_EQ(ftyp.substr(0, 4), "iso6");
    EXPECT_NE(ftyp.find("cmfc"), std::string_view::npos) << ftyp;
    EXPECT_FALSE(has(init, "moov/trak/edts"));
    EXPECT_EQ(copy(find(init, "moov/mvex/trex")),
              (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(base::as_text(init).find("Lavf"), std::string_view::npos);
  }
}

uint32_t timescale(const ChunkMuxer& muxer) {
  base::ByteReader mdhd(find(*muxer.init(), "moov/trak/mdia/mdhd"));
  mdhd.skip(12);
  return mdhd.u32();
}

TEST(ChunkMuxer, TimescalesAre90000And48000) {
  EXPECT_EQ(timescale(muxer_of(h264())), kVideoRate);
  EXPECT_EQ(timescale(muxer_of(av1())), kVideoRate);
  EXPECT_EQ(timescale(muxer_of(aac())), kAudioRate);
  EXPECT_EQ(timescale(muxer_of(opus(2))), kAudioRate);
}

constexpr std::string_view kEntry = "moov/trak/mdia/minf/stbl/stsd/";

base::ConstBytes entry(const ChunkMuxer& muxer, std::string_view path) {
  return find(*muxer.init(), std::string(kEntry) + std::string(path));
}

TEST(ChunkMuxer, TheRecordOfH264AndAv1StandsInTheSampleEntryAsItIs) {
  const auto of_h264 = muxer_of(h264()), of_av1 = muxer_of(av1());
  EXPECT_EQ(copy(entry(of_h264, "avc1/avcC")), h264().record);
  EXPECT_EQ(copy(entry(of_av1, "av01/av1C")), av1().record);
  base::ByteReader size(entry(of_av1, "av01"));
  size.skip(24);
  EXPECT_EQ(size.u16(), 1280);
  EXPECT_EQ(size.u16(), 720);
}

TEST(ChunkMuxer, TheRecordOfVp9IsWrittenFieldByField) {
  const std::vector<std::vector<uint8_t>> records{
      {0, 31, 0x82, 1, 1, 1, 0, 0},    // profile 0, 8 bits, 4:2:0 collocated, BT.709
      {0, 10, 0x80, 2, 2, 2, 0, 0},    // 4:2:0 vertical, unspecified
      {0, 31, 0x83, 1, 13, 5, 0, 0},   // full range
      {1, 41, 0x86, 1, 13, 0, 0, 0},   // 4:4:4, sRGB
      {1, 41, 0x84, 6, 6, 6, 0, 0},    // 4:2:2
      {2, 51, 0xa2, 9, 16, 9, 0, 0},   // 10 bits, BT.2020
      {3, 51, 0xc6, 9, 16, 9, 0, 0}};  // 12 bits, 4:4:4
  for (const auto& record : records) {
    const auto muxer = muxer_of(vp9(record));
    auto written = copy(entry(muxer, "vp09/vpcC"));
    ASSERT_GE(written.size(), 4U);
    EXPECT_EQ(std::vector(written.begin(), written.begin() + 4), (std::vector<uint8_t>{1, 0, 0, 0}));
    EXPECT_EQ(std::vector(written.begin() + 4, written.end()), record);
  }
}

TEST(ChunkMuxer, TheRecordOfAacIsTheDecoderSpecificInfoOfEsds) {
  // ISO/IEC 14496-1 section 7.2.6.7: tag 5, a length that libavformat writes in 4 bytes.
  const auto muxer = muxer_of(aac());
  const auto esds = entry(muxer, "mp4a/esds");
  const std::vector<uint8_t> wanted{0x05, 0x80, 0x80, 0x80, 0x02, 0x11, 0x90};
  EXPECT_FALSE(std::ranges::search(esds, wanted).empty());
}

TEST(ChunkMuxer, TheRecordOfOpusBecomesDOpsInBigEndian) {
  for (const uint8_t channels : {uint8_t{1}, uint8_t{2}}) {
    const auto muxer = muxer_of(opus(channels));
    // Encapsulation of Opus in ISO Base Media File Format section 4.3.2: version 0, channels, pre-skip 312, 48,000.
    EXPECT_EQ(copy(entry(muxer, "Opus/dOps")),
              (std::vector<uint8_t>{0, channels, 0x01, 0x38, 0x00, 0x00, 0xbb, 0x80, 0x00, 0x00, 0x00}));
    base::ByteReader fields(entry(muxer, "Opus"));
    fields.skip(16);
    EXPECT_EQ(fields.u16(), channels);
  }
}

TEST(ChunkMuxer, AChunkIsOneMoofAndOneMdatThatHoldsTheSamples) {
  auto muxer = muxer_of(h264());
  EXPECT_EQ(muxer.flush(), nullptr);
  muxer.add(sample_at(0, 3000, true));
  muxer.add(sample_at(3000));
  const auto chunk = muxer.flush();
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(types(*chunk), "moof mdat");
  EXPECT_EQ(types(find(*chunk, "moof")), "mfhd traf");
  EXPECT_EQ(types(find(*chunk, "moof/traf")), "tfhd tfdt trun");
  EXPECT_EQ(muxer.flush(), nullptr);
  const auto track = only_track(chunk);
  ASSERT_EQ(track.samples.size(), 2U);
  for (const auto& sample : track.samples) EXPECT_EQ(sample.data, kSlice);
}

TEST(ChunkMuxer, AFragmentBeginsAtItsFirstSamplesDtsAlsoAfterAHoleAndBeyond32Bits) {
  auto muxer = muxer_of(h264());
  for (const int64_t begin : {int64_t{45'000}, int64_t{90'000}, int64_t{90'000'000}, int64_t{2'100'000'000},
                              int64_t{4'200'000'000}, int64_t{6'300'000'000}}) {
    muxer.add(sample_at(begin, 3000, true, 1'500));
    muxer.add(sample_at(begin + 3000, 42'000, false, 1'500));
    const auto track = only_track(muxer.flush());
    EXPECT_EQ(track.begin, static_cast<uint64_t>(begin));
    EXPECT_EQ(track.end, static_cast<uint64_t>(begin) + 45'000);
    EXPECT_EQ(track.samples[0].pts, begin + 1'500);
  }
  EXPECT_EQ(muxer.refused(), 0U);
}

TEST(ChunkMuxer, AMuxerMayBeginAnywhere) {
  auto muxer = muxer_of(aac());
  muxer.add({.dts = 123'456'789'012, .pts = 123'456'789'012, .duration = 1024, .data = kSlice});
  EXPECT_EQ(only_track(muxer.flush()).begin, 123'456'789'012U);
}

TEST(ChunkMuxer, KeyframesAreSyncSamplesAndOthersDependOnThem) {
  auto muxer = muxer_of(h264());
  muxer.add(sample_at(0, 3000, true));
  muxer.add(sample_at(3000));
  muxer.add(sample_at(6000, 3000, true));
  muxer.add(sample_at(9000));
  const auto track = only_track(muxer.flush());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(track.samples[i].is_sync(), i % 2 == 0) << i;
    EXPECT_EQ(track.samples[i].depends_on(), i % 2 == 0 ? 2U : 1U) << i;
  }
}

TEST(ChunkMuxer, EverySampleOfAudioIsASyncSample) {
  for (const auto& config : {aac(), opus(2)}) {
    auto muxer = muxer_of(config);
    for (int i = 0; i < 24; ++i) muxer.add({.dts = i * 960, .pts = i * 960, .duration = 960, .data = kSlice});
    const auto track = only_track(muxer.flush());
    EXPECT_EQ(track.end, 24U * 960);
    EXPECT_TRUE(std::ranges::all_of(track.samples, &testing::ReadSample::is_sync));
  }
}

TEST(ChunkMuxer, ASampleThatCannotBeIsRefusedAndTheNextIsTaken) {
  auto muxer = muxer_of(h264());
  muxer.add(sample_at(3000, 3000, true));
  muxer.add(sample_at(3000));                                           // not after the last
  muxer.add(sample_at(-1));                                             // negative
  muxer.add(sample_at(6000, 0));                                        // no duration
  muxer.add(sample_at(6000, 3000, false, -1));                          // shown before it is decoded
  muxer.add({.dts = 6000, .pts = 6000, .duration = 3000, .data = {}});  // nothing in it
  muxer.add(sample_at(6000 + (int64_t{1} << 31)));                      // too far
  EXPECT_EQ(muxer.refused(), 6U);
  muxer.add(sample_at(6000));
  EXPECT_EQ(only_track(muxer.flush()).samples.size(), 2U);
}

TEST(ChunkMuxer, AnOverlapWithTheFragmentBeforeMovesTheDecodingOnly) {
  auto muxer = muxer_of(h264());
  muxer.add(sample_at(0, 3000, true));
  (void)muxer.flush();
  muxer.add(sample_at(2'990, 3000, false, 500));
  const auto track = only_track(muxer.flush());
  EXPECT_EQ(track.begin, 3'000U);
  EXPECT_EQ(track.end, 5'990U);
  EXPECT_EQ(track.samples[0].pts, 3'490);
}

TEST(ChunkMuxer, WhatIsNoConfigurationIsTroubleWithASentence) {
  const auto sentence = [](const auto& config) { return ChunkMuxer::create(config).error().where; };
  auto config = h264();
  config.record.resize(12);
  EXPECT_EQ(sentence(config), "the configuration of an H264 track is not an avcC record with 4-byte lengths");
  config = h264();
  config.width = 0;
  EXPECT_EQ(sentence(config), "a video track has no width or no height");
  EXPECT_EQ(sentence(vp9({0, 31, 0x92})), "the configuration of a VP9 track is not a vpcC record");
  EXPECT_EQ(sentence(vp9({0, 31, 0x92, 1, 1, 1, 0, 0})), "the configuration of a VP9 track is not a vpcC record");
  config = av1();
  config.record[0] = 1;
  EXPECT_EQ(sentence(config), "the configuration of an AV1 track is not an av1C record");
  config.codec = plan::Codec::kVp8;
  EXPECT_EQ(sentence(config), "there is no video track of this codec in mp4");
  EXPECT_EQ(sentence(AudioConfig{}), "the configuration of an AAC track is not an AudioSpecificConfig");
  auto head = opus(2);
  head.record[0] = 'o';
  EXPECT_EQ(sentence(head), "the configuration of an Opus track is not an OpusHead");
}

TEST(ChunkMuxer, Av1ThatIsRubbishDoesNotSpoilTheFragment) {
  auto muxer = muxer_of(av1());
  const std::vector<uint8_t> frame{0x0a, 1, 0, 0x32, 3, 1, 2, 3};  // a sequence header, a frame
  const std::vector<uint8_t> cut{0x0a, 1, 0, 0x32, 30, 1, 2, 3};   // larger than the sample
  const std::vector<uint8_t> delimiter{0x12, 0}, forbidden{0x80, 1, 2};
  int64_t at = 0;
  for (const auto* data : {&frame, &cut, &delimiter, &forbidden, &frame})
    muxer.add({.dts = at, .pts = at, .duration = 3000, .keyframe = true, .data = *data}), at += 3000;
  EXPECT_EQ(muxer.refused(), 3U);
  const auto track = only_track(muxer.flush());
  ASSERT_EQ(track.samples.size(), 2U);
  EXPECT_EQ(track.samples[0].data, frame);
  EXPECT_EQ(track.samples[1].data, frame);
}

TEST(ChunkMuxer, AFragmentThatIsTooLargeTakesNoMore) {
  auto muxer = muxer_of(aac());
  for (int i = 0; i < 20'000; ++i) muxer.add({.dts = i, .pts = i, .duration = 1, .data = kSlice});
  EXPECT_EQ(muxer.refused(), 20'000U - 16'384);
  EXPECT_EQ(only_track(muxer.flush()).samples.size(), 16'384U);
  muxer.add({.dts = 20'000, .pts = 20'000, .duration = 1, .data = kSlice});
  EXPECT_NE(muxer.flush(), nullptr);
}

TEST(ChunkMuxer, LibavWritesNothingToStandardError) {
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(ChunkMuxer::create(h264()));
  EXPECT_THROW(testing::demux(kSlice), std::runtime_error);
  AudioConfig config = aac();
  config.record = {0, 0};
  (void)ChunkMuxer::create(config);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

class ChunkMuxerSeeds : public ::testing::TestWithParam<uint64_t> {};

// Samples at random distances, some with holes between the fragments.
std::vector<std::vector<testing::EncodedSample>> random_fragments(base::Rng& rng) {
  std::vector<std::vector<testing::EncodedSample>> all;
  auto dts = static_cast<int64_t>(rng.below(1'000'000'000));
  for (size_t fragment = 0; fragment < 20; ++fragment) {
    if (rng.chance(0.2)) dts += static_cast<int64_t>(rng.below(1'000'000));
    auto& samples = all.emplace_back();
    const size_t count = 1 + rng.below(rng.chance(0.1) ? 300 : 30);
    for (size_t i = 0; i < count; ++i) {
      const auto duration = static_cast<uint32_t>(1 + rng.below(9'000));
      const auto offset = static_cast<int64_t>(rng.chance(0.5) ? 0 : rng.below(90'000));
      samples.push_back({.dts = dts,
                         .pts = dts + offset,
                         .duration = duration,
                         .keyframe = rng.chance(0.1),
                         .data = std::vector<uint8_t>(1 + rng.below(rng.chance(0.05) ? 100'000 : 2'000))});
      for (auto& byte : samples.back().data) byte = static_cast<uint8_t>(rng());
      dts += duration;
    }
  }
  return all;
}

std::vector<Blob> write(const std::vector<std::vector<testing::EncodedSample>>& all) {
  auto muxer = muxer_of(h264());
  std::vector<Blob> blobs{muxer.init()};
  for (const auto& samples : all) {
    for (const auto& sample : samples) muxer.add(sample.sample());
    blobs.push_back(muxer.flush());
  }
  EXPECT_EQ(muxer.refused(), 0U);
  return blobs;
}

void expect_same(const testing::ReadSample& read, const testing::EncodedSample& added) {
  ASSERT_EQ(read.dts, added.dts);
  ASSERT_EQ(read.pts, added.pts);
  ASSERT_EQ(read.duration, added.duration);
  ASSERT_EQ(read.is_sync(), added.keyframe);
  ASSERT_EQ(read.data, added.data);
}

TEST_P(ChunkMuxerSeeds, WhatIsReadIsWhatWasAdded) {
  base::Rng rng(GetParam());
  const auto all = random_fragments(rng);
  const auto blobs = write(all);
  for (size_t i = 0; i < all.size(); ++i) {
    const auto found = fragments(*blobs[i + 1]);
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].sequence, i + 1);
    const auto& track = found[0].tracks.at(0);
    ASSERT_EQ(track.samples.size(), all[i].size());
    for (size_t n = 0; n < all[i].size(); ++n) expect_same(track.samples[n], all[i][n]);
    ASSERT_EQ(static_cast<int64_t>(track.end), all[i].back().dts + all[i].back().duration);
  }
}

TEST_P(ChunkMuxerSeeds, TheSameSamplesGiveTheSameBytes) {
  base::Rng rng(GetParam());
  const auto all = random_fragments(rng);
  const auto first = write(all), second = write(all);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) ASSERT_EQ(*first[i], *second[i]);
}

TEST_P(ChunkMuxerSeeds, MuxersOnSeveralThreadsDoNotMeet) {
  base::Rng rng(GetParam());
  const auto all = random_fragments(rng);
  std::vector<Blob> here, there;
  std::thread other([&] { there = write(all); });
  here = write(all);
  other.join();
  ASSERT_EQ(here.size(), there.size());
  for (size_t i = 0; i < here.size(); ++i) ASSERT_EQ(*here[i], *there[i]);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChunkMuxerSeeds, ::testing::Range<uint64_t>(1, 21));

// Half a second each, as the packager does it.
template <class Config>
std::vector<uint8_t> file_of(const Config& config, const std::vector<testing::EncodedSample>& samples, int64_t part) {
  auto muxer = muxer_of(config);
  std::vector<uint8_t> file = *muxer.init();
  int64_t end = samples.front().dts + part;
  const auto append = [&](const Blob& blob) { file.insert(file.end(), blob->begin(), blob->end()); };
  for (const auto& sample : samples) {
    if (sample.dts >= end) append(muxer.flush()), end += part;
    muxer.add(sample.sample());
  }
  append(muxer.flush());
  EXPECT_EQ(muxer.refused(), 0U);
  return file;
}

void expect_same(const testing::Demuxed::Stream& stream, const std::vector<testing::EncodedSample>& added) {
  ASSERT_EQ(stream.samples.size(), added.size());
  for (size_t i = 0; i < added.size(); ++i) {
    ASSERT_EQ(stream.samples[i].dts, added[i].dts);
    ASSERT_EQ(stream.samples[i].pts, added[i].pts);
    ASSERT_EQ(stream.samples[i].keyframe, added[i].keyframe);
    ASSERT_EQ(stream.samples[i].data, added[i].data);
  }
}

TEST(ChunkMuxer, LibavReadsAndDecodesWhatLibx264Made) {
  for (const int b_frames : {0, 2}) {
    const auto video = testing::encode_h264({.frames = 90, .b_frames = b_frames});
    const auto found = testing::demux(file_of(video.config, video.samples, kVideoRate / 2), /*decode=*/true);
    ASSERT_EQ(found.streams.size(), 1U);
    EXPECT_EQ(found.streams[0].codec, AV_CODEC_ID_H264);
    expect_same(found.streams[0], video.samples);
    EXPECT_EQ(found.streams[0].decoded, (std::vector(90, std::pair{320, 180})));
    EXPECT_EQ(found.damaged, 0);
    EXPECT_EQ(found.end, AVERROR_EOF);
  }
}

TEST(ChunkMuxer, LibavReadsAndDecodesAac) {
  const auto audio = testing::encode_aac(100, 77'777);
  const auto found = testing::demux(file_of(audio.config, audio.samples, kAudioRate / 2), /*decode=*/true);
  expect_same(found.streams.at(0), audio.samples);
  EXPECT_EQ(found.streams[0].decoded, (std::vector(audio.samples.size(), std::pair{0, 1024})));
  EXPECT_EQ(found.damaged, 0);
}

}  // namespace
}  // namespace heliograph::hls
