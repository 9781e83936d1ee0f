// SPDX-License-Identifier: Apache-2.0
#include "load/recording.h"

#include <gtest/gtest.h>

#include "load/h264.h"
#include "load/outbound.h"
#include "rtp/h264.h"

namespace heliograph::load {
namespace {

constexpr auto kNow = base::Timestamp::from_micros(5'000'000);

using Bytes = std::vector<uint8_t>;

void append(Bytes& stream, std::initializer_list<uint8_t> unit, size_t padding = 0) {
  stream.insert(stream.end(), {0, 0, 0, 1});
  stream.insert(stream.end(), unit);
  stream.insert(stream.end(), padding, 0x55);
}

// SPS, PPS, a keyframe of two slices, two other frames, a keyframe, another.
Bytes a_stream() {
  Bytes s;
  append(s, {0x41, 0x9a});  // a slice that nothing can be decoded from
  append(s, {0x67, 1, 2, 3});
  append(s, {0x68, 4, 5});
  append(s, {0x65, 0x88}, 3000);
  append(s, {0x65, 0x40}, 50);
  append(s, {0x41, 0x9a}, 700);
  append(s, {0x09, 0xf0});  // access unit delimiter
  append(s, {0x41, 0x9a}, 2500);
  append(s, {0x65, 0x88}, 100);
  append(s, {0x41, 0x9a}, 10);
  return s;
}

TEST(Recording, IsReadAsFrames) {
  const auto recording = Recording::parse(a_stream());
  ASSERT_TRUE(recording) << recording.error();
  EXPECT_EQ(recording->sps, (Bytes{0x67, 1, 2, 3}));
  EXPECT_EQ(recording->pps, (Bytes{0x68, 4, 5}));
  ASSERT_EQ(recording->frames.size(), 5U);
  EXPECT_EQ(recording->frames[0].slices.size(), 2U);
  EXPECT_TRUE(recording->frames[0].keyframe && recording->frames[3].keyframe);
  EXPECT_FALSE(recording->frames[1].keyframe);
  EXPECT_EQ(recording->frames[2].slices[0].size(), 2502U);
}

TEST(Recording, WhatCannotBeSentIsSaid) {
  EXPECT_FALSE(Recording::parse({}));
  Bytes without_keyframe;
  append(without_keyframe, {0x67, 1});
  append(without_keyframe, {0x68, 1});
  append(without_keyframe, {0x41, 0x9a}, 9);
  EXPECT_EQ(Recording::parse(without_keyframe).error(), "has no keyframe");
  EXPECT_FALSE(Recording::parse(Bytes(1000, 0)));
  EXPECT_FALSE(Recording::read("/nowhere"));
}

TEST(Recording, ItsPacketsAreStampedAndSmallEnough) {
  const auto recording = Recording::parse(a_stream());
  base::Rng rng(1);
  for (const auto& frame : recording->frames) {
    const auto packets = packetize_recorded(*recording, frame, 7, kNow, rng);
    EXPECT_EQ(rtp::h264_starts_keyframe(packets[0]), frame.keyframe);
    for (uint32_t i = 0; i < packets.size(); ++i) {
      EXPECT_LE(packets[i].size(), kMaxPayload);
      EXPECT_EQ(Stamp::read(packets[i], kNow), (Stamp{7 + i, kNow}));
    }
  }
}

TEST(Recording, IsSentInALoopAndJumpsToAKeyframeWhenAsked) {
  Outbound::Options options;
  options.recording = std::make_shared<const Recording>(*Recording::parse(a_stream()));
  Outbound outbound(options, kNow);
  const auto next_is_keyframe = [&] { return rtp::h264_starts_keyframe(outbound.frame(kNow).front().payload); };
  std::vector<bool> seen;
  for (int i = 0; i < 7; ++i) seen.push_back(next_is_keyframe());
  EXPECT_EQ(seen, (std::vector<bool>{true, false, false, true, false, true, false}));
  outbound.request_keyframe();  // after the second frame: the fourth is the next
  EXPECT_TRUE(next_is_keyframe());
  EXPECT_FALSE(next_is_keyframe());
  EXPECT_TRUE(next_is_keyframe());
}

}  // namespace
}  // namespace heliograph::load
