// SPDX-License-Identifier: Apache-2.0
#include "hls/av1_depacketizer.h"

#include <optional>
#include <string>
#include <vector>

#include "base/hex.h"
#include "gtest/gtest.h"

namespace heliograph::hls {
namespace {

using base::from_hex;
using Bytes = std::vector<uint8_t>;

// libaom's, 96×64, main profile, level 2.0, without obu_has_size_field.
const std::string kSequence = "08 0000 0003 2dff cdaf 9004";
const std::string kKey = "30 10 22 33 44";      // OBU_FRAME: shown, KEY_FRAME
const std::string kInter = "30 30 55 66";       // shown, INTER_FRAME
const std::string kHiddenKey = "30 00 55 66";   // KEY_FRAME, not shown
const std::string kShowsExisting = "18 90 00";  // OBU_FRAME_HEADER
const std::string kMetadata = "28 01 02 03";    // OBU_METADATA

std::optional<CodedPicture> assemble(Av1Depacketizer& d, const std::vector<std::string>& hexes) {
  std::vector<Bytes> payloads;
  for (const auto& hex : hexes) payloads.push_back(from_hex(hex));
  return d.assemble(std::vector<base::ConstBytes>(payloads.begin(), payloads.end()));
}
std::string sized(const std::string& hex) {
  const auto size = from_hex(hex).size();
  return std::string{"0123456789abcdef"[size / 16], "0123456789abcdef"[size % 16]} + hex;
}
// With obu_has_size_field.
Bytes with_size(const std::string& hex) {
  auto obu = from_hex(hex);
  obu[0] |= 2;
  const size_t header = (obu[0] & 4) != 0 ? 2 : 1;
  obu.insert(obu.begin() + static_cast<std::ptrdiff_t>(header), static_cast<uint8_t>(obu.size() - header));
  return obu;
}
Bytes sample(const std::vector<std::string>& hexes) {
  Bytes all;
  for (const auto& hex : hexes) append(all, with_size(hex));
  return all;
}

TEST(Av1Depacketizer, AKeyframeWithItsSequenceHeader) {
  Av1Depacketizer d;
  const auto picture = assemble(d, {"28" + sized(kSequence) + kKey});  // W = 2, N
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->keyframe);
  EXPECT_EQ(picture->data, sample({kSequence, kKey}));
  ASSERT_TRUE(picture->config);
  EXPECT_EQ(picture->config->width, 96);
  EXPECT_EQ(picture->config->height, 64);
  EXPECT_EQ(picture->config->codecs, "av01.0.00M.08");
  auto record = from_hex("81 00 0c 00");
  append(record, with_size(kSequence));
  EXPECT_EQ(picture->config->record, record);
  const auto again = assemble(d, {"28" + sized(kSequence) + kKey});
  EXPECT_EQ(again->config, picture->config);
}

// AV1 RTP section 4.4: W counts the elements, 0 gives each a length.
TEST(Av1Depacketizer, ElementsWithAndWithoutLengths) {
  for (const auto& payload : {"00" + sized(kMetadata) + sized(kInter), "20" + sized(kMetadata) + kInter}) {
    Av1Depacketizer d;
    const auto picture = assemble(d, {payload});
    ASSERT_TRUE(picture) << payload;
    EXPECT_FALSE(picture->keyframe);
    EXPECT_EQ(picture->data, sample({kMetadata, kInter}));
  }
}

// Z and Y.
TEST(Av1Depacketizer, ElementsAreJoinedOverPackets) {
  Av1Depacketizer d;
  const auto picture = assemble(d, {"68" + sized(kSequence) + "30 10", "d0 22", "90 33 44"});
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->keyframe);
  EXPECT_EQ(picture->data, sample({kSequence, kKey}));
}

TEST(Av1Depacketizer, ElementsThatDoNotFitTogetherAreNoPicture) {
  for (const std::vector<std::string>& payloads :
       std::vector<std::vector<std::string>>{{"90 33 44"},                    // its beginning is missing
                                             {"50 30 30"},                    // its end is missing
                                             {"50 30 30", "10 30 30 55"}}) {  // another begins in between
    Av1Depacketizer d;
    EXPECT_FALSE(assemble(d, payloads));
  }
}

TEST(Av1Depacketizer, DelimitersAndPaddingAreLeftOutAndSizesAreSetOnce) {
  Av1Depacketizer d;
  // A delimiter, an OBU that has its size already, padding, one with an extension.
  const auto picture =
      assemble(d, {"00" + sized("12 00") + sized("2a 03 01 02 03") + sized("78 00") + sized("34 28 30 01")});
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->data, sample({kMetadata, "34 28 30 01"}));
}

TEST(Av1Depacketizer, OnlyAShownKeyframeWithASequenceHeaderIsOne) {
  for (const auto& frame : {kInter, kHiddenKey, kShowsExisting}) {
    Av1Depacketizer d;
    const auto picture = assemble(d, {"20" + sized(kSequence) + frame});
    ASSERT_TRUE(picture);
    EXPECT_FALSE(picture->keyframe) << frame;
    EXPECT_FALSE(picture->config);
  }
  Av1Depacketizer d;
  const auto picture = assemble(d, {"10" + kKey});
  ASSERT_TRUE(picture);
  EXPECT_FALSE(picture->keyframe);
}

TEST(Av1Depacketizer, WithoutAFrameThereIsNothingToShow) {
  Av1Depacketizer d;
  for (const std::vector<std::string>& payloads :
       std::vector<std::vector<std::string>>{{""}, {"10 12 00"}, {"18" + kSequence}}) {
    const auto picture = assemble(d, payloads);
    ASSERT_TRUE(picture);
    EXPECT_TRUE(picture->data.empty());
  }
}

TEST(Av1Depacketizer, AKeyframeStartsWhereASequenceDoes) {
  const Av1Depacketizer d;
  EXPECT_TRUE(d.starts_keyframe(from_hex("28" + sized(kSequence) + kKey)));
  EXPECT_TRUE(d.starts_keyframe(from_hex("20" + sized(kSequence) + kKey)));
  EXPECT_FALSE(d.starts_keyframe(from_hex("10" + kInter)));
  EXPECT_FALSE(d.starts_keyframe(from_hex("98 33 44")));
  EXPECT_FALSE(d.starts_keyframe({}));
}

}  // namespace
}  // namespace heliograph::hls
