// SPDX-License-Identifier: Apache-2.0
#include "load/h264.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "rtp/h264.h"

namespace heliograph::load {
namespace {

constexpr auto kNow = base::Timestamp::from_micros(5'000'000);

std::vector<Payload> frame(bool keyframe, size_t size) {
  base::Rng rng(7);
  return packetize_frame(keyframe, size, 100, kNow, rng);
}

TEST(H264Frames, AFrameIsSplitIntoPartsThatDifferByOneByteTheLargerOnesLast) {
  EXPECT_EQ(split_about_equally(10, 4), (std::vector<size_t>{3, 3, 4}));
  EXPECT_EQ(split_about_equally(8, 4), (std::vector<size_t>{4, 4}));
  EXPECT_EQ(split_about_equally(3, 4), (std::vector<size_t>{3}));
  for (size_t size = 1; size < 20'000; size += 37) {
    const auto parts = split_about_equally(size, 1158);
    EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), size_t{0}), size);
    EXPECT_TRUE(std::ranges::is_sorted(parts));
    EXPECT_LE(parts.back() - parts.front(), 1U);
    EXPECT_LE(parts.back(), 1158U);
  }
}

TEST(H264Frames, NoPacketIsLargerThanAllowedAndEachHasItsStamp) {
  for (const size_t size : {200UZ, 1159UZ, 1160UZ, 1161UZ, 10'417UZ, 52'000UZ})
    for (const bool keyframe : {false, true}) {
      uint32_t number = 100;
      for (const auto& payload : frame(keyframe, size)) {
        EXPECT_LE(payload.size(), kMaxPayload);
        EXPECT_EQ(Stamp::read(payload, kNow), (Stamp{number++, kNow})) << size;
      }
    }
}

TEST(H264Frames, OnlyTheBeginningOfAKeyframeLooksLikeOne) {
  const auto keyframe = frame(true, 30'000);
  EXPECT_TRUE(rtp::h264_starts_keyframe(keyframe[0]));  // SPS
  EXPECT_TRUE(rtp::h264_starts_keyframe(keyframe[1]));  // the first fragment of the IDR slice
  EXPECT_FALSE(rtp::h264_starts_keyframe(keyframe[2]));
  for (const auto& payload : frame(false, 30'000)) EXPECT_FALSE(rtp::h264_starts_keyframe(payload));
  EXPECT_FALSE(rtp::h264_starts_keyframe(frame(false, 500)[0]));
}

TEST(H264Frames, FragmentsSayWhereTheUnitBeginsAndEnds) {  // RFC 6184 section 5.8
  const auto packets = frame(false, 5000);
  ASSERT_EQ(packets.size(), 5U);
  for (size_t i = 0; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i][0] & 0x1f, 28);
    EXPECT_EQ(packets[i][1] & 0x1f, 1);
    EXPECT_EQ((packets[i][1] & 0x80) != 0, i == 0);
    EXPECT_EQ((packets[i][1] & 0x40) != 0, i + 1 == packets.size());
  }
}

TEST(H264Frames, NoStartCodeStandsInAUnit) {  // ITU-T H.264 section 7.4.1
  for (const auto& payload : frame(true, 60'000))
    for (size_t i = 0; i + 2 < payload.size(); ++i)
      EXPECT_FALSE(payload[i] == 0 && payload[i + 1] == 0 && payload[i + 2] <= 3) << i;
}

TEST(FrameSizes, KeepToTheRateWhateverKeyframesCost) {
  for (const int every : {1'000'000, 300, 60}) {
    FrameSizes sizes(base::DataRate::kbps(2500), 30, 3);
    double bytes = 0;
    for (int i = 0; i < 3000; ++i) bytes += static_cast<double>(sizes.next(i % every == 0));
    EXPECT_NEAR(bytes * 8 / 100, 2'500'000, 2'500'000 * 0.05) << every;
  }
}

TEST(FrameSizes, AKeyframeIsSeveralTimesAsLarge) {
  FrameSizes sizes(base::DataRate::kbps(2500), 30, 3);
  EXPECT_GT(sizes.next(true), 3 * sizes.next(false));
}

TEST(Stamp, SurvivesAClockOfAnyAge) {
  for (const int64_t us : {0L, 1L, 4'398'046'511'103L, 4'398'046'511'104L, 1'700'000'000'000'000L}) {
    const Stamp stamp{.number = 0x0fedcba9, .sent = base::Timestamp::from_micros(us)};
    std::array<uint8_t, Stamp::kSize> bytes;
    stamp.write(bytes.data());
    EXPECT_EQ(Stamp::read(bytes, stamp.sent + base::Duration::millis(40)), stamp);
    EXPECT_EQ(Stamp::read(bytes, stamp.sent - base::Duration::millis(40)), stamp);
    for (const auto byte : bytes) EXPECT_NE(byte, 0);
  }
}

TEST(Stamp, IsNotFoundInOtherBytes) {
  EXPECT_FALSE(Stamp::read(std::array<uint8_t, 5>{}, kNow));
  EXPECT_FALSE(Stamp::read(std::array<uint8_t, 100>{}, kNow));
}

}  // namespace
}  // namespace heliograph::load
