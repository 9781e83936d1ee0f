// SPDX-License-Identifier: Apache-2.0
#include "hls/picture_buffer.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr PictureBuffer::Limits kLimits{.packets = 100,
                                        .bytes = 10'000,
                                        .picture_bytes = 2'000,
                                        .patience = Duration::millis(250),
                                        .eagerness = Duration::millis(100)};

Timestamp at(int64_t ms) { return Timestamp::from_micros(ms * 1'000); }

enum Kind { kMiddle, kLast, kStart, kAlone };  // kLast has the marker, kStart begins a keyframe, kAlone is both

// Pictures as the payloads' first bytes tell: each packet's is its sequence number.
class Buffer {
 public:
  void put(int64_t ms, int64_t sequence, uint32_t timestamp, Kind kind, size_t size = 1) {
    const std::vector<uint8_t> payload(size, static_cast<uint8_t>(sequence));
    RtpPacket packet;
    packet.sequence = sequence;
    packet.timestamp = timestamp;
    packet.marker = kind == kLast || kind == kAlone;
    packet.arrival = at(ms);
    packet.payload = payload;
    buffer.insert(at(ms), packet, kind == kStart || kind == kAlone);
  }
  std::vector<std::vector<int>> take(int64_t ms) {
    std::vector<std::vector<int>> pictures;
    while (const auto picture = buffer.take(at(ms))) {
      auto& numbers = pictures.emplace_back();
      for (const auto& packet : *picture) numbers.push_back(packet.payload.empty() ? -1 : packet.payload[0]);
    }
    return pictures;
  }
  // Two pictures, of which the second refers to the first; the third is next, with 4.
  void begin() {
    put(0, 1, 10, kStart);
    put(0, 2, 10, kLast);
    put(0, 3, 20, kLast);
    EXPECT_THAT(take(0), ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
    EXPECT_EQ(buffer.breaks(), 0U);
  }

  PictureBuffer buffer{kLimits};
};

TEST(PictureBuffer, APictureEndsWithTheMarkerOrBeforeAnotherTimestamp) {
  Buffer b;
  b.begin();
  b.put(1, 4, 30, kMiddle);
  EXPECT_THAT(b.take(1), IsEmpty());
  b.put(2, 5, 30, kLast);
  EXPECT_THAT(b.take(2), ElementsAre(ElementsAre(4, 5)));
  b.put(3, 6, 40, kMiddle);
  b.put(3, 7, 50, kMiddle);
  EXPECT_THAT(b.take(3), ElementsAre(ElementsAre(6)));
  EXPECT_TRUE(b.buffer.next_time().is_never());
}

TEST(PictureBuffer, PacketsComeInAnyOrderAndTwice) {
  Buffer b;
  b.put(0, 2, 10, kMiddle);
  b.put(0, 3, 10, kLast);
  EXPECT_THAT(b.take(0), IsEmpty());
  b.put(1, 1, 10, kStart);
  b.put(1, 2, 10, kMiddle);
  EXPECT_THAT(b.take(1), ElementsAre(ElementsAre(1, 2, 3)));
  b.put(2, 2, 10, kMiddle);
  EXPECT_THAT(b.take(2), IsEmpty());
}

TEST(PictureBuffer, AHoleIsWaitedForSinceItShowed) {
  Buffer b;
  b.begin();
  b.put(10, 6, 30, kLast);
  EXPECT_THAT(b.take(10), IsEmpty());
  b.put(200, 5, 30, kMiddle);  // came again; 4 is missing since 10
  EXPECT_THAT(b.take(259), IsEmpty());
  EXPECT_EQ(b.buffer.next_time(), at(260));
  EXPECT_EQ(b.buffer.breaks(), 0U);
  b.put(259, 4, 30, kMiddle);
  EXPECT_THAT(b.take(259), ElementsAre(ElementsAre(4, 5, 6)));
}

TEST(PictureBuffer, AHoleIsGivenUpAndThePictureThatItCutToo) {
  Buffer b;
  b.begin();
  b.put(10, 6, 30, kLast);
  b.put(20, 7, 40, kLast);
  EXPECT_THAT(b.take(260), ElementsAre(ElementsAre(7)));
  EXPECT_EQ(b.buffer.breaks(), 1U);
  EXPECT_GE(b.buffer.lost(), 1U);
  b.put(270, 4, 30, kMiddle);  // too late
  b.put(270, 5, 30, kMiddle);
  EXPECT_THAT(b.take(270), IsEmpty());
}

TEST(PictureBuffer, ALostPictureBetweenTwoWholeOnesIsNoticed) {
  Buffer b;
  b.begin();
  b.put(10, 5, 40, kLast);
  EXPECT_THAT(b.take(10), IsEmpty());
  EXPECT_THAT(b.take(260), IsEmpty()) << "what begins behind a hole may have begun in it";
  EXPECT_EQ(b.buffer.breaks(), 1U);
  EXPECT_EQ(b.buffer.lost(), 2U);
}

TEST(PictureBuffer, AWholeKeyframeBehindAHoleIsTakenAfterAShortWait) {
  Buffer b;
  b.begin();
  b.put(10, 5, 30, kLast);
  b.put(20, 6, 40, kStart);
  EXPECT_THAT(b.take(20), IsEmpty());
  EXPECT_EQ(b.buffer.next_time(), at(260));
  b.put(30, 7, 40, kLast);
  b.put(30, 8, 50, kLast);
  EXPECT_THAT(b.take(30), IsEmpty());
  EXPECT_EQ(b.buffer.next_time(), at(110));
  EXPECT_THAT(b.take(110), ElementsAre(ElementsAre(6, 7), ElementsAre(8)));
  EXPECT_EQ(b.buffer.breaks(), 1U);
}

TEST(PictureBuffer, AKeyframeWhoseOwnPacketsAreMissingIsWaitedFor) {
  Buffer b;
  b.begin();
  b.put(10, 5, 30, kLast);
  b.put(150, 6, 40, kStart);
  b.put(150, 8, 40, kLast);
  EXPECT_THAT(b.take(260), IsEmpty());
  EXPECT_EQ(b.buffer.breaks(), 1U);
  EXPECT_EQ(b.buffer.next_time(), at(400)) << "another hole";
  b.put(300, 7, 40, kMiddle);
  EXPECT_THAT(b.take(300), ElementsAre(ElementsAre(6, 7, 8)));
}

TEST(PictureBuffer, WhatStandsBeforeAKeyframesFirstPacketMayBeLost) {
  Buffer b;
  b.begin();
  b.put(10, 5, 30, kMiddle);  // a delimiter, say; 4 is lost
  b.put(10, 6, 30, kStart);
  b.put(10, 7, 30, kLast);
  EXPECT_THAT(b.take(110), ElementsAre(ElementsAre(6, 7)));
}

TEST(PictureBuffer, BeginsInTheMiddleOfAStream) {
  Buffer b;
  b.put(0, 70, 10, kLast);
  b.put(0, 71, 20, kLast);
  EXPECT_THAT(b.take(0), IsEmpty());
  b.put(10, 72, 30, kAlone);
  EXPECT_THAT(b.take(10), ElementsAre(ElementsAre(72))) << "at once: there is nothing to wait for";
  EXPECT_EQ(b.buffer.lost(), 0U);
}

TEST(PictureBuffer, TooManyPacketsAreAllGivenUp) {
  Buffer b;
  b.begin();
  for (int64_t i = 0; i < 101; ++i) b.put(10, 5 + i, 30, kMiddle);
  EXPECT_TRUE(b.buffer.empty());
  EXPECT_EQ(b.buffer.breaks(), 1U);
  b.put(20, 106, 30, kLast);
  b.put(20, 107, 40, kAlone);
  b.put(20, 4, 30, kMiddle);
  EXPECT_THAT(b.take(20), ElementsAre(ElementsAre(107)));
}

TEST(PictureBuffer, TooManyBytesAreAllGivenUp) {
  Buffer b;
  b.begin();
  for (int64_t i = 0; i < 11; ++i) b.put(10, 5 + i, 30 + static_cast<uint32_t>(i), kMiddle, 1'000);
  EXPECT_TRUE(b.buffer.empty());
  for (int64_t i = 0; i < 9; ++i) b.put(10, 100 + i, 30 + static_cast<uint32_t>(i), kMiddle, 1'000);
  EXPECT_FALSE(b.buffer.empty()) << "the bytes of what is gone do not count";
}

TEST(PictureBuffer, APictureWithoutEndIsGivenUp) {
  Buffer b;
  b.begin();
  for (int64_t i = 0; i < 30; ++i) {
    b.put(10, 4 + i, 30, kMiddle, 100);
    EXPECT_THAT(b.take(10), IsEmpty());
  }
  EXPECT_EQ(b.buffer.breaks(), 1U);
  b.put(10, 34, 30, kLast);
  EXPECT_THAT(b.take(10), IsEmpty());
  EXPECT_EQ(b.buffer.lost(), 1U);
  b.put(10, 35, 40, kLast);
  EXPECT_THAT(b.take(10), ElementsAre(ElementsAre(35))) << "follows on a break";
}

TEST(PictureBuffer, AJumpForwardIsAHole) {
  Buffer b;
  b.begin();
  b.put(10, int64_t{1} << 40 | 9, 30, kAlone);
  EXPECT_THAT(b.take(10), IsEmpty());
  EXPECT_THAT(b.take(110), ElementsAre(ElementsAre(9)));
}

TEST(PictureBuffer, NumbersThatBeginAnewAreFollowedInTheEnd) {
  Buffer b;
  b.put(0, 100'000, 10, kAlone);
  EXPECT_THAT(b.take(0), ElementsAre(ElementsAre(100'000 & 0xff)));
  for (int64_t i = 1; i < 16; ++i) b.put(10, i, static_cast<uint32_t>(20 + i), kAlone);
  EXPECT_THAT(b.take(10), IsEmpty());
  b.put(10, 16, 40, kAlone);
  EXPECT_THAT(b.take(10), ElementsAre(ElementsAre(16)));
  EXPECT_EQ(b.buffer.breaks(), 1U);
}

TEST(PictureBuffer, AFewStragglersFromFarBackAreNotFollowed) {
  Buffer b;
  b.put(0, 100'000, 10, kAlone);
  (void)b.take(0);
  for (int64_t i = 1; i < 100; ++i) {
    b.put(10, i, static_cast<uint32_t>(20 + i), kAlone);
    if (i % 10 == 0) b.put(10, 100'000 + i / 10, static_cast<uint32_t>(200 + i), kAlone);
  }
  EXPECT_EQ(b.take(10).size(), 9U);
  EXPECT_EQ(b.buffer.breaks(), 0U);
}

}  // namespace
}  // namespace heliograph::hls
