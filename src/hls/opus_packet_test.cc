// SPDX-License-Identifier: Apache-2.0
#include "hls/opus_packet.h"

#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "hls/testing_sound.h"

namespace heliograph::hls {
namespace {

uint32_t duration(const std::vector<uint8_t>& bytes) {
  const auto packet = parse_opus_packet(bytes);
  return packet ? packet->duration : 0;
}
uint8_t toc(int config, int code) { return static_cast<uint8_t>(config << 3 | code); }

TEST(OpusPacket, LastsAsItsConfigurationSays) {  // RFC 6716 section 3.1, table 2
  constexpr uint32_t kSilk[] = {480, 960, 1'920, 2'880};
  constexpr uint32_t kCelt[] = {120, 240, 480, 960};
  for (int config = 0; config < 12; ++config) EXPECT_EQ(duration({toc(config, 0), 1}), kSilk[config % 4]);
  for (int config = 12; config < 16; ++config) EXPECT_EQ(duration({toc(config, 0), 1}), config % 2 == 0 ? 480U : 960U);
  for (int config = 16; config < 32; ++config) EXPECT_EQ(duration({toc(config, 0), 1}), kCelt[config % 4]);
}

TEST(OpusPacket, KnowsMonoFromStereo) {
  EXPECT_FALSE(parse_opus_packet(std::vector<uint8_t>{toc(31, 0), 1})->stereo);
  EXPECT_TRUE(parse_opus_packet(std::vector<uint8_t>{toc(31, 4), 1})->stereo);
}

TEST(OpusPacket, HasAsManyFramesAsItsCodeSays) {  // RFC 6716 section 3.2
  EXPECT_EQ(duration({toc(31, 1), 1, 2}), 1'920U);
  EXPECT_EQ(duration({toc(31, 1), 1, 2, 3}), 0U);  // unequal
  EXPECT_EQ(duration({toc(31, 2), 1, 2, 3}), 1'920U);
  EXPECT_EQ(duration({toc(31, 2), 4, 2, 3}), 0U);                  // longer than the packet
  EXPECT_EQ(duration({toc(31, 3), 6, 1, 2, 3, 4, 5, 6}), 5'760U);  // CBR, 120 ms
  EXPECT_EQ(duration({toc(31, 3), 6, 1, 2, 3, 4, 5}), 0U);
  EXPECT_EQ(duration({toc(31, 3), 7, 1, 2, 3, 4, 5, 6, 7}), 0U);             // 140 ms
  EXPECT_EQ(duration({toc(31, 3), 0, 1}), 0U);                               // no frame
  EXPECT_EQ(duration({toc(31, 3), 0x80 | 3, 1, 2, 1, 2, 2, 3}), 2'880U);     // VBR
  EXPECT_EQ(duration({toc(31, 3), 0x80 | 3, 1, 200, 1, 2, 2, 3}), 0U);       // VBR beyond the end
  EXPECT_EQ(duration({toc(31, 3), 0x40 | 2, 2, 1, 1, 0, 0}), 1'920U);        // padded
  EXPECT_EQ(duration({toc(31, 3), 0x40 | 2, 255, 255, 255, 255, 255}), 0U);  // padding without end
  EXPECT_EQ(duration({toc(31, 3)}), 0U);
  EXPECT_EQ(duration({}), 0U);
  EXPECT_EQ(duration({toc(1, 0)}), 960U);  // DTX
  EXPECT_EQ(duration(std::vector<uint8_t>(1'277, toc(31, 0))), 0U);
}

TEST(OpusPacket, AgreesWithLibopusOnWhatItMakes) {
  for (const double ms : {2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0}) {
    for (const auto& packet : testing::speak({.length_ms = 1'000, .packet_ms = ms})) {
      ASSERT_EQ(duration(packet.payload), static_cast<uint32_t>(ms * 48));
    }
  }
}

TEST(OpusPacket, IsSilentForAsLongAsThereIsRoom) {
  EXPECT_TRUE(opus_silence(119).empty());
  for (const auto& [room, length] : {std::pair(120, 120U), {479, 240U}, {480, 480U}, {959, 480U}, {50'000, 960U}}) {
    const auto silence = opus_silence(room);
    const auto packet = parse_opus_packet(silence);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->duration, length);
    EXPECT_TRUE(packet->stereo);
  }
}

TEST(OpusPacket, OfRubbishIsNeverLongerThanAllowed) {
  base::Rng rng(1);
  for (int i = 0; i < 200'000; ++i) {
    std::vector<uint8_t> bytes(rng.below(60));
    for (auto& byte : bytes) byte = static_cast<uint8_t>(rng.u32());
    EXPECT_LE(duration(bytes), 5'760U);
  }
}

}  // namespace
}  // namespace heliograph::hls
