// SPDX-License-Identifier: Apache-2.0
#include "shard/handshake_queue.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::shard {
namespace {

using Bytes = std::vector<uint8_t>;

const base::Path kPath{{base::IpAddress::v4(0x0a000001), 5000}, 1};

base::Handle peer(uint32_t number) { return {number, 1}; }

// Peers by their numbers, and what is taken as the byte that was pushed.
struct Peers {
  bool push(uint32_t number, uint8_t byte) { return queue.push(peer(number), lines[number], kPath, Bytes{22, byte}); }
  std::pair<uint32_t, uint8_t> take() {
    const auto next = queue.next().value();
    const auto datagram = queue.take(next, lines[next.slot]);
    EXPECT_EQ(datagram.path, kPath);
    EXPECT_EQ(datagram.bytes.size(), 2u);
    return {next.slot, datagram.bytes[1]};
  }
  HandshakeQueue queue;
  std::map<uint32_t, HandshakeQueue::Line> lines;
};

using Taken = std::pair<uint32_t, uint8_t>;

TEST(HandshakeQueue, IsEmptyWhenNothingWaits) {
  HandshakeQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.next());
}

TEST(HandshakeQueue, NewcomersComeInTheirOrder) {
  Peers peers;
  for (uint8_t i = 0; i < 5; ++i) peers.push(i, i);
  for (uint8_t i = 0; i < 5; ++i) EXPECT_EQ(peers.take(), Taken(i, i));
  EXPECT_TRUE(peers.queue.empty());
}

TEST(HandshakeQueue, WhoHasBegunGoesBeforeWhoHasNot) {
  Peers peers;
  peers.push(1, 0);
  peers.take();
  peers.push(2, 0);
  peers.push(1, 1);
  EXPECT_EQ(peers.take(), Taken(1, 1));
  EXPECT_EQ(peers.take(), Taken(2, 0));
}

TEST(HandshakeQueue, WhoGoesOnSendingDoesNotKeepNewcomersOut) {
  Peers peers;
  peers.push(1, 0);
  peers.take();
  for (uint8_t i = 1; i <= HandshakeQueue::kMaxOfPeer; ++i) peers.push(1, i);
  peers.push(2, 0);
  size_t turns = 1;
  while (turns < 100 && peers.take().first != 2) {
    ++turns;
    peers.push(1, 0);
  }
  EXPECT_LE(turns, HandshakeQueue::kNewcomersTurn);
}

TEST(HandshakeQueue, OnePeerMayNotFillIt) {
  Peers peers;
  for (size_t i = 0; i < HandshakeQueue::kMaxOfPeer; ++i) EXPECT_TRUE(peers.push(1, 0));
  EXPECT_FALSE(peers.push(1, 0));
  EXPECT_EQ(peers.queue.size(), HandshakeQueue::kMaxOfPeer);
  EXPECT_TRUE(peers.push(2, 0));
  peers.take();
  EXPECT_TRUE(peers.push(1, 0));
}

TEST(HandshakeQueue, WhatComesWhenItIsFullIsLost) {
  Peers peers;
  for (uint32_t i = 0; i < HandshakeQueue::kCapacity; ++i) ASSERT_TRUE(peers.push(i, 0));
  EXPECT_FALSE(peers.push(5000, 0));
  EXPECT_EQ(peers.take(), Taken(0, 0));
  EXPECT_TRUE(peers.push(5000, 0));
}

TEST(HandshakeQueue, WhatIsTooLargeIsLost) {
  HandshakeQueue queue;
  HandshakeQueue::Line line;
  EXPECT_FALSE(queue.push(peer(1), line, kPath, Bytes(HandshakeQueue::kMaxDatagram + 1)));
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.push(peer(1), line, kPath, Bytes(HandshakeQueue::kMaxDatagram, 7)));
  EXPECT_EQ(queue.take(queue.next().value(), line).bytes.size(), HandshakeQueue::kMaxDatagram);
}

// A datagram that begins with one handshake message.
Bytes flight(uint8_t epoch, uint8_t record_number, uint8_t message_seq, size_t size = 200) {
  Bytes d(size, 0xaa);
  const Bytes headers{22, 0xfe, 0xfd, 0,           epoch, 0, 0, 0, 0, 0,  record_number, 0, 187, 1, 0,
                      0,  175,  0,    message_seq, 0,     0, 0, 0, 0, 175};
  std::ranges::copy(headers, d.begin());
  return d;
}

// RFC 6347 section 4.2.4: a flight that is sent again has the messages of before in records of new numbers.
TEST(HandshakeQueue, AFlightThatIsSentAgainWaitsOnce) {
  HandshakeQueue queue;
  HandshakeQueue::Line line;
  HandshakeQueue::Line other;
  const auto push = [&](const Bytes& bytes) { return queue.push(peer(1), line, kPath, bytes); };
  EXPECT_TRUE(push(flight(0, 0, 0)));
  EXPECT_TRUE(push(flight(0, 1, 1)));
  EXPECT_EQ(queue.size(), 2u);
  for (uint8_t i = 2; i < 100; ++i) EXPECT_TRUE(push(flight(0, i, i % 2))) << "that is no loss";
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_TRUE(queue.push(peer(2), other, kPath, flight(0, 0, 0)));
  EXPECT_EQ(queue.size(), 3u) << "another's is another";
  EXPECT_TRUE(push(flight(0, 9, 2)));
  EXPECT_TRUE(push(flight(0, 9, 0, 201)));
  EXPECT_TRUE(push(flight(1, 9, 0)));
  EXPECT_TRUE(push(flight(1, 9, 0)));
  EXPECT_EQ(queue.size(), 7u) << "what is encrypted cannot be told apart";
  EXPECT_EQ(queue.take(queue.next().value(), line).bytes[10], 0) << "the one that came first";
  EXPECT_TRUE(push(flight(0, 10, 0)));
  EXPECT_EQ(queue.size(), 7u) << "the first has had its turn: this one may be an answer that got lost";
}

TEST(HandshakeQueue, APeerThatGoesLeavesNothingBehind) {
  Peers peers;
  for (uint8_t i = 0; i < 3; ++i) peers.push(1, i);
  peers.push(2, 0);
  peers.take();  // the first's; it waits among those who have begun now
  peers.queue.forget(peer(1), peers.lines[1]);
  EXPECT_TRUE(peers.lines[1].empty());
  EXPECT_EQ(peers.queue.size(), 1u);
  EXPECT_EQ(peers.take(), Taken(2, 0));
  peers.push(3, 0);
  peers.queue.forget(peer(3), peers.lines[3]);
  EXPECT_TRUE(peers.queue.empty());
  EXPECT_EQ(peers.queue.size(), 0u);
}

// Whatever comes and goes: each peer's datagrams come out in their order, and none is made up or forgotten.
TEST(HandshakeQueue, EachPeerKeepsItsOrder) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    base::Rng rng(seed);
    Peers peers;
    std::map<uint32_t, std::deque<uint8_t>> expected;
    size_t waiting = 0;
    for (int step = 0; step < 20'000; ++step) {
      const auto number = static_cast<uint32_t>(rng.below(400));
      const auto what = rng.below(100);
      if (what < 55) {
        const bool fits = expected[number].size() < HandshakeQueue::kMaxOfPeer && waiting < HandshakeQueue::kCapacity;
        ASSERT_EQ(peers.push(number, static_cast<uint8_t>(step)), fits);
        if (fits) expected[number].push_back(static_cast<uint8_t>(step));
        if (fits) ++waiting;
      } else if (what < 98 && !peers.queue.empty()) {
        const auto [whose, byte] = peers.take();
        ASSERT_EQ(byte, expected[whose].front());
        expected[whose].pop_front();
        --waiting;
      } else if (what >= 98) {
        peers.queue.forget(peer(number), peers.lines[number]);
        waiting -= expected[number].size();
        expected[number].clear();
      }
      ASSERT_EQ(peers.queue.size(), waiting);
      ASSERT_EQ(peers.queue.empty(), waiting == 0);
    }
  }
}

}  // namespace
}  // namespace heliograph::shard
