// SPDX-License-Identifier: Apache-2.0
#include "load/receiver.h"

#include <set>

#include <gtest/gtest.h>
#include <poll.h>

#include "io/clock.h"
#include "io/udp_socket.h"

namespace heliograph::load {
namespace {

class Receiving : public testing::Test {
 protected:
  Receiving() {
    Receiver::prepare(to.fd());
    receiver.set_wall_offset(base::Duration::micros(io::unix_micros() - io::now().us()));
  }
  // To the other socket, and waits until it can be read there.
  void send(size_t count, size_t size) {
    for (size_t i = 0; i < count; ++i) out.append({to.local(), 0}, std::vector<uint8_t>(size, static_cast<uint8_t>(i)));
    out.flush();
    pollfd ready{to.fd(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 5000), 1);
  }
  std::vector<uint8_t> first_bytes() {
    std::vector<uint8_t> bytes;
    receiver.receive_all(to.fd(), io::now(), [&](const base::Datagram& d, base::Timestamp at) {
      EXPECT_EQ(d.path.remote.port, from.local().port);
      sizes.insert(d.bytes.size());
      bytes.push_back(d.bytes[0]);
      came = at;
    });
    return bytes;
  }
  static void drain(void* self, const base::SendBatch& batch) {
    auto& test = *static_cast<Receiving*>(self);
    test.from.send(batch, 0, test.counters);
  }

  const base::IpAddress loopback = base::IpAddress::v4(0x7f000001);
  io::UdpSocket from = io::UdpSocket::bind({loopback, 0}).value();
  io::UdpSocket to = io::UdpSocket::bind({loopback, 0}).value();
  io::UdpCounters counters;
  base::SendBatch out{&Receiving::drain, this};
  Receiver receiver;
  std::multiset<size_t> sizes;
  base::Timestamp came;
};

TEST_F(Receiving, ATrainOfOneMessageIsItsDatagrams) {
  send(20, 1100);
  EXPECT_EQ(first_bytes().size(), 20U);
  EXPECT_EQ(sizes.count(1100), 20U);
  EXPECT_TRUE(first_bytes().empty());
}

TEST_F(Receiving, EverythingThatWaitsIsReadInOrder) {
  for (int i = 0; i < 3; ++i)
    for (size_t size = 100; size < 120; ++size) send(1, size);  // no train, and more than one call brings
  EXPECT_EQ(first_bytes().size(), 60U);
  EXPECT_EQ(sizes.count(107), 3U);
}

TEST_F(Receiving, TheTimeIsWhenItCameNotWhenItIsRead) {
  send(1, 100);
  (void)first_bytes();  // the first stamp of a machine may be late: the kernel begins to take them then
  const auto before = io::now();
  send(1, 100);
  const auto after = io::now();
  (void)first_bytes();
  EXPECT_GE(came, before - base::Duration::millis(1));
  EXPECT_LE(came, after + base::Duration::millis(1));
}

}  // namespace
}  // namespace heliograph::load
