// SPDX-License-Identifier: Apache-2.0
#include "hls/slate.h"

#include <gtest/gtest.h>

#include "hls/testing_sequence.h"

namespace heliograph::hls {
namespace {

using testing::Decoder;

struct Case {
  plan::Codec codec;
  Decoder decoder;
  std::string prefix;  // of VideoConfig::codecs
};

class Slates : public ::testing::TestWithParam<Case> {};

uint8_t luma(const testing::DecodedPicture& picture, int x, int y) {
  return picture.pixels[static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)];
}

struct Size {
  uint16_t asked_width, asked_height;
  int width, height;
};
constexpr Size kSizes[] = {{16, 16, 16, 16},     {1, 0, 16, 16},         {323, 181, 322, 180},    {640, 360, 640, 360},
                           {360, 640, 360, 640}, {1280, 720, 1280, 720}, {1920, 1080, 1920, 1080}};

TEST_P(Slates, AreKeyframesOfTheSizeAskedForThatCanBeRepeated) {
  const auto& [codec, decoder, prefix] = GetParam();
  for (const auto& size : kSizes) {
    SCOPED_TRACE(size.width);
    const auto slate = make_slate(codec, size.asked_width, size.asked_height);
    ASSERT_TRUE(slate && slate->config);
    EXPECT_EQ(slate->config->codec, codec);
    EXPECT_EQ(slate->config->width, size.width);
    EXPECT_EQ(slate->config->height, size.height);
    EXPECT_TRUE(slate->config->codecs.starts_with(prefix)) << slate->config->codecs;
    EXPECT_LT(slate->data.size(), 20'000U);
    const auto decoded = testing::decode(decoder, *slate->config, {slate->data, slate->data, slate->data});
    EXPECT_TRUE(decoded.complaints.empty()) << decoded.complaints[0];
    ASSERT_EQ(decoded.pictures.size(), 3U);
    for (const auto& picture : decoded.pictures) {
      EXPECT_EQ(picture.width, size.width);
      EXPECT_EQ(picture.height, size.height);
      EXPECT_TRUE(picture.same_pixels(decoded.pictures[0]));
    }
  }
}

TEST_P(Slates, ShowACrossedOutCameraInGreyOfBt709) {
  const auto slate = make_slate(GetParam().codec, 640, 360);
  ASSERT_TRUE(slate);
  const auto decoded = testing::decode(GetParam().decoder, *slate->config, {slate->data});
  ASSERT_EQ(decoded.pictures.size(), 1U);
  const auto& picture = decoded.pictures[0];
  EXPECT_EQ(picture.range, AVCOL_RANGE_MPEG);
  // VP9 has one number for all three colour properties, and libavcodec reads the matrix out of it only.
  if (GetParam().codec != plan::Codec::kVp9) EXPECT_EQ(picture.primaries, AVCOL_PRI_BT709);
  EXPECT_NEAR(luma(picture, 5, 5), 45, 4);
  EXPECT_NEAR(luma(picture, 320, 180), 150, 12);  // the stroke
  EXPECT_NEAR(luma(picture, 320 - 57, 180 - 57), 150, 12);
  EXPECT_NEAR(luma(picture, 320 - 72, 180 + 20), 150, 12);  // the body
  EXPECT_NEAR(luma(picture, 320 + 72, 180), 150, 12);       // the lens
  EXPECT_NEAR(luma(picture, 320 - 40, 180 + 20), 45, 12);   // within
  const size_t area = 640 * 360;
  for (size_t i = area; i < picture.pixels.size(); ++i) ASSERT_NEAR(picture.pixels[i], 128, 4);
}

INSTANTIATE_TEST_SUITE_P(Of, Slates,
                         ::testing::Values(Case{plan::Codec::kH264, {"h264"}, "avc1.42c0"},
                                           Case{plan::Codec::kVp9, {"vp9"}, "vp09.00."},
                                           Case{plan::Codec::kAv1, {"libdav1d"}, "av01.0."}),
                         [](const auto& each) { return each.param.decoder.name; });

TEST(Slate, IsNotMadeWithoutAnEncoder) {
  EXPECT_EQ(make_slate(plan::Codec::kVp8, 640, 360), nullptr);
  EXPECT_EQ(make_slate(plan::Codec::kOpus, 640, 360), nullptr);
}

}  // namespace
}  // namespace heliograph::hls
