// SPDX-License-Identifier: Apache-2.0
#include "hls/bit_reader.h"

#include "base/hex.h"
#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::hls {
namespace {

using base::from_hex;

// ITU-T H.264 table 9-2 and 9-3.
TEST(BitReader, ReadsExpGolombNumbers) {
  const auto bytes = from_hex("a6 42 98 e2 04 8a 00");  // 1 010 011 00100 00101 00110 00111 0001000 0001001 …
  BitReader in(bytes);
  for (uint32_t expected = 0; expected < 9; ++expected) EXPECT_EQ(in.ue(), expected);
  EXPECT_TRUE(in.ok());
  BitReader again(bytes);
  for (const int32_t expected : {0, 1, -1, 2, -2, 3, -3, 4, -4}) EXPECT_EQ(again.se(), expected);
}

TEST(BitReader, PastTheEndAreZerosAndNothingIsWellAnyMore) {
  const auto bytes = from_hex("ff");
  BitReader in(bytes);
  EXPECT_EQ(in.bits(5), 31U);
  EXPECT_EQ(in.left(), 3U);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.bits(4), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_FALSE(in.bit());
  BitReader empty({});
  EXPECT_EQ(empty.ue(), 0U);
  EXPECT_FALSE(empty.ok());
  const auto endless = from_hex("00 00 00 00 80 00 00 00 00");
  BitReader zeros(endless);  // 32 zeros: no syntax element has so many
  EXPECT_EQ(zeros.ue(), 0U);
  EXPECT_FALSE(zeros.ok());
}

TEST(BitReader, ReadsWhatWasWritten) {
  base::Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> numbers(rng.below(20));
    BitWriter out;
    for (auto& number : numbers) {
      number = rng.u32() >> rng.below(32);
      number = std::min(number, UINT32_MAX - 1);
      out.ue(number);
      out.se(static_cast<int32_t>(number / 2) - static_cast<int32_t>(number % 7));
      out.bits(number, 32);
    }
    out.trailing();
    const auto bytes = out.take();
    BitReader in(bytes);
    for (const uint32_t number : numbers) {
      EXPECT_EQ(in.ue(), number);
      EXPECT_EQ(in.se(), static_cast<int32_t>(number / 2) - static_cast<int32_t>(number % 7));
      EXPECT_EQ(in.bits(32), number);
    }
    EXPECT_TRUE(in.bit());
    EXPECT_LT(in.left(), 8U);
    EXPECT_TRUE(in.ok());
  }
}

// ITU-T H.264 section 7.4.1.
TEST(Escape, StandsBetweenTwoZerosAndWhatCouldBeAStartCode) {
  EXPECT_EQ(escape(from_hex("65 00 00 01")), from_hex("65 00 00 03 01"));
  EXPECT_EQ(escape(from_hex("65 00 00 00 00 00 02")), from_hex("65 00 00 03 00 00 03 00 02"));
  EXPECT_EQ(escape(from_hex("65 00 00 04")), from_hex("65 00 00 04"));
  EXPECT_EQ(escape(from_hex("65 00 00")), from_hex("65 00 00 03"));
  EXPECT_EQ(unescape(from_hex("65 00 00 03 00 00 03")), from_hex("65 00 00 00 00"));
  EXPECT_EQ(unescape(from_hex("65 00 03 00 03")), from_hex("65 00 03 00 03"));
}

TEST(Escape, IsUndoneByUnescape) {
  base::Rng rng(2);
  for (int round = 0; round < 500; ++round) {
    std::vector<uint8_t> rbsp(rng.below(40));
    for (auto& b : rbsp) b = static_cast<uint8_t>(rng.below(5) % 4);
    const auto nal = escape(rbsp);
    EXPECT_EQ(unescape(nal), rbsp);
    for (size_t i = 2; i < nal.size(); ++i) EXPECT_FALSE(nal[i - 2] == 0 && nal[i - 1] == 0 && nal[i] < 3);
  }
}

}  // namespace
}  // namespace heliograph::hls
