// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <array>

#include "base/hex.h"
#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(ByteReader, ReadsEverySizeInNetworkOrder) {
  const auto bytes = from_hex("01 0203 040506 0708090a 0b0c0d0e0f10 1112131415161718 ff");
  ByteReader in(bytes);
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u24(), 0x040506u);
  EXPECT_EQ(in.u32(), 0x0708090au);
  EXPECT_EQ(in.u48(), 0x0b0c0d0e0f10u);
  EXPECT_EQ(in.u64(), 0x1112131415161718u);
  EXPECT_EQ(in.left(), 1u);
  EXPECT_TRUE(in.ok());
}

TEST(ByteReader, PastTheEndGivesZerosAndStaysFailed) {
  const auto bytes = from_hex("0102");
  ByteReader in(bytes);
  EXPECT_EQ(in.u24(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0);  // not what was left
  EXPECT_TRUE(in.bytes(1).empty());
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, NothingFromNothingIsFine) {
  ByteReader in(ConstBytes{});
  EXPECT_TRUE(in.bytes(0).empty());
  EXPECT_TRUE(in.ok());
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  std::array<uint8_t, 28> buffer{};
  ByteWriter out(buffer);
  out.u8(1);
  out.u16(0x0203);
  out.u24(0x040506);
  out.u32(0x0708090a);
  out.u48(0x0b0c0d0e0f10);
  out.u64(0x1112131415161718);
  out.bytes(as_bytes("abcd"));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out.left(), 0u);
  const auto expected = from_hex("01 0203 040506 0708090a 0b0c0d0e0f10 1112131415161718 61626364");
  EXPECT_TRUE(std::ranges::equal(out.written(), expected));
}

TEST(ByteWriter, WhatDoesNotFitIsNotWrittenInPart) {
  std::array<uint8_t, 3> buffer{};
  ByteWriter out(buffer);
  out.u16(0xffff);
  out.u16(0xffff);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(out.size(), 2u);
  EXPECT_EQ(buffer[2], 0);
  out.u8(0xff);  // would fit, but a gap came before
  EXPECT_EQ(buffer[2], 0);
}

TEST(Bytes, TextAndBytesAreTheSamePlace) {
  constexpr std::string_view kText = "heliograph";
  EXPECT_EQ(as_text(as_bytes(kText)).data(), kText.data());
  EXPECT_EQ(as_text(as_bytes(kText)), kText);
}

TEST(Hex, SkipsWhatIsNoDigit) { EXPECT_EQ(from_hex("aB:0 1\n2"), (std::vector<uint8_t>{0xab, 0x01})); }

}  // namespace
}  // namespace heliograph::base
