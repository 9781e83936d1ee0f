// SPDX-License-Identifier: Apache-2.0
#include "hls/vp9_depacketizer.h"

#include <optional>
#include <string>
#include <vector>

#include "base/hex.h"
#include "gtest/gtest.h"
#include "hls/bit_reader.h"
#include "hls/testing_packetizer.h"
#include "hls/vp9_frame_header.h"

namespace heliograph::hls {
namespace {

using base::from_hex;
using Bytes = std::vector<uint8_t>;

std::optional<CodedPicture> assemble(Vp9Depacketizer& d, const std::vector<Bytes>& payloads) {
  return d.assemble(std::vector<base::ConstBytes>(payloads.begin(), payloads.end()));
}

struct Header {
  unsigned profile = 0;
  unsigned depth = 8;
  unsigned colour_space = 2;
  unsigned width = 640, height = 360;
  size_t size = 40;  // of the frame
};
// VP9 bitstream specification section 6.2.
Bytes keyframe(const Header& header) {
  BitWriter out;
  out.bits(2, 2);
  out.bit((header.profile & 1) != 0);
  out.bit((header.profile & 2) != 0);
  if (header.profile == 3) out.bit(false);
  out.bits(0, 1);  // show_existing_frame
  out.bits(0, 1);  // KEY_FRAME
  out.bits(1, 1);  // show_frame
  out.bits(0, 1);  // error_resilient_mode
  out.bits(0x498342, 24);
  if (header.profile >= 2) out.bit(header.depth == 12);
  out.bits(header.colour_space, 3);
  out.bits(0, 1);  // studio swing
  if (header.profile == 1 || header.profile == 3) out.bits(0, 3);
  out.bits(header.width - 1, 16);
  out.bits(header.height - 1, 16);
  out.trailing();
  auto frame = out.take();
  frame.resize(header.size, 0x55);
  return frame;
}
// Not a keyframe, shown, refreshes nothing.
Bytes interframe(size_t size, uint8_t filling = 0x66) {
  Bytes frame = from_hex("86 00 00");
  frame.resize(size, filling);
  return frame;
}

TEST(Vp9Depacketizer, TheDescriptorAndItsStructureAreTakenOff) {
  const auto frame = keyframe({});
  Vp9Depacketizer d;
  const auto picture = assemble(d, testing::packetize_vp9({frame}, true, 15, {{640, 360}}));
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->keyframe);
  EXPECT_EQ(picture->data, frame);
  ASSERT_TRUE(picture->config);
  EXPECT_EQ(picture->config->codecs, "vp09.00.21.08");
  EXPECT_EQ(picture->config->record, from_hex("00 15 82 01 01 01 00 00"));
  EXPECT_EQ(picture->config->width, 640);
  EXPECT_EQ(picture->config->height, 360);
  const auto next = assemble(d, testing::packetize_vp9({interframe(40)}, false, 15));
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->keyframe);
  EXPECT_EQ(next->data, interframe(40));
}

TEST(Vp9Depacketizer, ConfigsTellProfileLevelAndDepth) {
  const struct {
    Header header;
    const char* codecs;
    const char* record;
  } kCases[] = {{{.width = 1280, .height = 720}, "vp09.00.31.08", "00 1f 82 01 01 01 00 00"},
                {{.colour_space = 0, .width = 1920, .height = 1080}, "vp09.00.40.08", "00 28 82 02 02 02 00 00"},
                {{.width = 3840, .height = 2160}, "vp09.00.50.08", "00 32 82 01 01 01 00 00"},
                {{.profile = 2, .depth = 10, .width = 640}, "vp09.02.21.10", "02 15 a2 01 01 01 00 00"},
                {{.profile = 1, .width = 640}, "vp09.01.21.08", "01 15 86 01 01 01 00 00"},
                {{.width = 320, .height = 180}, "vp09.00.11.08", "00 0b 82 01 01 01 00 00"}};
  for (const auto& c : kCases) {
    Vp9Depacketizer d;
    const auto picture = assemble(d, testing::packetize_vp9({keyframe(c.header)}, true, 1'000));
    ASSERT_TRUE(picture && picture->config) << c.codecs;
    EXPECT_EQ(picture->config->codecs, c.codecs);
    EXPECT_EQ(picture->config->record, from_hex(c.record)) << c.codecs;
  }
}

TEST(Vp9Depacketizer, TheSameKeyframeHeaderIsTheSameConfig) {
  Vp9Depacketizer d;
  const auto first = assemble(d, testing::packetize_vp9({keyframe({})}, true, 100));
  const auto again = assemble(d, testing::packetize_vp9({keyframe({.size = 90})}, true, 100));
  const auto other = assemble(d, testing::packetize_vp9({keyframe({.width = 320})}, true, 100));
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first->config, again->config);
  EXPECT_NE(first->config, other->config);
}

// VP9 bitstream specification, annex B.
TEST(Vp9Depacketizer, SpatialLayersBecomeASuperframe) {
  for (const size_t size : {20UZ, 300UZ, 70'000UZ}) {
    const auto low = keyframe({.width = 320, .height = 180});
    const auto middle = interframe(size, 0x67), high = interframe(30, 0x68);
    Vp9Depacketizer d;
    const auto picture =
        assemble(d, testing::packetize_vp9({low, middle, high}, true, 50, {{320, 180}, {640, 360}, {1280, 720}}));
    ASSERT_TRUE(picture);
    EXPECT_TRUE(picture->keyframe);
    EXPECT_EQ(picture->config->width, 1280);
    EXPECT_EQ(picture->config->height, 720);
    const auto frames = split_superframe(picture->data);
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(Bytes(frames[0].begin(), frames[0].end()), low);
    EXPECT_EQ(Bytes(frames[1].begin(), frames[1].end()), middle);
    EXPECT_EQ(Bytes(frames[2].begin(), frames[2].end()), high);
    const size_t index = picture->data.size() - low.size() - size - 30;
    EXPECT_EQ(index, 2 + 3 * (size < 256 ? 1U : size < 65'536 ? 2U : 3U));
  }
}

TEST(Vp9Depacketizer, TheIndexIsSpelledAsTheSpecificationHasIt) {
  Vp9Depacketizer d;
  const auto picture = assemble(d, testing::packetize_vp9({interframe(4), interframe(260)}, false, 1'000));
  ASSERT_TRUE(picture);
  ASSERT_EQ(picture->data.size(), 4 + 260 + 6U);
  EXPECT_EQ(Bytes(picture->data.end() - 6, picture->data.end()), from_hex("c9 0400 0401 c9"));
}

TEST(Vp9Depacketizer, AKeyframeOfFewerLayersIsAsLargeAsItsHighest) {
  Vp9Depacketizer d;
  const auto picture = assemble(d, testing::packetize_vp9({keyframe({.width = 320, .height = 180}), interframe(30)},
                                                          true, 50, {{320, 180}, {640, 360}, {1280, 720}}));
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->config->width, 640);
}

TEST(Vp9Depacketizer, LayersThatDoNotFitTogetherAreNoPicture) {
  const auto whole = testing::packetize_vp9({keyframe({})}, true, 15);
  Vp9Depacketizer d;
  ASSERT_EQ(whole.size(), 3U);
  EXPECT_FALSE(assemble(d, {whole[1], whole[2]}));
  EXPECT_FALSE(assemble(d, {whole[0], whole[1]}));
  EXPECT_FALSE(assemble(d, {whole[0], whole[0], whole[2]}));
  EXPECT_FALSE(assemble(d, {from_hex("80")}));
  EXPECT_FALSE(assemble(d, testing::packetize_vp9({from_hex("00 11 22")}, true, 15))) << "no frame marker";
  EXPECT_FALSE(assemble(d, testing::packetize_vp9(std::vector<base::ConstBytes>(9, whole[0]), false, 100)));
  const auto nothing = assemble(d, {{}, {}});
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->data.empty());
}

TEST(Vp9Depacketizer, APictureThatOnlyCallsItselfAKeyframeIsNone) {
  Vp9Depacketizer d;
  const auto picture = assemble(d, testing::packetize_vp9({interframe(30)}, true, 50));
  ASSERT_TRUE(picture);
  EXPECT_FALSE(picture->keyframe);
}

}  // namespace
}  // namespace heliograph::hls
