// SPDX-License-Identifier: Apache-2.0
#include "hls/packet_queue.h"

#include "gtest/gtest.h"

namespace heliograph::hls {
namespace {

void put(PacketQueue& queue, uint64_t source, int64_t sequence) {
  RtpPacket packet;
  packet.source = source;
  packet.sequence = sequence;
  queue.put(packet, base::Timestamp(), OpusPacket{.duration = 960});
}

TEST(PacketQueue, SortsBySequenceAndLeavesOutDoubles) {
  PacketQueue queue;
  for (const int64_t sequence : {7, 5, 6, 5}) put(queue, 1, sequence);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_FALSE(queue.is_next());  // something may have come before the first
  for (const int64_t sequence : {5, 6, 7}) {
    EXPECT_EQ(queue.is_next(), sequence != 5);
    EXPECT_EQ(queue.take().sequence, sequence);
  }
}

TEST(PacketQueue, LeavesOutWhatComesAfterItsTurn) {
  PacketQueue queue;
  put(queue, 1, 5);
  (void)queue.take();
  put(queue, 1, 5);
  put(queue, 1, 4);
  EXPECT_TRUE(queue.empty());
  put(queue, 1, 7);
  EXPECT_FALSE(queue.is_next());
  put(queue, 1, 6);
  EXPECT_TRUE(queue.is_next());
}

TEST(PacketQueue, PutsANewSourceBehindTheOneBeforeWhateverItsNumbers) {
  PacketQueue queue;
  put(queue, 1, 100);
  put(queue, 2, 3);
  put(queue, 1, 101);  // overtaken
  EXPECT_EQ(queue.take().sequence, 100);
  EXPECT_TRUE(queue.is_next());
  EXPECT_EQ(queue.take().sequence, 101);
  EXPECT_FALSE(queue.is_next());
  EXPECT_EQ(queue.take().sequence, 3);
}

}  // namespace
}  // namespace heliograph::hls
