// SPDX-License-Identifier: Apache-2.0
// Who is slow, greedy or up to no good: bounded, told why, and counted.
#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "gateway/test_door.h"
#include "gtest/gtest.h"

namespace heliograph::gateway {
namespace {

using base::Duration;
using namespace test;  // NOLINT

// Asks for more than it takes, on a thread of its own, until all is sent or the socket is gone.
std::jthread ask_and_not_read(Client& client, int requests) {
  return std::jthread([&client, requests] {
    const std::string request = "echo " + std::string(10'000, 'x');
    for (int i = 0; i < requests && client.send_text(request + std::to_string(i)); ++i) {
    }
  });
}

TEST(Hostile, WhoDoesNotReadIsClosedAndCounted) {
  Door door({.max_queued_bytes = 256 * 1024, .close_handshake = Duration::millis(50)});
  Client client(door.port);
  client.upgrade();
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 1; }));
  // Past what the kernel's buffers on both sides take.
  door.ask([&] {
    for (int i = 0; i < 200; ++i) door.gateway.send(door.opened[0].id, std::string(100'000, 'z'));
    return 0;
  });
  EXPECT_TRUE(door.eventually([&] { return door.closed.size() == 1; }));
  EXPECT_EQ(door.counters().slow_readers, 1u);
  EXPECT_EQ(door.counters().closed(1013), 1u);
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.connections() == 0; }));
}

TEST(Hostile, WhoDoesNotReadTheAnswersIsNotAskedForMoreRequests) {
  Door door({.max_queued_bytes = 256 * 1024});
  Client client(door.port);
  client.upgrade();
  const auto asking = ask_and_not_read(client, 2'000);
  ASSERT_TRUE(door.comes_true([&] { return door.gateway.counters().backpressure > 0; }));
  EXPECT_LE(door.counters().held_bytes, 256u * 1024);
  for (int i = 0; i < 2'000; ++i) ASSERT_EQ(client.read_frame().payload, std::string(10'000, 'x') + std::to_string(i));
  EXPECT_EQ(door.counters().slow_readers, 0u);
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.counters().held_bytes == 0; }));
}

TEST(Hostile, WhoNeverReadsTheAnswersIsClosedAfterTheTimeOfSilence) {
  Door door({.max_queued_bytes = 256 * 1024,
             .close_handshake = Duration::millis(50),
             .ping_interval = Duration::millis(50),
             .silence = Duration::millis(300)});
  Client client(door.port);
  client.upgrade();
  const auto asking = ask_and_not_read(client, 100'000);
  ASSERT_TRUE(door.comes_true([&] { return door.gateway.counters().closed(1013) == 1; }));
  EXPECT_EQ(door.counters().slow_readers, 1u);
  EXPECT_EQ(door.counters().silent, 0u);
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.connections() == 0; }));
  EXPECT_EQ(door.counters().held_bytes, 0u);
}

TEST(Hostile, WhoSaysGoodbyeAndDoesNotReadIsCutOff) {
  Door door({.max_queued_bytes = 64 * 1024 * 1024, .close_handshake = Duration::millis(50)});
  Client client(door.port);
  client.upgrade();
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 1; }));
  // Past what the kernel's buffers on both sides take; the client closes when a write hangs.
  door.ask([&] {
    for (int i = 0; i < 300; ++i) door.gateway.send(door.opened[0].id, std::string(100'000, 'z'));
    return 0;
  });
  uint64_t written = 0;
  int rounds_without_progress = 0;
  ASSERT_TRUE(door.comes_true([&] {
    const auto now = door.gateway.counters().messages_out;
    rounds_without_progress = now == std::exchange(written, now) ? rounds_without_progress + 1 : 0;
    return rounds_without_progress == 200;
  }));
  client.send_close(1000);
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.connections() == 0; }));
  EXPECT_EQ(door.counters().closed(1000), 1u);
  EXPECT_EQ(door.counters().held_bytes, 0u);
}

TEST(Hostile, WhenAllHoldTooMuchTogetherThoseThatHoldMostAreClosed) {
  Door door({.max_queued_bytes = 8 * 1024 * 1024,
             .max_held_bytes = 16 * 1024 * 1024,
             .close_handshake = Duration::millis(50)});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>(door.port));
    clients.back()->upgrade();
    ASSERT_TRUE(door.eventually([&] { return door.opened.size() == clients.size(); }));
  }
  // Five who do not read, each somewhat more than the one before; the last is fine.
  door.ask([&] {
    for (size_t i = 0; i < 5; ++i)
      for (size_t n = 0; n < 25 + i; ++n) door.gateway.send(door.opened[i].id, std::string(200'000, 'z'));
    door.gateway.send(door.opened[5].id, "hello");
    return 0;
  });
  EXPECT_EQ(clients[5]->read_frame(kText).payload, "hello");
  ASSERT_TRUE(door.eventually([&] { return !door.closed.empty(); }));
  const auto counters = door.counters();
  EXPECT_LE(counters.held_bytes, 16u * 1024 * 1024);
  EXPECT_GE(counters.shed, 1u);
  EXPECT_LE(counters.shed, 3u);
  EXPECT_EQ(counters.closed(1013), counters.shed);
  EXPECT_EQ(std::ranges::count(door.closed, door.opened[0].id), 0);  // who held least
  EXPECT_EQ(counters.slow_readers, 0u);
  clients[5]->send_text("echo still here");
  EXPECT_EQ(clients[5]->read_frame(kText).payload, "still here");
}

TEST(Hostile, UnfinishedMessagesCountAsHeldAndAPromiseDoesNot) {
  Door door({.max_held_bytes = 400'000, .close_handshake = Duration::millis(50)});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>(door.port));
    clients.back()->upgrade();
    // The header of a masked frame of 128 KB, with a mask of zeros, and some of it.
    clients.back()->write(std::string("\x81\xff\0\0\0\0\0\x02\0\0\0\0\0\0", 14) + "begun");
  }
  ASSERT_TRUE(door.comes_true([&] { return door.gateway.counters().held_bytes == 8 * 5; }));
  for (auto& client : clients) client->write(std::string(100'000, 'x'));
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.counters().shed > 0; }));
  EXPECT_LE(door.counters().held_bytes, 400'000u);
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.counters().held_bytes > 100'000; }));
}

TEST(Hostile, AClientThatNeverAnswersTheCloseIsCutOff) {
  Door door({.close_handshake = Duration::millis(50)});
  Client client(door.port);
  client.upgrade();
  client.send_text("close");
  EXPECT_EQ(client.read_frame(kClose).close_code(), 1008);
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.counters().sockets_open == 0; }));
}

TEST(Hostile, WhatIsNoRequestIsAnsweredAndClosed) {
  Door door({.max_header_bytes = 1'024, .max_body_bytes = 100});
  Client noise(door.port), large_head(door.port), large_body(door.port);
  noise.write("\x16\x03\x01 this is not HTTP\r\n\r\n");
  EXPECT_EQ(noise.read_reply().status, 400);
  EXPECT_TRUE(noise.at_end());
  EXPECT_EQ(large_head.request("GET", "/", "X: " + std::string(2'000, 'x') + "\r\n").status, 431);
  EXPECT_EQ(large_body.request("POST", "/healthz", "Content-Length: 101\r\n").status, 413);
  EXPECT_EQ(door.counters().refused[static_cast<size_t>(Refused::kBadRequest)], 3u);
}

TEST(Hostile, HeadersThatTakeTooLongAreNotWaitedFor) {
  Door door({.request = Duration::millis(50)});
  Client slow(door.port), idle(door.port);
  slow.write("GET / HTTP/1.1\r\nHost:");
  EXPECT_TRUE(slow.at_end());
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(
      door.comes_true([&] { return door.gateway.counters().refused[static_cast<size_t>(Refused::kTooSlow)] == 1; }));
}

TEST(Hostile, SocketsBeyondTheLimitAreClosedAtOnce) {
  Door door({.max_sockets = 2});
  Client a(door.port), b(door.port);
  EXPECT_EQ(a.upgrade().status, 101);
  EXPECT_EQ(b.upgrade().status, 101);
  Client c(door.port);
  EXPECT_TRUE(c.at_end());
  EXPECT_EQ(door.counters().refused[static_cast<size_t>(Refused::kFull)], 1u);
  a.hang_up();
  ASSERT_TRUE(door.comes_true([&] { return door.gateway.counters().sockets_open == 1; }));
  Client d(door.port);
  EXPECT_EQ(d.upgrade().status, 101);
}

TEST(Hostile, WhoSaysNothingGivesItsPlaceToWhoComes) {
  Door door({.max_sockets = 4, .max_waiting = 2});
  Client first(door.port), second(door.port);
  ASSERT_TRUE(door.comes_true([&] { return door.gateway.counters().sockets_open == 2; }));
  Client third(door.port);  // one too many that wait
  EXPECT_TRUE(first.at_end());
  EXPECT_EQ(second.upgrade().status, 101);
  EXPECT_EQ(third.upgrade().status, 101);
  Client fourth(door.port), fifth(door.port);
  ASSERT_TRUE(door.comes_true([&] { return door.gateway.counters().sockets_open == 4; }));
  Client sixth(door.port);  // one too many altogether
  EXPECT_EQ(sixth.upgrade().status, 101);
  EXPECT_TRUE(fourth.at_end());
  EXPECT_EQ(fifth.upgrade().status, 101);
  Client seventh(door.port);  // nobody waits any more
  EXPECT_TRUE(seventh.at_end());
  EXPECT_EQ(door.counters().refused[static_cast<size_t>(Refused::kCrowdedOut)], 2u);
  EXPECT_EQ(door.counters().refused[static_cast<size_t>(Refused::kFull)], 1u);
}

}  // namespace
}  // namespace heliograph::gateway
