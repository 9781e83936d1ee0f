// SPDX-License-Identifier: Apache-2.0
// The payload descriptors: VP8, VP9, H.264, AV1.
#include "base/hex.h"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "rtp/av1.h"
#include "rtp/h264.h"
#include "rtp/vp8.h"
#include "rtp/vp9.h"

namespace heliograph::rtp {
namespace {

using base::from_hex;

// RFC 7741 section 4.2, everything present, a picture id of 15 bits.
TEST(Vp8, ReadsAFullDescriptor) {
  const auto d = Vp8Descriptor::parse(from_hex("b3 f0 91 23 45 ad  00"));
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->non_reference);
  EXPECT_TRUE(d->start_of_partition);
  EXPECT_EQ(d->partition, 3);
  EXPECT_EQ(d->picture_id, 0x1123);
  EXPECT_TRUE(d->long_picture_id);
  EXPECT_EQ(d->tl0_pic_idx, 0x45);
  EXPECT_EQ(d->temporal_id, 2);
  EXPECT_TRUE(d->layer_sync);
  EXPECT_EQ(d->key_idx, 13);
  EXPECT_EQ(d->size, 6);
}

TEST(Vp8, ReadsAShortPictureId) {
  const auto d = Vp8Descriptor::parse(from_hex("90 80 7f 00"));
  ASSERT_TRUE(d);
  EXPECT_EQ(d->picture_id, 0x7f);
  EXPECT_FALSE(d->long_picture_id);
  EXPECT_EQ(d->size, 3);
}

TEST(Vp8, RefusesADescriptorThatIsCut) {
  for (const auto* hex : {"", "80", "80 80", "80 80 81", "80 40", "80 20", "80 f0 8123 45"})
    EXPECT_FALSE(Vp8Descriptor::parse(from_hex(hex))) << hex;
}

TEST(Vp8, AKeyFrameBeginsWithPartitionZeroAndAnInversePBit) {
  EXPECT_TRUE(vp8_starts_keyframe(from_hex("10 00")));
  EXPECT_TRUE(vp8_starts_keyframe(from_hex("90 80 05 10")));
  EXPECT_FALSE(vp8_starts_keyframe(from_hex("10 01")));  // interframe
  EXPECT_FALSE(vp8_starts_keyframe(from_hex("00 00")));  // goes on
  EXPECT_FALSE(vp8_starts_keyframe(from_hex("11 00")));  // partition 1
  EXPECT_FALSE(vp8_starts_keyframe(from_hex("10")));     // empty
}

TEST(Vp8, APatchedDescriptorKeepsItsSizeAndTheRest) {
  auto d = *Vp8Descriptor::parse(from_hex("90 f0 8123 45 2d 00"));
  d.picture_id = 0x7fff;
  d.tl0_pic_idx = 0xff;
  std::array<uint8_t, 6> out{};
  base::ByteWriter writer(out);
  d.write(writer);
  EXPECT_EQ(writer.size(), d.size);
  EXPECT_EQ(std::vector(out.begin(), out.end()), from_hex("90 f0 ffff ff 2d"));
}

TEST(Vp8, WhateverIsReadIsWrittenInTheSamePlace) {
  base::Rng rng(4);
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::array<uint8_t, 8> bytes{};
    for (auto& b : bytes) b = static_cast<uint8_t>(rng());
    const auto d = Vp8Descriptor::parse(base::ConstBytes(bytes).first(rng.below(9)));
    if (!d) continue;
    std::array<uint8_t, 8> out{};
    base::ByteWriter writer(out);
    d->write(writer);
    ASSERT_EQ(writer.size(), d->size);
    ASSERT_EQ(Vp8Descriptor::parse(writer.written()), d);
    ++read;
  }
  EXPECT_GT(read, 5000);
}

// RFC 9628 section 4.2, non-flexible with layers: I L B V … TID U SID D, TL0PICIDX, scalability structure of two
// layers.
TEST(Vp9, ReadsLayersAndTheStructure) {
  const auto d = Vp9Descriptor::parse(from_hex("aa 8123 35 07  38 0140 00b4 0280 0168  02  00 44 02  ff"));
  ASSERT_TRUE(d);
  EXPECT_EQ(d->picture_id, 0x0123);
  EXPECT_TRUE(d->start_of_frame);
  EXPECT_EQ(d->temporal_id, 1);
  EXPECT_TRUE(d->switching_up);
  EXPECT_EQ(d->spatial_id, 2);
  EXPECT_TRUE(d->inter_layer);
  EXPECT_EQ(d->tl0_pic_idx, 7);
  EXPECT_EQ(d->size, 5);
  EXPECT_TRUE(d->has_structure);
  EXPECT_EQ(d->spatial_layers, 2);
  EXPECT_EQ(d->structure_size, 13);
}

TEST(Vp9, AFlexiblePictureHasReferencesAndNoTl0) {
  const auto d = Vp9Descriptor::parse(from_hex("f8 05 20 03 02 ff"));  // I P L F B; two P_DIFFs
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->flexible);
  EXPECT_EQ(d->tl0_pic_idx, std::nullopt);
  EXPECT_EQ(d->size, 5);
}

TEST(Vp9, RefusesADescriptorThatIsCut) {
  for (const auto* hex :
       {"", "80", "80 81", "20", "20 00", "50", "50 01 01", "02", "02 18 0140", "02 08 01", "02 08 01 04"})
    EXPECT_FALSE(Vp9Descriptor::parse(from_hex(hex))) << hex;
}

TEST(Vp9, AKeyPictureBeginsWithItsLowestLayer) {
  EXPECT_TRUE(vp9_starts_keyframe(from_hex("88 05 00")));
  EXPECT_TRUE(vp9_starts_keyframe(from_hex("a8 05 00 00 00")));
  EXPECT_FALSE(vp9_starts_keyframe(from_hex("a8 05 03 00 00")));  // spatial layer 1
  EXPECT_FALSE(vp9_starts_keyframe(from_hex("c8 05 00")));        // inter-predicted
  EXPECT_FALSE(vp9_starts_keyframe(from_hex("80 05 00")));        // goes on
}

TEST(H264, ASingleNalUnitIsItself) {
  EXPECT_TRUE(h264_starts_keyframe(from_hex("67 42e01f")));   // SPS
  EXPECT_TRUE(h264_starts_keyframe(from_hex("65 88 84")));    // IDR, first slice
  EXPECT_FALSE(h264_starts_keyframe(from_hex("65 4020")));    // IDR, a later slice
  EXPECT_FALSE(h264_starts_keyframe(from_hex("68 ce3c80")));  // PPS
  EXPECT_FALSE(h264_starts_keyframe(from_hex("41 9a")));
  EXPECT_FALSE(h264_starts_keyframe({}));
}

// RFC 6184 section 5.7.1.
TEST(H264, AnAggregateIsWhatIsInIt) {
  EXPECT_TRUE(h264_starts_keyframe(from_hex("78 0004 67424001 0002 68ce 0002 6588")));
  EXPECT_TRUE(h264_starts_keyframe(from_hex("78 0002 68ce 0002 6588")));
  EXPECT_FALSE(h264_starts_keyframe(from_hex("78 0002 0605 0002 419a")));
  EXPECT_FALSE(h264_starts_keyframe(from_hex("78 0002 0605 0009 6588")));  // the second does not fit
  EXPECT_FALSE(h264_starts_keyframe(from_hex("78 0000 0002 6588")));       // nothing follows an empty one
  EXPECT_TRUE(h264_starts_keyframe(from_hex("79 0001 0002 6588")));        // STAP-B has a DON
}

// RFC 6184 section 5.8.
TEST(H264, OnlyTheFirstFragmentBegins) {
  EXPECT_TRUE(h264_starts_keyframe(from_hex("7c 85 88 84")));
  EXPECT_FALSE(h264_starts_keyframe(from_hex("7c 05 88 84")));  // goes on
  EXPECT_FALSE(h264_starts_keyframe(from_hex("7c 45 88 84")));  // ends
  EXPECT_FALSE(h264_starts_keyframe(from_hex("7c 81 88 84")));  // not IDR
  EXPECT_FALSE(h264_starts_keyframe(from_hex("7c")));
  EXPECT_TRUE(h264_starts_keyframe(from_hex("7d 85 0001 88")));  // FU-B
}

TEST(H264, TheReaderGivesEachNalUnit) {
  const auto payload = from_hex("78 0002 6742 0001 68 0003 658884");
  NalReader reader(payload);
  EXPECT_EQ(reader.next()->kind, NalKind::kSps);
  EXPECT_EQ(reader.next()->kind, NalKind::kPps);
  EXPECT_EQ(reader.next()->body.size(), 2u);
  EXPECT_FALSE(reader.next());
}

TEST(Av1, ANewSequenceSaysSo) {
  EXPECT_TRUE(av1_starts_keyframe(from_hex("18 0a")));
  EXPECT_FALSE(av1_starts_keyframe(from_hex("18")));  // empty
  EXPECT_FALSE(av1_starts_keyframe({}));
}

TEST(Av1, ASequenceHeaderBeginsAKeyFrameWhereNIsNotSet) {
  EXPECT_TRUE(av1_starts_keyframe(from_hex("10 0a 0b")));              // W = 1, one OBU
  EXPECT_TRUE(av1_starts_keyframe(from_hex("20 02 1200 0a0b")));       // W = 2: temporal delimiter, sequence header
  EXPECT_TRUE(av1_starts_keyframe(from_hex("00 02 0a0b 03 320102")));  // W = 0
  EXPECT_FALSE(av1_starts_keyframe(from_hex("10 32 01")));             // a frame
  EXPECT_FALSE(av1_starts_keyframe(from_hex("90 0a 0b")));             // the end of one that began before
  EXPECT_TRUE(av1_starts_keyframe(from_hex("a0 02 3201 0a0b")));       // after the end of such a one
}

TEST(Av1, ElementsEndAtTheFirstThatDoesNotFit) {
  size_t elements = 0;
  each_av1_element(from_hex("00 01 32 05 0a0b"), [&](base::ConstBytes) { return ++elements, true; });
  EXPECT_EQ(elements, 1u);
}

TEST(Leb128, IsReadUpTo32Bits) {
  const auto value = [](const char* hex) {
    const auto bytes = from_hex(hex);
    base::ByteReader in(bytes);
    return read_leb128(in);
  };
  EXPECT_EQ(value("e5 8e 26"), 624'485u);
  EXPECT_EQ(value("ff ff ff ff 0f"), UINT32_MAX);
  EXPECT_EQ(value("80 80 80 80 10"), std::nullopt);
  EXPECT_EQ(value("80 80 80 80 80 80 80 80 00"), std::nullopt);
  EXPECT_EQ(value("80"), std::nullopt);
}

}  // namespace
}  // namespace heliograph::rtp
