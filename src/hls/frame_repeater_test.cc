// SPDX-License-Identifier: Apache-2.0
#include "hls/frame_repeater.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/rng.h"
#include "hls/h264_slice_header.h"
#include "hls/testing_chromium.h"
#include "hls/testing_rewrite.h"
#include "hls/testing_sequence.h"

namespace heliograph::hls {
namespace {

using testing::Bytes;
using testing::CodedSequence;
using testing::Decoded;
using testing::DecodedPicture;
using testing::Decoder;

constexpr int64_t kNone = -1;

struct Repeated {
  std::vector<Bytes> samples;
  std::vector<int64_t> original;  // of each sample: which frame, kNone: a repeat
  size_t repeats = 0, refused = 0, largest = 0;
};

Repeated with_repeats(const std::vector<Frame>& frames, uint64_t seed, double chance = 0.5) {
  base::Rng rng(seed);
  FrameRepeater repeater;
  Repeated out;
  for (size_t i = 0; i < frames.size(); ++i) {
    repeater.see(frames[i]);
    out.samples.push_back(frames[i].data);
    out.original.push_back(static_cast<int64_t>(i));
    const uint64_t run = rng.chance(chance) ? 1 + rng.below(5) : 0;
    for (uint64_t k = 0; k < run; ++k) {
      auto repeat = repeater.repeat();
      if (!repeat) {
        ++out.refused;
        continue;
      }
      ++out.repeats;
      out.largest = std::max(out.largest, repeat->size());
      out.samples.push_back(std::move(*repeat));
      out.original.push_back(kNone);
    }
  }
  return out;
}

std::vector<Bytes> samples_of(const std::vector<Frame>& frames) {
  std::vector<Bytes> samples;
  for (const auto& frame : frames) samples.push_back(frame.data);
  return samples;
}

std::vector<base::ConstBytes> nal_units(base::ConstBytes sample) {
  std::vector<base::ConstBytes> units;
  for (base::ByteReader reader(sample); reader.left() > 0;) units.push_back(reader.bytes(reader.u32()));
  return units;
}

bool is_slice(base::ConstBytes nal) { return (nal[0] & 0x1f) == 1 || (nal[0] & 0x1f) == 5; }

// Of H.264: whether others may refer to it (nal_ref_idc ≠ 0), and so the repeats behind it show it.
bool is_kept(const Frame& frame) {
  return std::ranges::any_of(nal_units(frame.data),
                             [](base::ConstBytes nal) { return is_slice(nal) && (nal[0] & 0x60) != 0; });
}

void expect_no_difference(const std::vector<Frame>& frames, const Repeated& repeated, const Decoder& decoder,
                          bool h264 = true) {
  SCOPED_TRACE(decoder.name + " with " + std::to_string(decoder.threads) + " threads");
  const auto plain = testing::decode(decoder, *frames[0].config, samples_of(frames));
  ASSERT_TRUE(plain.complaints.empty()) << plain.complaints[0];
  ASSERT_EQ(plain.pictures.size(), frames.size());
  const auto decoded = testing::decode(decoder, *frames[0].config, repeated.samples);
  EXPECT_TRUE(decoded.complaints.empty()) << decoded.complaints.size() << ": " << decoded.complaints[0];
  ASSERT_EQ(decoded.pictures.size(), repeated.samples.size());
  size_t shown = 0;  // what a repeat must look like
  for (size_t i = 0; i < decoded.pictures.size(); ++i) {
    const auto& picture = decoded.pictures[i];
    ASSERT_EQ(picture.pts, static_cast<int64_t>(i));
    const auto original = repeated.original[i];
    if (original != kNone && (!h264 || is_kept(frames[static_cast<size_t>(original)])))
      shown = static_cast<size_t>(original);
    ASSERT_TRUE(picture.same_pixels(plain.pictures[original != kNone ? static_cast<size_t>(original) : shown]))
        << (original != kNone ? "frame " : "repeat at ") << i;
  }
}

struct Case {
  std::string name;
  CodedSequence sequence;
  std::vector<Decoder> decoders;
};

const std::vector<Decoder> kH264Decoders{{"h264", 1}, {"h264", 3}};
using Options = std::vector<std::pair<std::string, std::string>>;

// Keyframes come where they are asked for only.
Options x264(const char* profile, const char* preset, const std::string& parameters = "threads=1") {
  return {
      {"profile", profile}, {"preset", preset}, {"tune", "zerolatency"}, {"x264-params", "scenecut=0:" + parameters}};
}

size_t keyframes(const std::vector<Frame>& frames) {
  return static_cast<size_t>(std::ranges::count_if(frames, &Frame::keyframe));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto h264 = [&](const char* name, CodedSequence sequence) {
    sequence.encoder = "libx264";
    all.push_back({name, std::move(sequence), kH264Decoders});
  };
  h264("baseline", {.options = x264("baseline", "ultrafast")});
  h264("baseline_with_references", {.options = x264("baseline", "medium", "ref=3")});
  h264("cabac_main", {.options = x264("main", "veryfast")});
  h264("cabac_high", {.options = x264("high", "medium", "ref=4:8x8dct=1")});
  h264("cabac_high_weighted", {.frames = 60, .options = x264("high", "medium", "ref=3:weightp=2:bframes=0")});
  h264("slices", {.width = 640, .height = 360, .options = x264("high", "veryfast", "slices=4")});
  h264("baseline_slices", {.width = 640, .height = 360, .options = x264("baseline", "veryfast", "slices=4")});
  h264("tiny", {.width = 16, .height = 16, .options = x264("main", "veryfast")});
  h264("cropped", {.width = 322, .height = 182, .options = x264("main", "veryfast")});
  h264("large_cabac", {.width = 1920, .height = 1080, .frames = 12, .options = x264("main", "ultrafast", "cabac=1")});
  h264("large_cavlc", {.width = 1280, .height = 720, .frames = 12, .options = x264("baseline", "ultrafast")});
  h264("no_keyframes_but_the_first", {.frames = 90, .keyframe_interval = 1000, .options = x264("main", "ultrafast")});
  h264("intra_refresh",
       {.frames = 60, .keyframe_interval = 60, .options = x264("main", "veryfast", "intra-refresh=1")});
  const auto vp9 = [&](const char* name, CodedSequence sequence) {
    sequence.encoder = "libvpx-vp9";
    all.push_back({name, std::move(sequence), {{"vp9", 1}, {"vp9", 3}, {"libvpx-vp9", 1}}});
  };
  vp9("vp9_realtime", {.options = {{"deadline", "realtime"}, {"cpu-used", "7"}, {"lag-in-frames", "0"}}});
  vp9("vp9_resilient",
      {.options = {{"deadline", "realtime"}, {"cpu-used", "7"}, {"lag-in-frames", "0"}, {"error-resilient", "1"}}});
  const Options av1{{"usage", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}};
  all.push_back({"av1_realtime",
                 {.encoder = "libaom-av1", .frames = 24, .options = av1},
                 {{"libdav1d", 1}, {"libdav1d", 3}, {"libaom-av1", 1}}});
  return all;
}

class Repeats : public ::testing::TestWithParam<Case> {};

TEST_P(Repeats, ShowThePictureBeforeAndLeaveTheOthersAsTheyAre) {
  const auto frames = testing::encode(GetParam().sequence);
  ASSERT_FALSE(frames.empty());
  ASSERT_TRUE(frames[0].keyframe && frames[0].config);
  const auto& sequence = GetParam().sequence;
  const int wanted = (sequence.frames + sequence.keyframe_interval - 1) / sequence.keyframe_interval;
  ASSERT_EQ(keyframes(frames), static_cast<size_t>(wanted));
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    const auto repeated = with_repeats(frames, seed);
    EXPECT_EQ(repeated.refused, 0U);
    EXPECT_GT(repeated.repeats, frames.size() / 2);
    RecordProperty("largest", static_cast<int>(repeated.largest));
    for (const auto& decoder : GetParam().decoders)
      expect_no_difference(frames, repeated, decoder, GetParam().sequence.encoder == "libx264");
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Repeats, ::testing::ValuesIn(cases()), [](const auto& each) { return each.param.name; });

// pic_order_cnt_type 0 and 1, long-term references, pictures that nothing refers to.
struct RewriteCase {
  std::string name;
  testing::H264Rewrite wish;
  Options options = x264("baseline", "veryfast", "ref=1");
  bool p_only = false;
};

class RewrittenRepeats : public ::testing::TestWithParam<RewriteCase> {};

TEST_P(RewrittenRepeats, ShowTheLastReferenceAndLeaveTheOthersAsTheyAre) {
  const CodedSequence sequence{.options = GetParam().options, .p_only = GetParam().p_only};
  const auto frames = testing::rewrite(sequence, GetParam().wish);
  ASSERT_EQ(keyframes(frames), 3U);
  const auto sets = ParameterSets::of_record(frames[0].config->record);
  if (GetParam().wish.order_type)
    ASSERT_EQ(sets.sequences.begin()->second.order_count_type, *GetParam().wish.order_type);
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const auto repeated = with_repeats(frames, seed);
    EXPECT_EQ(repeated.refused, 0U);
    for (const auto& decoder : kH264Decoders) expect_no_difference(frames, repeated, decoder);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, RewrittenRepeats,
    ::testing::Values(RewriteCase{"type_0", {.order_type = 0}},
                      RewriteCase{"type_0_step_1", {.order_type = 0, .step = 1}},
                      RewriteCase{"type_0_step_4", {.order_type = 0, .step = 4, .keep_vui = true}},
                      RewriteCase{"type_0_unreferenced", {.order_type = 0, .last_unreferenced = true}},
                      RewriteCase{"type_0_cabac", {}, x264("main", "veryfast", "bframes=2:b-adapt=0:ref=3"), true},
                      RewriteCase{"type_1", {.order_type = 1}},
                      RewriteCase{"type_1_unreferenced", {.order_type = 1, .last_unreferenced = true}},
                      RewriteCase{"type_1_fixed",
                                  {.order_type = 1, .order_delta_is_zero = true, .non_reference_offset = 1}},
                      RewriteCase{"type_2", {.order_type = 2}},
                      RewriteCase{"type_2_unreferenced", {.order_type = 2, .last_unreferenced = true}},
                      RewriteCase{"long_term", {.order_type = 0, .long_term = true}}),
    [](const auto& each) { return each.param.name; });

std::vector<Frame> chromium() {
  std::vector<Frame> frames;
  testing::FrameMaker maker;
  for (const auto hex : testing::kChromiumTwoLayers)
    frames.push_back(maker.make(AV_CODEC_ID_H264, base::from_hex(hex)));
  return frames;
}

TEST(FrameRepeater, RepeatsInAStreamOfChromium) {
  const auto frames = chromium();
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const auto repeated = with_repeats(frames, seed);
    EXPECT_EQ(repeated.refused, 0U);
    EXPECT_LE(repeated.largest, 24U);
    for (const auto& decoder : kH264Decoders) expect_no_difference(frames, repeated, decoder);
  }
}

// ITU-T H.264 section 7.4.1.2.4.
bool is_another_picture(const SliceHeader& a, const SliceHeader& b) {
  return a.frame_num != b.frame_num || a.picture_parameters != b.picture_parameters || a.reference != b.reference ||
         a.order != b.order || a.order_delta != b.order_delta || a.idr != b.idr;
}

// As a decoder finds them that does not know where samples begin.
size_t access_units(const VideoConfig& config, const std::vector<Bytes>& samples) {
  const auto sets = ParameterSets::of_record(config.record);
  std::optional<SliceHeader> before;
  size_t units = 0;
  for (const auto& sample : samples) {
    for (const auto nal : nal_units(sample)) {
      if (!is_slice(nal)) {
        before.reset();  // section 7.4.1.2.3: delimiters and supplemental information stand in front of slices
        continue;
      }
      const auto header = SliceHeader::parse(nal, sets).value();
      units += !before || is_another_picture(*before, header);
      before = header;
    }
  }
  return units;
}

TEST(FrameRepeater, LeavesPicturesThatCanBeToldApartWithoutTheContainer) {
  for (const auto& frames : {chromium(), testing::encode({.options = x264("main", "veryfast")}),
                             testing::encode({.options = x264("main", "veryfast", "slices=4")})}) {
    ASSERT_EQ(access_units(*frames[0].config, samples_of(frames)), frames.size());
    const auto repeated = with_repeats(frames, 1);
    EXPECT_EQ(access_units(*frames[0].config, repeated.samples), repeated.samples.size());
  }
}

TEST(FrameRepeater, RepeatsPicturesOfTemporalLayersOfVp9) {
  // Two layers; the upper one is kept in no slot.
  const auto frames = testing::encode(
      {.encoder = "libvpx-vp9",
       .options = {{"deadline", "realtime"},
                   {"cpu-used", "7"},
                   {"lag-in-frames", "0"},
                   {"b", "200000"},
                   {"ts-parameters",
                    "ts_number_layers=2:ts_target_bitrate=120,200:ts_rate_decimator=2,1:ts_periodicity=2:"
                    "ts_layer_id=0,1:ts_layering_mode=2"}}});
  ASSERT_FALSE(frames.empty());
  const auto repeated = with_repeats(frames, 1);
  EXPECT_EQ(repeated.refused, 0U);
  for (const Decoder& decoder : {Decoder{"vp9"}, Decoder{"libvpx-vp9"}}) {
    const auto plain = testing::decode(decoder, *frames[0].config, samples_of(frames));
    const auto decoded = testing::decode(decoder, *frames[0].config, repeated.samples);
    EXPECT_TRUE(decoded.complaints.empty());
    ASSERT_EQ(decoded.pictures.size(), repeated.samples.size());
    size_t at = 0, older = 0;
    for (size_t i = 0; i < decoded.pictures.size(); ++i) {
      if (repeated.original[i] != kNone) at = static_cast<size_t>(repeated.original[i]);
      const bool same = decoded.pictures[i].same_pixels(plain.pictures[at]);
      const bool before = at > 0 && decoded.pictures[i].same_pixels(plain.pictures[at - 1]);
      ASSERT_TRUE(same || (repeated.original[i] == kNone && before)) << i;
      older += !same;
    }
    EXPECT_GT(older, 0U);
  }
}

void expect_refused(const std::vector<Frame>& frames) {
  ASSERT_FALSE(frames.empty());
  FrameRepeater repeater;
  for (const auto& frame : frames) {
    repeater.see(frame);
    EXPECT_FALSE(repeater.repeat());
  }
}

TEST(FrameRepeater, RefusesInterlacedPictures) {
  expect_refused(testing::encode({.frames = 10, .options = x264("main", "veryfast", "tff=1"), .interlaced = true}));
  expect_refused(testing::encode({.frames = 10, .options = x264("main", "veryfast", "fake-interlaced=1")}));
}

TEST(FrameRepeater, RefusesReorderedPictures) {
  const CodedSequence with_b{.frames = 10, .options = x264("main", "veryfast", "bframes=2:b-adapt=0")};
  expect_refused(testing::encode(with_b));
  // Where the parameter sets do not say so, it is seen.
  const auto frames = testing::rewrite(with_b, {});
  const auto sets = ParameterSets::of_record(frames[0].config->record);
  FrameRepeater repeater;
  bool reordered = false;
  size_t pictures = 0;
  for (const auto& frame : frames) {
    for (const auto nal : nal_units(frame.data))
      reordered |= is_slice(nal) && SliceHeader::parse(nal, sets).value().type == SliceHeader::kB;
    reordered &= !frame.keyframe;
    pictures += reordered;
    repeater.see(frame);
    EXPECT_EQ(!repeater.repeat(), reordered);
  }
  EXPECT_GT(pictures, 2U);
}

TEST(FrameRepeater, RefusesWhatItDoesNotKnow) {
  FrameRepeater repeater;
  EXPECT_FALSE(repeater.repeat());
  const auto frames = testing::encode({.frames = 4, .options = x264("main", "veryfast")});
  repeater.see(frames[1]);
  EXPECT_FALSE(repeater.repeat());
  repeater.see(frames[0]);
  EXPECT_TRUE(repeater.repeat());
  Frame cut;
  cut.data = {0, 0, 0, 9, 0x41};
  repeater.see(cut);
  EXPECT_FALSE(repeater.repeat());
  repeater.see(frames[1]);
  EXPECT_FALSE(repeater.repeat()) << "what was lost may have been a reference";
  repeater.see(frames[0]);
  EXPECT_TRUE(repeater.repeat());
  VideoConfig vp8;
  vp8.codec = plan::Codec::kVp8;
  Frame other = frames[0];
  other.config = std::make_shared<const VideoConfig>(vp8);
  repeater.see(other);
  EXPECT_FALSE(repeater.repeat());
}

// VP9 section 7.2: LastShowFrame decides how motion vectors are predicted, and would be another.
TEST(FrameRepeater, RefusesBehindAFrameOfVp9ThatIsNotShown) {
  auto frames = testing::encode({.encoder = "libvpx-vp9",
                                 .frames = 4,
                                 .options = {{"deadline", "realtime"}, {"cpu-used", "7"}, {"lag-in-frames", "0"}}});
  ASSERT_EQ(frames.size(), 4U);
  FrameRepeater repeater;
  repeater.see(frames[0]);
  EXPECT_TRUE(repeater.repeat());
  frames[1].data[0] = static_cast<uint8_t>(frames[1].data[0] & ~2);  // show_frame
  repeater.see(frames[1]);
  EXPECT_FALSE(repeater.repeat());
  repeater.see(frames[2]);
  EXPECT_TRUE(repeater.repeat());
}

TEST(FrameRepeater, SurvivesWhatIsBroken) {
  std::vector<std::vector<Frame>> streams{chromium()};
  streams.push_back(
      testing::encode({.width = 64, .height = 64, .frames = 12, .options = x264("high", "medium", "ref=3")}));
  streams.push_back(testing::encode({.encoder = "libvpx-vp9", .width = 64, .height = 64, .frames = 12}));
  streams.push_back(testing::encode({.encoder = "libaom-av1",
                                     .width = 64,
                                     .height = 64,
                                     .frames = 12,
                                     .options = {{"usage", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}}}));
  base::Rng rng(7);
  const auto damage = [&rng](Bytes& bytes) {
    if (bytes.empty()) return;
    for (uint64_t flips = rng.below(4); flips > 0; --flips)
      bytes[rng.below(std::min<size_t>(bytes.size(), 40))] ^= 1U << rng.below(8);
    if (rng.chance(0.1)) bytes.resize(rng.below(bytes.size()));
  };
  for (int round = 0; round < 2000; ++round) {
    FrameRepeater repeater;
    for (auto frame : streams[static_cast<size_t>(round) % streams.size()]) {
      damage(frame.data);
      if (frame.config && rng.chance(0.5)) {
        auto config = *frame.config;
        damage(config.record);
        frame.config = std::make_shared<const VideoConfig>(std::move(config));
      }
      repeater.see(frame);
      if (const auto repeat = repeater.repeat()) EXPECT_FALSE(repeat->empty());
    }
  }
}

}  // namespace
}  // namespace heliograph::hls
