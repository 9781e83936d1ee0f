// SPDX-License-Identifier: Apache-2.0
// The path of a packet through real threads and the kernel: what a shard's thread does for 100,000 forwarded packets is
// counted, from epoll to sendmmsg. No allocation and no lock that packets are the reason for.
#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "io/clock.h"
#include "server/shard_thread.h"
#include "sim/caller.h"
#include "tests/counts.h"

namespace heliograph {
namespace {

constexpr uint64_t kPackets = 100'000;
// Vectors that had not been as full before: how full they get is a matter of real time here.
constexpr uint64_t kGrowths = 8;
// Callers live this much faster than the server, so that nobody waits for a camera.
constexpr int64_t kHaste = 8;
constexpr double kLoss = 0.01;  // of what callers send and receive
constexpr base::PayloadType kVideoType(96), kRtxType(97), kAudioType(111);

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

plan::CodecParameters video_codec() {
  plan::CodecParameters c;
  c.codec = plan::Codec::kVp8;
  c.payload_type = kVideoType;
  c.rtx_payload_type = kRtxType;
  c.nack = c.nack_pli = c.transport_cc = true;
  return c;
}
plan::CodecParameters audio_codec() {
  plan::CodecParameters c;
  c.payload_type = kAudioType;
  return c;
}

// A model caller with a socket of its own.
class Client {
 public:
  Client(const dtls::Context& context, const transport::Peer::Calling& calling, uint64_t seed)
      : socket_(std::move(io::UdpSocket::bind({base::IpAddress::v4(0x7f000001), 0}).value())),
        server_{calling.candidates.front()},
        rng_(seed),
        caller_(context, calling, socket_.local(), seed, hasty_now()) {}

  sim::Caller& caller() { return caller_; }
  void turn() {
    for (const auto& datagram : receiver().receive(socket_, 0, udp_))
      if (!lost()) caller_.receive(hasty_now(), datagram);
    if (caller_.next_time() <= hasty_now()) caller_.on_time(hasty_now());
    for (const auto& bytes : caller_.take_sent())
      if (!lost()) out_.append({server_, 0}, bytes);
    out_.flush();
  }

 private:
  static base::Timestamp hasty_now() { return base::Timestamp::from_micros(io::now().us() * kHaste); }
  static io::Receiver& receiver() {
    static io::Receiver one;
    return one;
  }
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Client*>(context);
    self.socket_.send(batch, 0, self.udp_);
  }
  bool lost() { return caller_.connected() && rng_.chance(kLoss); }

  io::UdpSocket socket_;
  base::SocketAddress server_;
  base::Rng rng_;
  io::UdpCounters udp_;
  base::SendBatch out_{&Client::drain, this};
  sim::Caller caller_;
};

class DataPath : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    const size_t n = GetParam();
    for (size_t i = 0; i < n * n; ++i) rings_.push_back(std::make_unique<shard::CrossingRing>(1024));
    for (size_t i = 0; i < n; ++i) {
      server::ShardThread::Options options;
      options.index = static_cast<plan::ShardIndex>(i);
      options.bind = {{base::IpAddress::v4(0x7f000001), 0}};
      options.seed = i + 1;
      options.on_events = [this] { tests::watch_this_thread(measuring_); };  // on the shard's thread
      for (size_t j = 0; j < n; ++j) {
        options.crossings.to.push_back(i == j ? nullptr : rings_[i * n + j].get());
        options.crossings.from.push_back(i == j ? nullptr : rings_[j * n + i].get());
      }
      threads_.push_back(server::ShardThread::create(std::move(options), certificate(0)).value());
    }
    std::vector<server::ShardThread*> all;
    for (auto& t : threads_) all.push_back(t.get());
    for (auto& t : threads_) t->start(all);
  }
  void TearDown() override {
    for (auto& t : threads_) t->stop();
  }

  Client& open(plan::ShardIndex shard) {
    const plan::PeerId id{shard, clients_.size() + 1};
    const plan::IceParameters local{"s" + std::to_string(id.number) + "xx", "server-password-of-22-chars"};
    const plan::IceParameters remote{"c" + std::to_string(id.number) + "xx", "caller-password-of-22-chars"};
    threads_[shard]->post(plan::OpenPeer{id, local});
    threads_[shard]->post(plan::SetRemote{id, {remote, {certificate(1).fingerprint()}, plan::DtlsRole::kServer}});
    const transport::Peer::Calling calling{remote,
                                           {local, {certificate(0).fingerprint()}, plan::DtlsRole::kClient},
                                           {threads_[shard]->bound()[0]},
                                           id.number};
    ids_.push_back(id);
    clients_.push_back(std::make_unique<Client>(context_, calling, id.number));
    return *clients_.back();
  }
  void publish() {
    auto& caller = open(0).caller();
    sim::Source::Options video;
    video.ssrc = base::Ssrc(1);
    video.payload_type = kVideoType;
    video.rtx_ssrc = base::Ssrc(2);
    video.rtx_payload_type = kRtxType;
    video.packets_a_frame = 8;
    video.uneven = true;
    caller.add_source(video);
    sim::Source::Options audio;
    audio.codec = plan::Codec::kOpus;
    audio.ssrc = base::Ssrc(3);
    audio.payload_type = kAudioType;
    audio.packets_a_frame = 1;
    audio.payload_size = 100;
    caller.add_source(audio);
    threads_[0]->post(plan::Publish{
        ids_.back(),
        publication_,
        {{plan::Kind::kAudio, "0", audio_codec(), sim::kCallerExtensions, {}, {{base::Ssrc(3), {}}}},
         {plan::Kind::kVideo, "1", video_codec(), sim::kCallerExtensions, {}, {{base::Ssrc(1), base::Ssrc(2)}}}}});
  }
  void watch(plan::ShardIndex shard) {
    auto& caller = open(shard).caller();
    const auto ssrc = static_cast<uint32_t>(100 * ids_.back().number);
    std::vector<plan::DownlinkTrack> lines{
        {plan::Kind::kAudio, "0", audio_codec(), plan::kDownlinkExtensions, base::Ssrc(ssrc), {}, "c"},
        {plan::Kind::kVideo, "1", video_codec(), plan::kDownlinkExtensions, base::Ssrc(ssrc + 1), base::Ssrc(ssrc + 2),
         "c"}};
    for (const auto& line : lines) caller.add_receiver(line);
    threads_[shard]->post(plan::Route{publication_, ids_.back(), lines});
  }

  // Until the condition holds, or a minute has passed.
  template <class Condition>
  bool run_until(Condition&& condition) {
    const auto end = io::now() + base::Duration::seconds(60);
    while (!condition() && io::now() < end)
      for (auto& client : clients_) client->turn();
    return condition();
  }
  uint64_t forwarded() const {
    uint64_t all = 0;
    for (const auto& t : threads_) all += t->snapshot().shard.packets_forwarded;
    return all;
  }
  uint64_t resent() const {
    uint64_t all = 0;
    for (const auto& t : threads_) all += t->snapshot().shard.resent;
    return all;
  }
  // Each thread is told on itself, by an event: that of a peer which connects.
  bool watch_threads(bool measuring) {
    measuring_ = measuring;
    const size_t first = clients_.size();
    for (size_t i = 0; i < threads_.size(); ++i) open(static_cast<plan::ShardIndex>(i));
    return run_until([&] {
      return std::all_of(clients_.begin() + static_cast<int64_t>(first), clients_.end(),
                         [](const auto& c) { return c->caller().connected(); });
    });
  }

  std::atomic<bool> measuring_{false};
  dtls::Context context_{certificate(1)};
  std::vector<std::unique_ptr<shard::CrossingRing>> rings_;
  std::vector<std::unique_ptr<server::ShardThread>> threads_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<plan::PeerId> ids_;
  const plan::PublicationId publication_{0, 9};
};

TEST_P(DataPath, AThreadAllocatesNothingForPacketsAndLocksNothing) {
  publish();
  for (size_t i = 0; i < 20; ++i) watch(static_cast<plan::ShardIndex>(i % GetParam()));
  ASSERT_TRUE(run_until([&] { return forwarded() > 20'000; }));
  ASSERT_TRUE(watch_threads(true));
  // The handshakes by which the threads were told are over a second later.
  const auto settled = io::now() + base::Duration::seconds(1);
  ASSERT_TRUE(run_until([&] { return io::now() > settled; }));

  const auto begin = io::now();
  const uint64_t packets = forwarded(), repaired = resent();
  const auto before = tests::counts();
  ASSERT_TRUE(run_until([&] { return forwarded() - packets >= kPackets; }));
  const auto after = tests::counts();
  const auto seconds = (io::now() - begin).to_seconds();
  EXPECT_GT(resent() - repaired, 100u);
  EXPECT_LE(after.allocations - before.allocations, kGrowths);
  // Its numbers for the metrics page, five times a second and thread, are the only thing it shares under a lock.
  const auto locks = static_cast<double>(after.locks - before.locks);
  EXPECT_GT(locks, 0);  // this thread is counted indeed
  EXPECT_LE(locks, (seconds * 5 + 2) * static_cast<double>(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Shards, DataPath, testing::Values(1, 2));

}  // namespace
}  // namespace heliograph
