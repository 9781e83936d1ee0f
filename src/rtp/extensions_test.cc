// SPDX-License-Identifier: Apache-2.0
#include "rtp/extensions.h"

#include "base/hex.h"
#include "gtest/gtest.h"
#include "rtp/rtx.h"

namespace heliograph::rtp {
namespace {

using base::Duration;
using base::from_hex;

TEST(AudioLevel, IsAFlagAndSevenBits) {
  EXPECT_EQ(AudioLevel::parse(from_hex("9e")), (AudioLevel{true, 30}));
  EXPECT_EQ(AudioLevel::parse(from_hex("7f")), (AudioLevel{false, 127}));
  EXPECT_EQ(AudioLevel::parse({}), std::nullopt);
  EXPECT_EQ((AudioLevel{true, 30}).bytes()[0], 0x9e);
}

TEST(AbsSendTime, Is18BitsOfFraction) {
  EXPECT_EQ(AbsSendTime::at(base::Timestamp::from_micros(1'500'000)).value, 0x06'0000u);
  EXPECT_EQ(AbsSendTime::parse(from_hex("060000")), AbsSendTime{0x06'0000});
  EXPECT_EQ(AbsSendTime::parse(from_hex("0600")), std::nullopt);
  EXPECT_EQ(AbsSendTime{0x0a0b0c}.bytes(), (std::array<uint8_t, 3>{0x0a, 0x0b, 0x0c}));
}

TEST(AbsSendTime, DifferencesCrossTheWrapAt64Seconds) {
  const auto before = AbsSendTime::at(base::Timestamp::from_micros(63'500'000));
  const auto after = AbsSendTime::at(base::Timestamp::from_micros(64'500'000));
  EXPECT_EQ(after - before, Duration::seconds(1));
  EXPECT_EQ(before - after, -Duration::seconds(1));
}

TEST(TransportSequenceNumber, OfBothVersions) {
  EXPECT_EQ(TransportSequenceNumber::parse(from_hex("1234")), TransportSequenceNumber{0x1234});
  EXPECT_EQ(TransportSequenceNumber::parse(from_hex("1234 8001")), TransportSequenceNumber{0x1234});
  EXPECT_EQ(TransportSequenceNumber::parse(from_hex("123456")), std::nullopt);
  EXPECT_EQ(TransportSequenceNumber{0x1234}.bytes(), (std::array<uint8_t, 2>{0x12, 0x34}));
}

TEST(TextExtension, IsVisibleAscii) {
  EXPECT_EQ(parse_text(base::as_bytes("hi-1")), "hi-1");
  EXPECT_EQ(parse_text({}), std::nullopt);
  EXPECT_EQ(parse_text(from_hex("6100")), std::nullopt);
  EXPECT_EQ(parse_text(from_hex("61 20")), std::nullopt);
  EXPECT_EQ(parse_text(from_hex("c3a9")), std::nullopt);
}

TEST(VideoOrientation, IsFourBits) {
  EXPECT_EQ(VideoOrientation::parse(from_hex("0d")), (VideoOrientation{true, true, 1}));
  EXPECT_EQ((VideoOrientation{true, false, 3}).bytes()[0], 0x0b);
}

TEST(PlayoutDelay, IsTwoTimesTwelveBitsOf10Ms) {
  const auto delay = PlayoutDelay::parse(from_hex("00a 064"));
  EXPECT_EQ(delay, (PlayoutDelay{Duration::millis(100), Duration::seconds(1)}));
  EXPECT_EQ(delay->bytes(), (std::array<uint8_t, 3>{0x00, 0xa0, 0x64}));
  const PlayoutDelay endless{Duration::millis(-5), Duration::seconds(100)};
  EXPECT_EQ(endless.bytes(), (std::array<uint8_t, 3>{0x00, 0x0f, 0xff}));
}

TEST(Rtx, TheOriginalNumberIsInFront) {
  const auto bytes = from_hex("fffe 0102");
  const auto rtx = RtxPayload::parse(bytes);
  ASSERT_TRUE(rtx);
  EXPECT_EQ(rtx->original_sequence_number, 0xfffe);
  EXPECT_EQ(rtx->payload.size(), 2u);
  EXPECT_FALSE(RtxPayload::parse(from_hex("ff")));
  std::array<uint8_t, 2> out{};
  base::ByteWriter writer(out);
  write_rtx_header(writer, 0xfffe);
  EXPECT_EQ(out, (std::array<uint8_t, 2>{0xff, 0xfe}));
}

}  // namespace
}  // namespace heliograph::rtp
