// SPDX-License-Identifier: Apache-2.0
// Real threads, real sockets on loopback, callers that speak ICE, DTLS and SRTP.
#include "server/shard_thread.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <poll.h>

#include "gtest/gtest.h"
#include "io/clock.h"

namespace heliograph::server {
namespace {

using Bytes = std::vector<uint8_t>;

const crypto::Certificate& certificate(size_t which) {
  static const auto made = [] {
    std::vector<crypto::Certificate> all;
    for (const auto* name : {"server", "caller"})
      all.push_back(
          crypto::Certificate::generate(name, base::Duration::seconds(86'400), io::unix_micros() / 1'000'000).value());
    return all;
  }();
  return made[which];
}

// Events of all shards, as the control thread would be told of them.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    condition_.notify_all();
  }
  bool wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    const bool rung = condition_.wait_for(lock, limit, [&] { return rung_; });
    rung_ = false;
    return rung;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

class Caller {
 public:
  Caller(const dtls::Context& context, const transport::Peer::Calling& calling)
      : socket_(std::move(io::UdpSocket::bind({base::IpAddress::v4(0x7f000001), 0}).value())),
        peer_(context, calling, io::now()) {}

  // What is there to be received and done now; waits a moment for it.
  void turn() {
    peer_.on_time(io::now(), out_, scratch_);
    out_.flush();
    pollfd wait{socket_.fd(), POLLIN, 0};
    poll(&wait, 1, 5);
    for (const auto& datagram : receiver_.receive(socket_, 0, udp_)) {
      const auto got = peer_.receive(io::now(), datagram, out_, scratch_, drops_);
      if (got.content == transport::Peer::Content::kRtp) rtp_.emplace_back(got.bytes.begin(), got.bytes.end());
    }
    out_.flush();
  }
  void send(uint64_t index) {
    Bytes header{0x80, 0x80 | 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};  // RFC 3550 section 5.1
    base::store_be(&header[2], static_cast<uint16_t>(index));
    base::store_be(&header[4], static_cast<uint32_t>(index * 960));
    const Bytes payload(80, static_cast<uint8_t>(index));
    peer_.send_rtp(header, {}, payload, index, out_, drops_);
    out_.flush();
  }
  bool connected() const { return peer_.can_send(); }
  const std::vector<Bytes>& rtp() const { return rtp_; }

 private:
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Caller*>(context);
    self.socket_.send(batch, 0, self.udp_);
  }
  io::UdpSocket socket_;
  io::Receiver receiver_;
  io::UdpCounters udp_;
  base::SendBatch out_{&Caller::drain, this};
  transport::Scratch scratch_;
  transport::Drops drops_;
  transport::Peer peer_;
  std::vector<Bytes> rtp_;
};

class Threads : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    const size_t n = GetParam();
    for (size_t i = 0; i < n * n; ++i) rings_.push_back(std::make_unique<shard::CrossingRing>(64));
    for (size_t i = 0; i < n; ++i) {
      ShardThread::Options options;
      options.index = static_cast<plan::ShardIndex>(i);
      options.bind = {{base::IpAddress::v4(0x7f000001), 0}, {*base::IpAddress::parse("::1"), 0}};
      options.seed = i + 1;
      options.on_events = [this] { bell_.ring(); };
      for (size_t j = 0; j < n; ++j) {
        options.crossings.to.push_back(i == j ? nullptr : rings_[i * n + j].get());
        options.crossings.from.push_back(i == j ? nullptr : rings_[j * n + i].get());
      }
      threads_.push_back(ShardThread::create(std::move(options), certificate(0)).value());
    }
    std::vector<ShardThread*> all;
    for (auto& t : threads_) all.push_back(t.get());
    for (auto& t : threads_) t->start(all);
  }
  void TearDown() override {
    for (auto& t : threads_) t->stop();
  }

  Caller& open(plan::ShardIndex shard) {
    const plan::PeerId id{shard, callers_.size() + 1};
    const plan::IceParameters local{"s" + std::to_string(id.number) + "xx", "server-password-of-22-chars"};
    const plan::IceParameters remote{"c" + std::to_string(id.number) + "xx", "caller-password-of-22-chars"};
    threads_[shard]->post(plan::OpenPeer{id, local});
    threads_[shard]->post(plan::SetRemote{id, {remote, {certificate(1).fingerprint()}, plan::DtlsRole::kServer}});
    const transport::Peer::Calling calling{remote,
                                           {local, {certificate(0).fingerprint()}, plan::DtlsRole::kClient},
                                           {threads_[shard]->bound()[0]},
                                           id.number};
    callers_.push_back(std::make_unique<Caller>(context_, calling));
    ids_.push_back(id);
    return *callers_.back();
  }
  // Until the condition holds, or 20 s have passed.
  template <class Condition>
  bool run_until(Condition&& condition) {
    const auto end = io::now() + base::Duration::seconds(20);
    while (!condition() && io::now() < end)
      for (auto& caller : callers_) caller->turn();
    return condition();
  }
  // Events of all threads, until there are so many.
  std::vector<plan::Event> events(size_t count) {
    std::vector<plan::Event> all;
    const auto end = io::now() + base::Duration::seconds(20);
    while (all.size() < count && io::now() < end) {
      for (auto& t : threads_)
        for (auto& e : t->take_events()) all.push_back(e);
      if (all.size() < count) bell_.wait(std::chrono::milliseconds(200));
    }
    return all;
  }

  Bell bell_;
  dtls::Context context_{certificate(1)};
  std::vector<std::unique_ptr<shard::CrossingRing>> rings_;
  std::vector<std::unique_ptr<ShardThread>> threads_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<plan::PeerId> ids_;
};

TEST_P(Threads, APacketGoesFromCallerToCaller) {
  const auto last = static_cast<plan::ShardIndex>(GetParam() - 1);
  Caller& publisher = open(0);
  Caller& viewer = open(last);  // with two shards it crosses
  plan::UplinkTrack up;
  up.codec.payload_type = base::PayloadType(111);
  plan::DownlinkTrack down;
  down.codec = up.codec;
  down.ssrc = base::Ssrc(70);
  const plan::PublicationId publication{0, 9};
  threads_[0]->post(plan::Publish{ids_[0], publication, {up}});
  threads_[last]->post(plan::Route{publication, ids_[1], {down}});
  ASSERT_TRUE(run_until([&] { return publisher.connected() && viewer.connected(); }));
  EXPECT_EQ(events(2).size(), 2u);

  uint64_t index = 0;
  ASSERT_TRUE(run_until([&] {
    publisher.send(++index);
    return viewer.rtp().size() >= 50;
  }));
  for (size_t i = 1; i < viewer.rtp().size(); ++i)
    EXPECT_EQ(viewer.rtp()[i].back(), static_cast<uint8_t>(viewer.rtp()[i - 1].back() + 1));

  for (size_t i = 0; i < 2; ++i) threads_[ids_[i].shard]->post(plan::ClosePeer{ids_[i]});
  const auto gone = [&] {
    return std::ranges::all_of(threads_, [](const auto& t) { return t->snapshot().peers == 0; });
  };
  EXPECT_TRUE(run_until([&] { return gone() && threads_[0]->snapshot().shard.packets_received >= 50; }));
  EXPECT_GE(threads_[last]->snapshot().shard.packets_forwarded, 50u);
  EXPECT_GE(threads_[last]->snapshot().udp.sent, 50u);
}

TEST_P(Threads, EachSocketHasItsPort) {
  for (const auto& t : threads_) {
    ASSERT_EQ(t->bound().size(), 2u);
    EXPECT_TRUE(t->bound()[0].ip.is_v4());
    EXPECT_FALSE(t->bound()[1].ip.is_v4());
    EXPECT_NE(t->bound()[0].port, 0);
  }
}

TEST_P(Threads, MoreCommandsThanTheRingHoldsArriveInOrder) {
  constexpr uint64_t kPeers = ShardThread::kRingSize + 2000;
  for (uint64_t i = 0; i < kPeers; ++i) {
    threads_[0]->post(plan::OpenPeer{{0, 1000 + i}, {"u" + std::to_string(i), "password"}});
    threads_[0]->post(plan::ClosePeer{{0, 1000 + i}});
  }
  threads_[0]->post(plan::OpenPeer{{0, 1}, {"last", "password"}});
  EXPECT_TRUE(run_until([&] { return threads_[0]->flush_commands() && threads_[0]->snapshot().peers == 1; }));
}

TEST_P(Threads, MayBeStoppedTwiceAndWithoutHavingBeenUsed) {
  for (auto& t : threads_) t->stop();
  for (auto& t : threads_) t->stop();
}

INSTANTIATE_TEST_SUITE_P(Shards, Threads, testing::Values(1, 2));

TEST(ShardThread, AnAddressThatIsTakenIsTrouble) {
  const auto taken = std::move(io::UdpSocket::bind({base::IpAddress::v4(0x7f000001), 0}).value());
  ShardThread::Options options;
  options.bind = {taken.local()};
  const auto thread = ShardThread::create(std::move(options), certificate(0));
  ASSERT_FALSE(thread);
  EXPECT_EQ(thread.error().error, std::errc::address_in_use);
}

}  // namespace
}  // namespace heliograph::server
