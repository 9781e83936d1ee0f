// SPDX-License-Identifier: Apache-2.0
// Real sockets on loopback. A datagram that a socket was sent is there when send() returns.
#include "io/udp_socket.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "gtest/gtest.h"

namespace heliograph::io {
namespace {

using Bytes = std::vector<uint8_t>;

base::SocketAddress any_port(const char* ip) { return {*base::IpAddress::parse(ip), 0}; }

struct Sender {
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Sender*>(context);
    for (size_t i = 0; i < self.sockets.size(); ++i)
      self.sockets[i].send(batch, static_cast<uint8_t>(i), self.counters);
  }
  std::vector<UdpSocket> sockets;
  UdpCounters counters;
  base::SendBatch out{&Sender::drain, this};
};

class Loopback : public testing::TestWithParam<const char*> {
 protected:
  UdpSocket socket() { return std::move(UdpSocket::bind(any_port(GetParam())).value()); }

  // All that arrives within a moment, each datagram by itself.
  std::vector<std::pair<base::Path, Bytes>> take(UdpSocket& from, size_t at_least, uint8_t index = 0) {
    std::vector<std::pair<base::Path, Bytes>> all;
    while (all.size() < at_least) {
      pollfd wait{from.fd(), POLLIN, 0};
      if (poll(&wait, 1, 2000) != 1) break;
      for (const auto& d : receiver_.receive(from, index, received_))
        all.emplace_back(d.path, Bytes(d.bytes.begin(), d.bytes.end()));
    }
    return all;
  }
  static Bytes datagram(size_t size, uint8_t fill) { return Bytes(size, fill); }

  Receiver receiver_;
  UdpCounters received_;
};

// A loopback of its own whose packets are small, as on a tunnel. Its sockets live in the thread that made it.
bool enter_small_network(int mtu) {
  if (unshare(CLONE_NEWNET) != 0) return false;
  FileDescriptor control(socket(AF_INET, SOCK_DGRAM, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_mtu = mtu;
  if (ioctl(control.get(), SIOCSIFMTU, &request) != 0) return false;
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ioctl(control.get(), SIOCSIFFLAGS, &request) == 0;
}

TEST(SmallPath, DatagramsLargerThanThePathGoOneByOne) {
  bool entered = false;
  UdpCounters counters;
  size_t arrived = 0;
  std::thread([&] {
    if (!(entered = enter_small_network(1280))) return;
    Sender sender;
    sender.sockets.push_back(std::move(UdpSocket::bind(any_port("127.0.0.1")).value()));
    auto receiver = UdpSocket::bind(any_port("127.0.0.1")).value();
    for (uint8_t i = 0; i < 5; ++i) sender.out.append({receiver.local(), 0}, Bytes(1400, i));
    sender.out.flush();
    counters = sender.counters;
    Receiver scratch;
    UdpCounters received;
    pollfd wait{receiver.fd(), POLLIN, 0};
    while (arrived < 5 && poll(&wait, 1, 2000) == 1) arrived += scratch.receive(receiver, 0, received).size();
  }).join();
  if (!entered) GTEST_SKIP() << "needs the right to make a network namespace (root)";
  EXPECT_EQ(arrived, 5u);
  EXPECT_EQ(counters.sent, 5u);
  EXPECT_EQ(counters.send_failed, 0u);
}

TEST_P(Loopback, PortZeroBecomesAPort) {
  const auto s = socket();
  EXPECT_NE(s.local().port, 0);
  EXPECT_EQ(s.local().ip.to_string(), GetParam());
}

TEST_P(Loopback, APortIsTakenOnce) {
  const auto s = socket();
  const auto again = UdpSocket::bind(s.local());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().error, std::errc::address_in_use);
  EXPECT_NE(again.error().where.find(s.local().to_string()), std::string::npos);
}

TEST_P(Loopback, NothingWaitsOnAnIdleSocket) {
  auto s = socket();
  EXPECT_TRUE(receiver_.receive(s, 0, received_).empty());
  EXPECT_EQ(received_.received, 0u);
}

TEST_P(Loopback, AMessageOfManyDatagramsArrivesAsEachOfThem) {
  Sender sender;
  sender.sockets.push_back(socket());
  auto receiver = socket();
  for (uint8_t i = 0; i < 40; ++i) sender.out.append({receiver.local(), 0}, datagram(i == 39 ? 500 : 1200, i));
  ASSERT_EQ(sender.out.messages().size(), 1u) << "one UDP_SEGMENT message";
  sender.out.flush();
  EXPECT_EQ(sender.counters.sent, 40u);
  EXPECT_EQ(sender.counters.send_calls, 1u);
  const auto got = take(receiver, 40, 7);
  ASSERT_EQ(got.size(), 40u);
  for (uint8_t i = 0; i < 40; ++i) {
    EXPECT_EQ(got[i].second, datagram(i == 39 ? 500 : 1200, i));
    EXPECT_EQ(got[i].first.remote, sender.sockets[0].local());
    EXPECT_EQ(got[i].first.socket, 7);
  }
  EXPECT_EQ(received_.received, 40u);
}

TEST_P(Loopback, AnySizesArriveAsTheyWere) {
  Sender sender;
  sender.sockets.push_back(socket());
  auto receiver = socket();
  std::vector<Bytes> sent;
  for (const size_t size : {1200, 1200, 900, 1200, 1, 1, 1500, 40, 1500, 1500, 1499})
    sent.push_back(datagram(size, static_cast<uint8_t>(sent.size())));
  for (const auto& bytes : sent) sender.out.append({receiver.local(), 0}, bytes);
  sender.out.flush();
  const auto got = take(receiver, sent.size());
  ASSERT_EQ(got.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(got[i].second, sent[i]) << i;
}

TEST_P(Loopback, EachSocketSendsWhatIsItsOwn) {
  Sender sender;
  sender.sockets.push_back(socket());
  sender.sockets.push_back(socket());
  std::vector<UdpSocket> receivers;
  for (int i = 0; i < 3; ++i) receivers.push_back(socket());
  std::map<std::pair<size_t, size_t>, size_t> expected;
  for (size_t i = 0; i < 200; ++i) {  // more messages than one sendmmsg takes
    const size_t from = i % 2;
    const size_t to = i % 3;
    ++expected[{from, to}];
    sender.out.append({receivers[to].local(), static_cast<uint8_t>(from)}, datagram(100 + i, static_cast<uint8_t>(i)));
  }
  sender.out.flush();
  EXPECT_EQ(sender.counters.sent, 200u);
  EXPECT_EQ(sender.counters.send_failed, 0u);
  std::map<std::pair<size_t, size_t>, size_t> counted;
  for (size_t to = 0; to < 3; ++to)
    for (const auto& [path, bytes] : take(receivers[to], to < 2 ? 67 : 66)) {
      const size_t from = path.remote == sender.sockets[0].local() ? 0 : 1;
      EXPECT_EQ(path.remote, sender.sockets[from].local());
      ++counted[{from, to}];
    }
  EXPECT_EQ(counted, expected);
}

// A message that the kernel refuses is counted, and those behind it are sent all the same.
TEST_P(Loopback, WhatTheKernelRefusesIsCounted) {
  Sender sender;
  sender.sockets.push_back(socket());
  auto receiver = socket();
  auto nowhere = receiver.local();
  nowhere.port = 0;
  sender.out.append({receiver.local(), 0}, datagram(100, 1));
  for (int i = 0; i < 3; ++i) sender.out.append({nowhere, 0}, datagram(100, 2));
  sender.out.append({receiver.local(), 0}, datagram(100, 3));
  sender.out.flush();
  EXPECT_EQ(sender.counters.send_failed, 3u);
  EXPECT_EQ(sender.counters.sent, 2u);
  EXPECT_EQ(take(receiver, 2).size(), 2u);
}

TEST_P(Loopback, AnotherFamilyIsRefusedByTheKernelAndCounted) {
  Sender sender;
  sender.sockets.push_back(socket());
  auto other = any_port(std::string_view(GetParam()) == "::1" ? "127.0.0.1" : "::1");
  other.port = 9;
  sender.out.append({other, 0}, datagram(10, 1));
  sender.out.flush();
  EXPECT_EQ(sender.counters.send_failed, 1u);
}

TEST_P(Loopback, MoreThanABatchIsTakenInTurns) {
  Sender sender;
  sender.sockets.push_back(socket());
  auto receiver = socket();
  for (size_t i = 0; i < 100; ++i)  // sizes that grow cannot share a message
    sender.out.append({receiver.local(), 0}, datagram(100 + i, 1));
  sender.out.flush();
  pollfd wait{receiver.fd(), POLLIN, 0};
  ASSERT_EQ(poll(&wait, 1, 2000), 1);
  EXPECT_LE(receiver_.receive(receiver, 0, received_).size(), Receiver::kMessages);
  EXPECT_EQ(take(receiver, 100 - received_.received).size(), 100 - Receiver::kMessages);
}

INSTANTIATE_TEST_SUITE_P(Families, Loopback, testing::Values("127.0.0.1", "::1"),
                         [](const auto& i) { return std::string(i.param) == "::1" ? "V6" : "V4"; });

TEST(UdpSocket, AForeignAddressCannotBeBound) {
  const auto bound = UdpSocket::bind({*base::IpAddress::parse("192.0.2.1"), 0});
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().error, std::errc::address_not_available);
}

}  // namespace
}  // namespace heliograph::io
