// SPDX-License-Identifier: Apache-2.0
#include "base/datagrams.h"

#include <algorithm>
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

// Fills in the last byte of what was committed without it.
struct Late {
  std::vector<uint8_t*> waiting;
  int calls = 0;
  static void finish(void* context) {
    auto& late = *static_cast<Late*>(context);
    for (auto* at : late.waiting) *at = 9;
    late.waiting.clear();
    ++late.calls;
  }
  void commit(SendBatch& batch) {
    uint8_t* to = batch.reserve();
    std::fill_n(to, 1000, uint8_t{1});
    waiting.push_back(to + 999);
    batch.finish_with(&Late::finish, this);
    batch.commit(path_of(1), 1000);
  }
};

TEST(SendBatch, WhatIsMissingIsWrittenBeforeAnythingIsDrained) {
  Sent sent;
  Late late;
  SendBatch batch(&Sent::drain, &sent);
  for (int i = 0; i < 2000; ++i) late.commit(batch);  // drains itself on the way
  EXPECT_EQ(late.calls, 1);
  batch.flush();
  EXPECT_EQ(late.calls, 2);
  size_t total = 0;
  for (const auto& bytes : sent.bytes)
    for (size_t end = 999; end < bytes.size(); end += 1000, ++total) ASSERT_EQ(bytes[end], 9);
  EXPECT_EQ(total, 2000u);
}

TEST(SendBatch, FinishesOnceForEachTimeItWasAsked) {
  Sent sent;
  Late late;
  SendBatch batch(&Sent::drain, &sent);
  batch.finish();
  EXPECT_EQ(late.calls, 0);
  late.commit(batch);
  late.commit(batch);
  batch.finish();
  EXPECT_EQ(late.calls, 1);
  EXPECT_TRUE(sent.messages.empty());
  batch.flush();
  EXPECT_EQ(late.calls, 1);
  EXPECT_EQ(sent.messages.size(), 1u);
}

}  // namespace
}  // namespace heliograph::base
