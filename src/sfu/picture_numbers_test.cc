// SPDX-License-Identifier: Apache-2.0
#include "sfu/picture_numbers.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"
#include "rtp/vp8.h"
#include "rtp/vp9.h"

namespace heliograph::sfu {
namespace {

using plan::Codec;
using Bytes = std::vector<uint8_t>;

// The payload as a viewer gets it.
Bytes patched(Codec codec, const PictureOffsets& offsets, Bytes payload) {
  const auto patch = offsets.patch(codec, payload);
  EXPECT_LE(patch.size, payload.size());
  std::ranges::copy(patch.span(), payload.begin());
  return payload;
}

// RFC 7741 section 4.2: X, I L T K, 15-bit PictureID 0x1234, TL0PICIDX 0x56, TID 2 Y KEYIDX 3.
const Bytes kVp8Long{0x90, 0xf0, 0x92, 0x34, 0x56, 0xa3, 0x01, 0x02};
const Bytes kVp8Short{0x90, 0x80, 0x7f, 0x01, 0x02};
// RFC 9628 section 4.2: I P L B, 15-bit PictureID, layer indices, TL0PICIDX.
const Bytes kVp9Long{0xe8, 0xff, 0xff, 0x20, 0xff, 0x01, 0x02};
const Bytes kVp9Short{0xc8, 0x7f, 0x01};
// The same in flexible mode, with references.
const Bytes kVp9Flexible{0xf8, 0x80, 0x05, 0x20, 0x02, 0x01};

TEST(PictureNumbers, AreReadFromVp8AndVp9) {
  const auto vp8 = read_picture_numbers(Codec::kVp8, kVp8Long);
  EXPECT_EQ(vp8.picture_id, 0x1234);
  EXPECT_EQ(vp8.tl0_pic_idx, 0x56);
  EXPECT_EQ(vp8.picture_id_bits, 15);
  EXPECT_EQ(read_picture_numbers(Codec::kVp8, kVp8Short).picture_id_bits, 7);
  EXPECT_EQ(read_picture_numbers(Codec::kVp8, kVp8Short).tl0_pic_idx, -1);
  const auto vp9 = read_picture_numbers(Codec::kVp9, kVp9Long);
  EXPECT_EQ(vp9.picture_id, 0x7fff);
  EXPECT_EQ(vp9.tl0_pic_idx, 0xff);
  EXPECT_EQ(read_picture_numbers(Codec::kVp9, kVp9Flexible).picture_id, 5);
}

TEST(PictureNumbers, AreAbsentElsewhereAndInRubbish) {
  EXPECT_EQ(read_picture_numbers(Codec::kH264, kVp8Long).picture_id, -1);
  EXPECT_EQ(read_picture_numbers(Codec::kVp8, {}).picture_id, -1);
  EXPECT_EQ(read_picture_numbers(Codec::kVp9, Bytes{0x80}).picture_id, -1);
}

TEST(PictureNumbers, GoOnAfterTheLastOnes) {
  const PictureNumbers last{100, 20, 15, 500};
  const PictureNumbers next{30'000, 250, 15, 65'000};
  const auto out = PictureOffsets::continuing(last, next).apply(next);
  EXPECT_EQ(out.picture_id, 101);
  EXPECT_EQ(out.tl0_pic_idx, 21);
  EXPECT_EQ(out.frame_number, 501);
}

TEST(PictureNumbers, WrapAt7And15Bits) {
  const PictureNumbers next{5, 5, 15, 5};
  const auto from_top = PictureOffsets::continuing({0x7fff, 0xff, 15, 0xffff}, next).apply(next);
  EXPECT_EQ(from_top.picture_id, 0);
  EXPECT_EQ(from_top.tl0_pic_idx, 0);
  EXPECT_EQ(from_top.frame_number, 0);
  const PictureNumbers seven{5, -1, 7, -1};
  const auto out = PictureOffsets::continuing({0x7f, -1, 7, -1}, seven).apply(seven);
  EXPECT_EQ(out.picture_id, 0);
  EXPECT_EQ(out.tl0_pic_idx, -1);
  EXPECT_EQ(out.frame_number, -1);
}

TEST(PictureNumbers, AreLeftAloneWhereOneSideHasNone) {
  const auto offsets = PictureOffsets::continuing({-1, -1, 0, -1}, {7, 7, 15, 7});
  EXPECT_EQ(offsets.picture_id, 0);
  EXPECT_EQ(offsets.tl0_pic_idx, 0);
  EXPECT_EQ(offsets.frame_number, 0);
}

TEST(PictureNumbers, WithoutOffsetsNothingIsPatched) {
  EXPECT_EQ(PictureOffsets().patch(Codec::kVp8, kVp8Long).size, 0);
  PictureOffsets elsewhere;
  elsewhere.frame_number = 9;
  EXPECT_EQ(elsewhere.patch(Codec::kVp8, kVp8Long).size, 0) << "that number is not in the payload";
}

TEST(PictureNumbers, ArePatchedInVp8AndNothingElseIs) {
  PictureOffsets offsets;
  offsets.picture_id = 0x7fff;  // one back
  offsets.tl0_pic_idx = 2;
  EXPECT_EQ(patched(Codec::kVp8, offsets, kVp8Long), (Bytes{0x90, 0xf0, 0x92, 0x33, 0x58, 0xa3, 0x01, 0x02}));
  offsets.picture_id = 1;
  EXPECT_EQ(patched(Codec::kVp8, offsets, kVp8Short), (Bytes{0x90, 0x80, 0x00, 0x01, 0x02}));
}

TEST(PictureNumbers, ArePatchedInVp9AndNothingElseIs) {
  PictureOffsets offsets;
  offsets.picture_id = 2;
  offsets.tl0_pic_idx = 3;
  EXPECT_EQ(patched(Codec::kVp9, offsets, kVp9Long), (Bytes{0xe8, 0x80, 0x01, 0x20, 0x02, 0x01, 0x02}));
  EXPECT_EQ(patched(Codec::kVp9, offsets, kVp9Short), (Bytes{0xc8, 0x01, 0x01}));
  EXPECT_EQ(patched(Codec::kVp9, offsets, kVp9Flexible), (Bytes{0xf8, 0x80, 0x07, 0x20, 0x02, 0x01}));
}

TEST(PictureNumbers, WhatCannotBePatchedStays) {
  PictureOffsets offsets;
  offsets.picture_id = 2;
  EXPECT_EQ(offsets.patch(Codec::kVp8, {}).size, 0);
  EXPECT_EQ(offsets.patch(Codec::kVp8, Bytes{0x90, 0x80}).size, 0);
  EXPECT_EQ(offsets.patch(Codec::kVp9, Bytes{0x08, 0x01}).size, 0);
  EXPECT_EQ(offsets.patch(Codec::kAv1, kVp8Long).size, 0);
}

}  // namespace
}  // namespace heliograph::sfu
