// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_depacketizer.h"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/hex.h"
#include "gtest/gtest.h"
#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

using base::from_hex;
using Bytes = std::vector<uint8_t>;

// libx264's, constrained baseline, level 1.3: 320×180, cropped from 320×192; PPS 0 of SPS 0.
const std::string kSmall = "67 42c00d d901 419f 9f01 1000 0003 0010 0000 0303 c0f1 42a4 80";
const std::string kPps = "68 cb83 cb20";
// The first byte behind the NAL header of a slice: first_mb_in_slice (0, of the second 5), slice_type 7 (I) or 5 (P),
// PPS 0.
const std::string kIdr = "65 88 84 00 11 22";
const std::string kSecondIdrSlice = "65 30 88 33 44";
const std::string kP = "41 9a 20 55 66";

std::optional<CodedPicture> assemble(H264Depacketizer& d, const std::vector<std::string>& hexes) {
  std::vector<Bytes> payloads;
  for (const auto& hex : hexes) payloads.push_back(from_hex(hex));
  return d.assemble(std::vector<base::ConstBytes>(payloads.begin(), payloads.end()));
}
std::string unit(const std::string& hex) {
  const auto size = from_hex(hex).size();
  return std::string{"0123456789abcdef"[size / 4096 % 16], "0123456789abcdef"[size / 256 % 16],
                     "0123456789abcdef"[size / 16 % 16], "0123456789abcdef"[size % 16]} +
         hex;
}
Bytes sample(const std::vector<std::string>& hexes) {
  Bytes all;
  for (const auto& hex : hexes) append(all, from_hex("0000" + unit(hex)));
  return all;
}

TEST(H264Depacketizer, AKeyframeInSingleNalUnits) {
  H264Depacketizer d("");
  const auto picture = assemble(d, {"09 10", kSmall, kPps, "06 05 01 00 80", kIdr, kSecondIdrSlice});
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->keyframe);
  EXPECT_EQ(picture->data, sample({"06 05 01 00 80", kIdr, kSecondIdrSlice}));
  ASSERT_TRUE(picture->config);
  EXPECT_EQ(picture->config->record, from_hex("01 42c00d ff e1" + unit(kSmall) + "01" + unit(kPps)));
  EXPECT_EQ(picture->config->codecs, "avc1.42c00d");
  EXPECT_EQ(picture->config->width, 320);
  EXPECT_EQ(picture->config->height, 180);
}

// ISO/IEC 14496-15 section 5.3.3.1.2: what the high profiles have behind the sets. libx264's, High 4:2:2, 10 bits.
TEST(H264Depacketizer, TheRecordOfAHighProfileTellsItsChromaAndDepth) {
  const std::string sps = "67 7a001e b6cd 940a 02ff 89c0 4400 0003 0004 0000 0300 f03c 58b6 58",
                    pps = "68 ebe3 cb22 c0";
  H264Depacketizer d("");
  const auto picture = assemble(d, {sps, pps, kIdr});
  ASSERT_TRUE(picture && picture->config);
  EXPECT_EQ(picture->config->record, from_hex("01 7a001e ff e1" + unit(sps) + "01" + unit(pps) + "fe fa fa 00"));
  EXPECT_EQ(picture->config->codecs, "avc1.7a001e");
  EXPECT_EQ(picture->config->width, 640);
  EXPECT_EQ(picture->config->height, 360);
}

TEST(H264Depacketizer, FillerEndsAndOtherLayersAreLeftOut) {
  H264Depacketizer d("");
  const auto picture = assemble(d, {kSmall, kPps, "6e 00 00", "6f 00 00", kIdr, "74 00 00", "0c ff ff 80", "0a", "0b"});
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->data, sample({kIdr}));
}

// RFC 6184 section 5.7.1.
TEST(H264Depacketizer, AStapIsTakenApart) {
  H264Depacketizer d("");
  const auto picture = assemble(d, {"78" + unit(kSmall) + unit(kPps), "78" + unit(kIdr) + unit(kSecondIdrSlice)});
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->keyframe);
  EXPECT_EQ(picture->data, sample({kIdr, kSecondIdrSlice}));
}

// RFC 6184 section 5.8.
TEST(H264Depacketizer, FragmentsAreJoined) {
  H264Depacketizer d("");
  const auto picture = assemble(d, {"78" + unit(kSmall) + unit(kPps), "7c 85 88 84", "7c 05 00", "7c 45 11 22"});
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->keyframe);
  EXPECT_EQ(picture->data, sample({kIdr}));
}

TEST(H264Depacketizer, FragmentsThatDoNotFitTogetherAreNoPicture) {
  for (const std::vector<std::string>& payloads :
       std::vector<std::vector<std::string>>{{kSmall, kPps, "7c 05 00", "7c 45 11"},        // no beginning
                                             {kSmall, kPps, "7c 85 88 84", "7c 05 00"},     // no end
                                             {kSmall, kPps, "7c 85 88 84", kIdr},           // another unit in between
                                             {kSmall, kPps, "7c 85 88", "7c 85 88 84"}}) {  // begins again
    H264Depacketizer d("");
    EXPECT_FALSE(assemble(d, payloads));
  }
}

TEST(H264Depacketizer, ParameterSetsOfBeforeCountAndAreTheSameConfig) {
  H264Depacketizer d("");
  const auto sets = assemble(d, {kSmall, kPps});
  ASSERT_TRUE(sets);
  EXPECT_TRUE(sets->data.empty());
  const auto first = assemble(d, {kIdr});
  const auto again = assemble(d, {kSmall, kPps, kIdr});
  ASSERT_TRUE(first && first->keyframe && again && again->keyframe);
  EXPECT_EQ(first->config, again->config);
  const auto between = assemble(d, {kP});
  ASSERT_TRUE(between);
  EXPECT_FALSE(between->keyframe);
  EXPECT_FALSE(between->config);
  EXPECT_EQ(between->data, sample({kP}));
}

TEST(H264Depacketizer, ParameterSetsOfTheDescriptionCount) {
  // RFC 6184 section 8.1; base64 of kSmall and kPps.
  H264Depacketizer d("profile-level-id=42c00d;sprop-parameter-sets=Z0LADdkBQZ+fARAAAAMAEAAAAwPA8UKkgA==,aMuDyyA=;x=y");
  EXPECT_TRUE(d.starts_keyframe(from_hex(kIdr)));
  const auto picture = assemble(d, {kIdr});
  ASSERT_TRUE(picture && picture->keyframe);
  EXPECT_EQ(picture->config->record, from_hex("01 42c00d ff e1" + unit(kSmall) + "01" + unit(kPps)));
  for (const auto* fmtp : {"sprop-parameter-sets=", "sprop-parameter-sets=,,,;",
                           "sprop-parameter-sets=!!!!,aMuDyyA=", "sprop-parameter-sets=Z0LADQ=="}) {
    H264Depacketizer none(fmtp);
    EXPECT_FALSE(assemble(none, {kIdr})) << fmtp;
  }
}

TEST(H264Depacketizer, AnIdrWithoutParameterSetsIsNoKeyframe) {
  H264Depacketizer d("");
  EXPECT_FALSE(assemble(d, {kIdr}));
  EXPECT_FALSE(assemble(d, {kPps, kIdr}));
  EXPECT_FALSE(assemble(d, {kSmall, "68 80", kIdr}));
}

TEST(H264Depacketizer, IntraPicturesThatAreNoIdrAreNoKeyframe) {
  H264Depacketizer d("");
  ASSERT_TRUE(assemble(d, {kSmall, kPps, kIdr}));
  const auto picture = assemble(d, {kSmall, kPps, "06 06 01 c4 80", "41 88 84 00"});  // a recovery point
  ASSERT_TRUE(picture);
  EXPECT_FALSE(picture->keyframe);
}

TEST(H264Depacketizer, OtherParameterSetsTakeEffectAtAKeyframeOnly) {
  const std::string other = "68 cb83 cb60";  // PPS 0 with other contents
  H264Depacketizer d("");
  const auto first = assemble(d, {kSmall, kPps, kIdr});
  ASSERT_TRUE(assemble(d, {other}));
  EXPECT_FALSE(assemble(d, {kP})) << "refers to what the config does not have";
  const auto second = assemble(d, {kIdr});
  ASSERT_TRUE(first && second && second->keyframe);
  EXPECT_NE(first->config->record, second->config->record);
  EXPECT_TRUE(assemble(d, {kP}));
}

TEST(H264Depacketizer, AnotherSequenceTakesThePictureSetsOfBeforeAlong) {
  std::string high = kSmall;
  high.replace(high.find("0d"), 2, "1e");  // level 3
  H264Depacketizer d("");
  ASSERT_TRUE(assemble(d, {kSmall, kPps, kIdr}));
  EXPECT_FALSE(assemble(d, {high, kIdr})) << "its PPS was of the sequence before";
  const auto picture = assemble(d, {high, kPps, kIdr});
  ASSERT_TRUE(picture && picture->keyframe);
  EXPECT_EQ(picture->config->codecs, "avc1.42c01e");
  const auto other_way = assemble(d, {kPps, kSmall, kIdr});
  ASSERT_TRUE(other_way && other_way->keyframe) << "what came along, in whatever order";
  EXPECT_EQ(other_way->config->codecs, "avc1.42c00d");
}

TEST(H264Depacketizer, AKeyframeBegunWithoutItsSetsCountsOnlyWhereTheyNeverCome) {
  H264Depacketizer d("");
  EXPECT_FALSE(d.starts_keyframe(from_hex(kIdr)));
  EXPECT_TRUE(d.starts_keyframe(from_hex(kSmall)));
  EXPECT_TRUE(d.starts_keyframe(from_hex("78" + unit("09 10") + unit(kSmall))));
  ASSERT_TRUE(assemble(d, {kSmall, kPps, kIdr}));
  EXPECT_FALSE(d.starts_keyframe(from_hex(kIdr))) << "sets may have been lost before it";
  ASSERT_TRUE(assemble(d, {kIdr}));
  EXPECT_TRUE(d.starts_keyframe(from_hex(kIdr)));
  EXPECT_TRUE(d.starts_keyframe(from_hex("7c 85 88 84")));
  EXPECT_FALSE(d.starts_keyframe(from_hex("7c 05 88 84")));
  EXPECT_FALSE(d.starts_keyframe(from_hex(kSecondIdrSlice)));
  EXPECT_FALSE(d.starts_keyframe(from_hex(kP)));
  d.restart();
  EXPECT_FALSE(d.starts_keyframe(from_hex(kIdr)));
}

TEST(H264Depacketizer, OversizedSetsAreNone) {
  H264Depacketizer d("");
  std::string sps = kSmall;
  for (size_t i = 0; i < H264Depacketizer::kMaxSetBytes; ++i) sps += "00";
  EXPECT_FALSE(assemble(d, {sps, kPps, kIdr}));
}

TEST(H264Depacketizer, KnowsSoManyPictureSetsAndNoMore) {
  H264Depacketizer d("");
  std::vector<std::string> payloads{kSmall, kPps};
  for (uint32_t id = 1; id <= 255; ++id) {
    BitWriter out;
    out.bits(0x68, 8);
    out.ue(id);
    out.ue(0);  // of this sequence
    out.bits(0, 2);
    for (const uint32_t number : {0U, 0U, 0U}) out.ue(number);
    out.bits(0, 3);
    for (int i = 0; i < 3; ++i) out.se(0);
    out.bits(0, 3);
    out.trailing();
    payloads.emplace_back();
    for (const uint8_t b : escape(out.take())) payloads.back() += fmt::format("{:02x}", b);
  }
  payloads.push_back(kIdr);
  const auto picture = assemble(d, payloads);
  ASSERT_TRUE(picture && picture->config);
  const size_t at = 6 + 2 + from_hex(kSmall).size();
  EXPECT_EQ(picture->config->record.at(at), H264Depacketizer::kMaxPictureSets);
}

TEST(H264Depacketizer, EmptyPayloadsAreNothing) {
  H264Depacketizer d("");
  const auto nothing = assemble(d, {"", ""});
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->data.empty());
  const auto picture = assemble(d, {kSmall, "", kPps, "", kIdr, ""});
  ASSERT_TRUE(picture && picture->keyframe);
}

}  // namespace
}  // namespace heliograph::hls
