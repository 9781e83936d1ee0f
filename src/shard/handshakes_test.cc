// SPDX-License-Identifier: Apache-2.0
// Handshakes come after media, one step at a time, and whoever sends many of them disturbs nobody.
#include <algorithm>
#include <set>

#include "gtest/gtest.h"
#include "shard/testing_shards.h"

namespace heliograph::shard {
namespace {

using namespace testing_shards;  // NOLINT

bool is_dtls(const Bytes& d) { return !d.empty() && d[0] >= 20 && d[0] <= 63; }
bool is_rtp(const Bytes& d) { return !d.empty() && d[0] >= 128 && d[0] <= 191; }

class Handshakes : public Shards {
 protected:
  Handshakes() : Shards(1) {}

  Shard& shard() { return *shards_[0]; }
  Outbox& out() { return *outs_[0]; }
  void on_time() { shard().on_time(now_, base::NtpTime{uint64_t{1} << 60}, out().batch); }
  bool works_at_once() const { return shards_[0]->next_time() <= now_; }
  // Works off what waits; how many steps that took.
  size_t drain() {
    size_t steps = 0;
    for (; shard().next_time() == Timestamp() && steps < 10'000; ++steps) on_time();
    return steps;
  }
  // ICE is done with, and DTLS about to begin: the caller's ClientHello, which nobody was given.
  std::vector<Bytes> hello_of(Caller& caller) {
    std::vector<Bytes> hello;
    for (int i = 0; i < 100 && hello.empty(); ++i) {
      now_ = now_ + Duration::millis(10);
      caller.peer.on_time(now_, caller.out.batch, caller.scratch);
      for (auto& [path, bytes] : caller.out.take())
        is_dtls(bytes) ? hello.push_back(bytes) : give(0, {caller.self, 0}, bytes);
      for (auto& [path, bytes] : out().take()) deliver(path, bytes);
      for (auto& [path, bytes] : caller.out.take())
        is_dtls(bytes) ? hello.push_back(bytes) : give(0, {caller.self, 0}, bytes);
    }
    EXPECT_EQ(hello.size(), 1u);
    out().take();
    return hello;
  }
  // What one read of a socket might bring.
  void give_all(std::vector<Sent>& all) {
    std::vector<base::Datagram> batch;
    for (auto& [path, bytes] : all) batch.push_back({path, bytes});
    shard().receive(now_, batch, out().batch);
  }
  Caller& publish() {
    Caller& publisher = connect(0, 1);
    execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
    return publisher;
  }
  Caller& watch() {
    Caller& viewer = connect(0, 2);
    execute(0, plan::Route{publication_, viewer.id, {downlink_track(50)}});
    return viewer;
  }
};

TEST_F(Handshakes, MediaBehindThemInABatchIsSentBeforeThem) {
  Caller& publisher = publish();
  watch();
  std::vector<Sent> batch;
  for (uint32_t host = 10; host < 40; ++host)
    for (const auto& hello : hello_of(open(0, host))) batch.emplace_back(base::Path{address(host), 0}, hello);
  send(publisher, 5, 1, true);
  for (const auto& [path, bytes] : publisher.out.take()) batch.emplace_back(base::Path{publisher.self, 0}, bytes);

  give_all(batch);
  EXPECT_EQ(out().batch.messages().size(), 1u) << "the packet for the viewer, and no answer yet";
  EXPECT_TRUE(works_at_once());
  on_time();
  ASSERT_GE(out().sent.size(), 1u) << "flushed before the first step";
  EXPECT_TRUE(std::ranges::all_of(out().sent, [](const Sent& s) { return !is_dtls(s.second); }));
  EXPECT_TRUE(std::ranges::any_of(out().sent, [](const Sent& s) { return is_rtp(s.second); }));
  const auto after = out().take();
  EXPECT_TRUE(is_dtls(after.back().second)) << "the first step's answer";
}

TEST_F(Handshakes, AreWorkedOffOneByOne) {
  std::vector<Sent> batch;
  for (uint32_t host = 10; host < 20; ++host)
    for (const auto& hello : hello_of(open(0, host))) batch.emplace_back(base::Path{address(host), 0}, hello);
  give_all(batch);
  for (uint32_t host = 10; host < 20; ++host) {
    ASSERT_EQ(shard().next_time(), Timestamp()) << "at once";
    on_time();
    for (const auto& [path, bytes] : out().take()) EXPECT_EQ(path.remote, address(host));
  }
  EXPECT_GT(shard().next_time(), Timestamp());
}

TEST_F(Handshakes, AHundredAtOnceAllSucceed) {
  std::vector<Caller*> callers;
  for (uint32_t host = 10; host < 110; ++host) callers.push_back(&open(0, host));
  for (int i = 0; i < 100; ++i) {
    now_ = now_ + Duration::millis(10);
    for (auto& caller : callers_) caller->peer.on_time(now_, caller->out.batch, caller->scratch);
    exchange();
    drain();
    exchange();
  }
  for (Caller* caller : callers) EXPECT_TRUE(caller->peer.can_send());
  EXPECT_EQ(events_.size(), callers.size());
  EXPECT_EQ(shard().counters().handshakes_lost, 0u);
}

TEST_F(Handshakes, DoNotBeginInTheCommandThatDescribesThePeer) {
  const plan::PeerId id{0, 77};
  const plan::IceParameters local{"s77x", "server-password-of-22-chars"};
  const plan::IceParameters remote{"c77x", "caller-password-of-22-chars"};
  execute(0, plan::OpenPeer{id, local});
  const transport::Peer::Calling calling{
      remote, {local, {certificate(0).fingerprint()}, plan::DtlsRole::kClient}, {address(1000)}, 1};
  callers_.push_back(std::make_unique<Caller>(id, transport::Peer(caller_context_, calling, now_), address(5)));
  Caller& caller = *callers_.back();
  for (auto& hello : hello_of(caller)) give(0, {caller.self, 0}, hello);
  drain();
  EXPECT_TRUE(out().take().empty()) << "nobody knows yet whom to expect";

  execute(0, plan::SetRemote{id, {remote, {certificate(1).fingerprint()}, plan::DtlsRole::kServer}});
  EXPECT_TRUE(out().take().empty()) << "and none is done by a command";
  EXPECT_EQ(drain(), 1u);
  EXPECT_FALSE(out().batch.messages().empty());
  run(Duration::millis(200));
  EXPECT_TRUE(caller.peer.can_send());
}

TEST_F(Handshakes, OfAPeerThatWasClosedAreForgotten) {
  Caller& caller = open(0, 5);
  for (auto& hello : hello_of(caller)) give(0, {caller.self, 0}, hello);
  ASSERT_EQ(shard().next_time(), Timestamp());
  execute(0, plan::ClosePeer{caller.id});
  EXPECT_GT(shard().next_time(), Timestamp());
  on_time();
  EXPECT_EQ(shard().peer_count(), 0u);
}

// A peer that floods: bounded, counted, and the others shake hands and watch beside it.
TEST_F(Handshakes, AFloodOfOneDisturbsNobody) {
  Caller& publisher = publish();
  Caller& viewer = watch();
  Caller& hostile = connect(0, 3);
  Caller& newcomer = open(0, 4);
  base::Rng rng(1);
  uint64_t given = 0;
  for (uint64_t round = 1; round <= 100; ++round) {
    now_ = now_ + Duration::millis(10);
    for (int i = 0; i < 50; ++i, ++given) {
      Bytes junk(1 + rng.below(1400), static_cast<uint8_t>(rng.u32()));
      junk[0] = static_cast<uint8_t>(20 + rng.below(44));
      give(0, {hostile.self, 0}, junk);
    }
    for (auto& caller : callers_) caller->peer.on_time(now_, caller->out.batch, caller->scratch);
    send(publisher, 5, round, round == 1);
    exchange();
    ASSERT_EQ(viewer.rtp.size(), round);
    for (size_t i = 0; i < HandshakeQueue::kNewcomersTurn; ++i) on_time();
    exchange();
  }
  EXPECT_TRUE(newcomer.peer.can_send());
  EXPECT_TRUE(viewer.peer.can_send());
  EXPECT_GT(shard().counters().handshakes_lost, given / 2);
  EXPECT_LE(drain(), HandshakeQueue::kMaxOfPeer);
}

// More peers that are due at once than may keep media waiting: the rest has its turn right after.
TEST_F(Handshakes, ManyPeersThatAreDueAtOnceTakeTurns) {
  constexpr size_t kPeers = Shard::kPeersATime + 40;
  for (uint32_t i = 0; i < kPeers; ++i) open(0, 100 + i);
  for (auto& caller : callers_) {
    for (auto& hello : hello_of(*caller)) give(0, {caller->self, 0}, hello);
    drain();
    out().take();
  }
  now_ = now_ + Duration::seconds(2);  // every flight is to be repeated
  std::set<base::Path> repeated;
  for (int i = 0; works_at_once() && i < 10; ++i) {
    on_time();
    const size_t before = repeated.size();
    for (const auto& [path, bytes] : out().take()) repeated.insert(path);
    EXPECT_LE(repeated.size() - before, Shard::kPeersATime);
  }
  EXPECT_FALSE(works_at_once());
  EXPECT_EQ(repeated.size(), kPeers);
}

}  // namespace
}  // namespace heliograph::shard
