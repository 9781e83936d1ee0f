// SPDX-License-Identifier: Apache-2.0
// Two peers back to back in memory; time jumps.
#include "transport/peer.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>

#include <openssl/srtp.h>
#include <openssl/ssl.h>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "rtcp/compound.h"
#include "rtcp/pli.h"
#include "rtp/header_writer.h"

namespace heliograph::transport {
namespace {

using base::Duration;
using base::Timestamp;
using Bytes = std::vector<uint8_t>;
using State = Peer::State;
using Content = Peer::Content;

const crypto::Certificate& certificate(size_t which) {
  static const auto made = [] {
    std::vector<crypto::Certificate> all;
    for (const auto* name : {"server", "caller", "stranger"})
      all.push_back(crypto::Certificate::generate(name, Duration::seconds(86'400), 1'800'000'000).value());
    return all;
  }();
  return made[which];
}

const plan::IceParameters kServerIce{"serv", "server-password-of-22-chars"};
const plan::IceParameters kCallerIce{"call", "caller-password-of-22-chars"};
const base::SocketAddress kServerAddress{base::IpAddress::v4(0x0a000001), 4000};
const base::SocketAddress kCallerAddress{base::IpAddress::v4(0x0a000002), 5000};
const base::SocketAddress kOtherAddress{base::IpAddress::v4(0xc0000201), 6000};

// One end with what its owner would give it.
struct End {
  explicit End(Peer p) : peer(std::move(p)) {}
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<End*>(context);
    for (const auto& m : batch.messages())
      for (size_t at = 0; at < m.size; at += m.segment) {
        const uint8_t* from = batch.block() + m.offset + at;
        self.sent.push_back({m.path, Bytes(from, from + std::min<size_t>(m.segment, m.size - at))});
      }
  }
  struct Sent {
    base::Path path;
    Bytes bytes;
  };
  Peer peer;
  Scratch scratch;
  Drops drops;
  std::deque<Sent> sent;
  base::SendBatch out{&End::drain, this};
  std::vector<std::pair<Content, Bytes>> arrived;
};

class Pair : public testing::Test {
 protected:
  // our_role: the server's.
  void open(plan::DtlsRole our_role = plan::DtlsRole::kServer, size_t caller_certificate = 1) {
    server_ = std::make_unique<End>(Peer(server_context_, kServerIce));
    contexts_.push_back(std::make_unique<dtls::Context>(certificate(caller_certificate)));
    const auto callers = our_role == plan::DtlsRole::kServer ? plan::DtlsRole::kClient : plan::DtlsRole::kServer;
    Peer::Calling calling{kCallerIce, {kServerIce, {certificate(0).fingerprint()}, callers}, {kServerAddress}, 3};
    caller_ = std::make_unique<End>(Peer(*contexts_.back(), calling, now_));
    remote_ = {kCallerIce, {certificate(1).fingerprint()}, our_role};
  }
  void describe() { server_->peer.set_remote(now_, remote_, server_->out, server_->scratch); }
  void connect(plan::DtlsRole our_role = plan::DtlsRole::kServer) {
    open(our_role);
    describe();
    run(Duration::seconds(2));
    ASSERT_EQ(server_->peer.state(now_), State::kConnected);
    ASSERT_EQ(caller_->peer.state(now_), State::kConnected);
  }

  void give(End& to, const base::Path& path, Bytes bytes) {
    const auto arrived = to.peer.receive(now_, {path, bytes}, to.out, to.scratch, to.drops);
    if (arrived.content != Content::kNone)
      to.arrived.emplace_back(arrived.content, Bytes(arrived.bytes.begin(), arrived.bytes.end()));
  }
  // Moves what was sent to the other end; lost(bytes) says what does not arrive.
  bool exchange() {
    server_->out.flush();
    caller_->out.flush();
    const bool any = !server_->sent.empty() || !caller_->sent.empty();
    while (!caller_->sent.empty()) {
      auto sent = std::move(caller_->sent.front());
      caller_->sent.pop_front();
      if (!lost_(sent.bytes)) give(*server_, {caller_address_, 0}, sent.bytes);
    }
    while (!server_->sent.empty()) {
      auto sent = std::move(server_->sent.front());
      server_->sent.pop_front();
      last_server_path_ = sent.path;
      if (sent.path.remote == caller_address_ && !lost_(sent.bytes)) give(*caller_, {kServerAddress, 0}, sent.bytes);
    }
    return any;
  }
  void run(Duration span) {
    const auto end = now_ + span;
    while (exchange()) {
    }
    while (now_ < end) {
      const auto next = std::min(server_->peer.next_time(), caller_->peer.next_time());
      now_ = std::min(end, std::max(next, now_ + Duration::millis(1)));
      server_->peer.on_time(now_, server_->out, server_->scratch);
      caller_->peer.on_time(now_, caller_->out, caller_->scratch);
      while (exchange()) {
      }
    }
  }

  // Another agent's checks, from kOtherAddress to socket 1, until one path is nominated.
  bool check(ice::Credentials local, ice::Credentials remote) {
    ice::ControllingAgent agent(std::move(local), std::move(remote), 8);
    agent.add_remote(now_, kServerAddress);
    ice::Out checks;
    for (int i = 0; i < 20 && !agent.selected(); ++i) {
      agent.on_time(now_, checks);
      for (const auto& c : std::exchange(checks, {}))
        give(*server_, {kOtherAddress, 1}, Bytes(c.bytes().begin(), c.bytes().end()));
      server_->out.flush();
      for (const auto& sent : std::exchange(server_->sent, {}))
        agent.receive(now_, sent.bytes, kServerAddress, 0, checks);
      now_ = now_ + Duration::millis(50);
    }
    return agent.selected().has_value();
  }

  static Bytes header(uint64_t index) {
    Bytes bytes(12);
    rtp::write_header(bytes, {.payload_type = base::PayloadType(96),
                              .sequence_number = static_cast<uint16_t>(index),
                              .ssrc = base::Ssrc(9)});
    return bytes;
  }
  static void send(End& from, uint64_t index, const Bytes& payload, const Bytes& prefix = {}) {
    from.peer.send_rtp(header(index), prefix, payload, index, from.out, from.drops);
  }
  static void send_pli(End& from) {
    Bytes bytes(100);
    rtcp::CompoundWriter out(bytes);
    out.append(rtcp::PictureLossIndication{{base::Ssrc(1), base::Ssrc(2)}});
    from.peer.send_rtcp(out.written(), from.out);
  }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  dtls::Context server_context_{certificate(0)};
  std::vector<std::unique_ptr<dtls::Context>> contexts_;
  std::unique_ptr<End> server_;
  std::unique_ptr<End> caller_;
  plan::RemoteTransport remote_;
  base::SocketAddress caller_address_ = kCallerAddress;
  base::Path last_server_path_;
  std::function<bool(const Bytes&)> lost_ = [](const Bytes&) { return false; };
};

class BothRoles : public Pair, public testing::WithParamInterface<plan::DtlsRole> {};

TEST_P(BothRoles, MediaAndFeedbackGoBothWays) {
  connect(GetParam());
  EXPECT_TRUE(server_->peer.can_send());
  for (auto* ends : {&server_, &caller_}) {
    End& from = **ends;
    End& to = ends == &server_ ? *caller_ : *server_;
    send(from, 5, {7, 8, 9}, {1, 2});
    send_pli(from);
    exchange();
    ASSERT_EQ(to.arrived.size(), 2u);
    EXPECT_EQ(to.arrived[0].first, Content::kRtp);
    EXPECT_EQ(Bytes(to.arrived[0].second.begin() + 12, to.arrived[0].second.end()), (Bytes{1, 2, 7, 8, 9}));
    EXPECT_EQ(to.arrived[1].first, Content::kRtcp);
    EXPECT_EQ(to.arrived[1].second[1], 206);
  }
}

TEST_P(BothRoles, HandshakesSurviveLoss) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    base::Rng rng(seed);
    lost_ = [&](const Bytes&) { return rng.chance(0.3); };
    open(GetParam());
    describe();
    run(Duration::seconds(20));
    EXPECT_EQ(server_->peer.state(now_), State::kConnected) << seed;
    EXPECT_EQ(caller_->peer.state(now_), State::kConnected) << seed;
  }
}

// The answer to our offer may overtake nothing and be overtaken by everything.
TEST_P(BothRoles, TheDescriptionMayComeAfterTheFirstPackets) {
  open(GetParam());
  run(Duration::millis(500));
  EXPECT_EQ(server_->peer.state(now_), State::kConnecting);
  EXPECT_TRUE(server_->peer.path()) << "checks are answered at once";
  describe();
  EXPECT_TRUE(exchange()) << "and nobody waits for a retransmission";
  while (exchange()) {
  }
  EXPECT_EQ(server_->peer.state(now_), State::kConnected);
}

// RFC 8122: who has another certificate is not who was described.
TEST_P(BothRoles, AnotherCertificateIsRefused) {
  open(GetParam(), 2);
  describe();
  run(Duration::seconds(2));
  EXPECT_EQ(server_->peer.state(now_), State::kDtlsFailed);
  EXPECT_FALSE(server_->peer.can_send());
}

// Before the first packet from the caller, when OpenSSL is still there, and after it.
TEST_P(BothRoles, GoodbyeIsHeard) {
  for (const bool packets : {false, true})
    for (const bool by_caller : {false, true}) {
      connect(GetParam());
      if (packets) {
        send(*caller_, 1, {1});
        send_pli(*server_);
        exchange();
      }
      End& closing = by_caller ? *caller_ : *server_;
      closing.peer.close(now_, closing.out, closing.scratch);
      exchange();
      EXPECT_EQ((by_caller ? server_ : caller_)->peer.state(now_), State::kDtlsClosed);
    }
}

// RFC 6347 section 4.2.4: a peer that is silent may still want our last flight again.
TEST_F(Pair, AForgedPacketIsNoReasonToReleaseTheHandshake) {
  connect();
  give(*server_, {kCallerAddress, 0}, Bytes(100, 0x80));
  EXPECT_EQ(server_->drops.forged, 1u);
  EXPECT_FALSE(server_->peer.handshake_released());
  send(*caller_, 1, {1});
  exchange();
  EXPECT_TRUE(server_->peer.handshake_released());
  EXPECT_EQ(server_->arrived.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Roles, BothRoles, testing::Values(plan::DtlsRole::kServer, plan::DtlsRole::kClient),
                         [](const auto& i) { return i.param == plan::DtlsRole::kServer ? "Passive" : "Active"; });

TEST_F(Pair, NothingIsSentBeforeThereIsAPath) {
  open(plan::DtlsRole::kClient);
  describe();
  server_->out.flush();
  EXPECT_TRUE(server_->sent.empty()) << "a ClientHello to nowhere";
}

TEST_F(Pair, OnlyAFlightOfEarlyDtlsIsKept) {
  open();
  const Bytes record(100, 22);
  for (int i = 0; i < 10'000; ++i) give(*server_, {kCallerAddress, 0}, record);
  describe();
  run(Duration::seconds(3));
  EXPECT_EQ(server_->peer.state(now_), State::kConnected);
}

// RFC 7983 section 7, and what fits none of it.
TEST_F(Pair, RubbishIsCountedByItsReason) {
  open();
  describe();
  auto& drops = server_->drops;
  const base::Path path{kCallerAddress, 0};
  give(*server_, path, {});
  give(*server_, path, {0x80});
  give(*server_, path, {64, 1, 2, 3});
  give(*server_, path, {19});
  give(*server_, path, {255, 1});
  give(*server_, path, Bytes(3000, 0x80));
  EXPECT_EQ(drops.malformed, 6u);
  give(*server_, path, Bytes(100, 0x80));
  EXPECT_EQ(drops.early, 1u);
  give(*server_, path, Bytes(20, 0));
  EXPECT_EQ(drops.unauthenticated, 1u);
  run(Duration::seconds(2));
  ASSERT_EQ(server_->peer.state(now_), State::kConnected);

  send(*caller_, 1, {1});
  caller_->out.flush();
  auto packet = caller_->sent.front().bytes;
  caller_->sent.clear();
  packet.back() ^= 1;
  give(*server_, path, packet);
  EXPECT_EQ(drops.forged, 1u);
  packet.back() ^= 1;
  give(*server_, path, packet);
  give(*server_, path, packet);
  EXPECT_EQ(drops.replayed, 1u);
  EXPECT_EQ(server_->arrived.size(), 1u);
  give(*server_, path, {0x80, 200, 0, 1, 2, 3});
  EXPECT_EQ(drops.forged, 2u);
}

TEST_F(Pair, NoiseBreaksNothing) {
  connect();
  base::Rng rng(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(rng.below(200));
    for (auto& b : noise) b = static_cast<uint8_t>(rng());
    give(*server_, {rng.chance(0.5) ? kCallerAddress : kOtherAddress, 0}, noise);
  }
  EXPECT_TRUE(server_->arrived.empty());
  server_->out.flush();
  server_->sent.clear();
  EXPECT_EQ(server_->peer.state(now_), State::kConnected);
  EXPECT_EQ(server_->peer.path()->remote, kCallerAddress);
  send(*caller_, 1, {1});
  exchange();
  EXPECT_EQ(server_->arrived.size(), 1u);
}

TEST_F(Pair, RtcpOfAFullDatagramIsRead) {
  connect();
  Bytes compound;
  while (compound.size() + 28 <= 1460) {  // receiver reports one after the other, over the 1,200 bytes that we send
    const size_t at = compound.size();
    compound.resize(at + 8);
    compound[at] = 0x80;
    compound[at + 1] = 201;
    compound[at + 3] = 1;
  }
  caller_->peer.send_rtcp(compound, caller_->out);
  exchange();
  ASSERT_EQ(server_->arrived.size(), 1u);
  EXPECT_EQ(server_->arrived[0].second, compound);
}

TEST_F(Pair, WhatIsLargerThanADatagramIsNotSentAndCounted) {
  connect();
  send(*server_, 1, Bytes(1500 - 12 - 16 + 1));
  server_->out.flush();
  EXPECT_TRUE(server_->sent.empty());
  EXPECT_EQ(server_->drops.oversized, 1u);
  send(*server_, 1, Bytes(1500 - 12 - 16));
  server_->out.flush();
  EXPECT_EQ(server_->sent.size(), 1u);
}

// RFC 8445 section 9.
// AES_CM with HMAC-SHA1 to many at once: tags are written late, but before a full batch drains itself, and nothing is
// overtaken.
TEST_F(Pair, TagsOfManyPacketsAreThereWhenTheyAreSent) {
  ASSERT_EQ(SSL_CTX_set_tlsext_use_srtp(server_context_.get(), "SRTP_AES128_CM_SHA1_80"), 0);
  open();
  describe();
  run(Duration::seconds(2));
  ASSERT_TRUE(server_->peer.can_send());
  crypto::HmacSha1Queue tags;
  constexpr uint64_t kPackets = 2'000;  // over two batches
  for (uint64_t index = 1; index <= kPackets; ++index) {
    const Bytes payload(index % 7 == 0 ? 90 : 1'100, static_cast<uint8_t>(index));
    server_->peer.send_rtp(header(index), {}, payload, index, server_->out, server_->drops, &tags);
    if (index % 100 == 50) send(*server_, ++index, payload);  // one that is whole at once, in between
  }
  EXPECT_FALSE(server_->sent.empty()) << "the batch was full before the end";
  exchange();
  EXPECT_TRUE(tags.empty());
  EXPECT_EQ(caller_->drops.forged, 0u);
  ASSERT_EQ(caller_->arrived.size(), kPackets);
  for (uint64_t i = 0; i < kPackets; ++i)
    ASSERT_EQ(base::load_be<uint16_t>(&caller_->arrived[i].second[2]), i + 1) << "in the order in which they were sent";
}

TEST_F(Pair, AnIceRestartKeepsTheKeys) {
  connect();
  send(*caller_, 1, {1});
  exchange();
  server_->peer.restart_ice({"new1", "new-password-of-22-characters"});
  run(Duration::seconds(6));
  EXPECT_EQ(server_->peer.state(now_), State::kConnected) << "old credentials are good until the new ones are used";
  auto fresh = remote_;
  fresh.ice = {"call2", "another-caller-password-22"};
  server_->peer.set_remote(now_, fresh, server_->out, server_->scratch);

  ASSERT_TRUE(check({"call2", "another-caller-password-22"}, {"new1", "new-password-of-22-characters"}));
  EXPECT_EQ(*server_->peer.path(), (base::Path{kOtherAddress, 1})) << "and media goes where the new checks came from";
  EXPECT_TRUE(server_->peer.knows({kOtherAddress, 1}));
  send(*caller_, 2, {1});
  exchange();
  EXPECT_EQ(server_->arrived.size(), 2u) << "the keys are the same";
}

// From Wi-Fi to mobile: the NAT gives another address, and the caller does not even know.
TEST_F(Pair, MediaFollowsTheCallerToAnotherNetwork) {
  connect();
  EXPECT_FALSE(server_->peer.knows({kOtherAddress, 0}));
  caller_address_ = kOtherAddress;
  send(*server_, 1, {1});
  exchange();
  EXPECT_EQ(last_server_path_.remote, kCallerAddress) << "until a check comes";
  run(Duration::seconds(20));
  EXPECT_TRUE(server_->peer.knows({kOtherAddress, 0}));
}

// RFC 7675 section 5.1, B-13.
TEST_F(Pair, ConsentRunsOutAndComesBack) {
  connect();
  lost_ = [](const Bytes&) { return true; };
  run(Duration::seconds(27));
  EXPECT_EQ(server_->peer.state(now_), State::kConnected);
  run(Duration::seconds(9));
  EXPECT_EQ(server_->peer.state(now_), State::kConsentExpired);
  EXPECT_EQ(caller_->peer.state(now_), State::kConsentExpired);
  ASSERT_TRUE(check({kCallerIce.ufrag, kCallerIce.pwd}, {kServerIce.ufrag, kServerIce.pwd}));
  EXPECT_EQ(server_->peer.state(now_), State::kConnected);
}

TEST_F(Pair, AHandshakeThatNobodyAnswersFails) {
  open();
  describe();
  lost_ = [](const Bytes& b) { return !b.empty() && b[0] >= 20 && b[0] <= 63; };
  run(Duration::seconds(40));
  EXPECT_EQ(server_->peer.state(now_), State::kDtlsFailed);
}

}  // namespace
}  // namespace heliograph::transport
