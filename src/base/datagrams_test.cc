// SPDX-License-Identifier: Apache-2.0
#include "base/datagrams.h"

#include <vector>

#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

struct Sent {
  std::vector<SendBatch::Message> messages;
  std::vector<std::vector<uint8_t>> bytes;
  static void drain(void* context, const SendBatch& batch) {
    auto& sent = *static_cast<Sent*>(context);
    for (const auto& m : batch.messages()) {
      sent.messages.push_back(m);
      sent.bytes.emplace_back(batch.block() + m.offset, batch.block() + m.offset + m.size);
    }
  }
};

Path path_of(uint16_t port) { return {{IpAddress::v4(0x7f000001), port}, 0}; }

TEST(SendBatch, EqualDatagramsToOnePathBecomeOneMessage) {
  Sent sent;
  SendBatch batch(&Sent::drain, &sent);
  const std::vector<uint8_t> full(100, 1), tail(40, 2);
  batch.append(path_of(1), full);
  batch.append(path_of(1), full);
  batch.append(path_of(1), tail);
  batch.append(path_of(1), full);  // behind a smaller one nothing may follow
  batch.flush();
  ASSERT_EQ(sent.messages.size(), 2u);
  EXPECT_EQ(sent.messages[0].segments, 3);
  EXPECT_EQ(sent.messages[0].segment, 100);
  EXPECT_EQ(sent.messages[0].size, 240u);
  EXPECT_EQ(sent.bytes[1], full);
}

TEST(SendBatch, AnotherPathOrALargerDatagramBeginsAMessage) {
  Sent sent;
  SendBatch batch(&Sent::drain, &sent);
  const std::vector<uint8_t> small(10, 1), large(20, 2);
  batch.append(path_of(1), small);
  batch.append(path_of(2), small);
  batch.append(path_of(2), large);
  batch.flush();
  EXPECT_EQ(sent.messages.size(), 3u);
}

TEST(SendBatch, NoMessageOutgrowsTheKernelsLimits) {
  Sent sent;
  SendBatch batch(&Sent::drain, &sent);
  const std::vector<uint8_t> datagram(1200, 7);
  for (int i = 0; i < 2000; ++i) batch.append(path_of(1), datagram);
  batch.flush();
  size_t total = 0;
  for (const auto& m : sent.messages) {
    EXPECT_LE(m.segments, SendBatch::kMaxSegments);
    EXPECT_LE(m.size, SendBatch::kMaxMessageBytes);
    total += m.segments;
  }
  EXPECT_EQ(total, 2000u) << "a full block drains itself and loses nothing";
}

}  // namespace
}  // namespace heliograph::base
