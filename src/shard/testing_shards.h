// SPDX-License-Identifier: Apache-2.0
// For tests: shards that hear each other, and callers who speak ICE, DTLS and SRTP with them, without a network.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "rtcp/compound.h"
#include "rtp/header_writer.h"
#include "shard/shard.h"

namespace heliograph::shard::testing_shards {

using base::Duration;
using base::Timestamp;
using Bytes = std::vector<uint8_t>;

inline const crypto::Certificate& certificate(size_t which) {
  static const auto made = [] {
    std::vector<crypto::Certificate> all;
    for (const auto* name : {"server", "caller"})
      all.push_back(crypto::Certificate::generate(name, Duration::seconds(86'400), 1'800'000'000).value());
    return all;
  }();
  return made[which];
}

inline base::SocketAddress address(uint32_t host) { return {base::IpAddress::v4(0x0a000000 + host), 5000}; }

using Sent = std::pair<base::Path, Bytes>;

struct Outbox {
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Outbox*>(context);
    for (const auto& m : batch.messages())
      for (size_t at = 0; at < m.size; at += m.segment) {
        const uint8_t* from = batch.block() + m.offset + at;
        self.sent.emplace_back(m.path, Bytes(from, from + std::min<size_t>(m.segment, m.size - at)));
      }
  }
  std::deque<Sent> take() {
    batch.flush();
    return std::exchange(sent, {});
  }
  std::deque<Sent> sent;
  base::SendBatch batch{&Outbox::drain, this};
};

struct Caller {
  Caller(plan::PeerId i, transport::Peer p, base::SocketAddress a) : id(i), peer(std::move(p)), self(a) {}
  plan::PeerId id;
  transport::Peer peer;
  base::SocketAddress self;
  Outbox out;
  transport::Scratch scratch;
  transport::Drops drops;
  std::vector<Bytes> rtp;
  std::vector<Bytes> rtcp;
  bool deaf = false;
};

inline plan::UplinkTrack uplink_track(plan::Codec codec = plan::Codec::kVp8) {
  plan::UplinkTrack t;
  t.kind = plan::kind_of(codec);
  t.mid = "0";
  t.codec.codec = codec;
  t.codec.payload_type = base::PayloadType(codec == plan::Codec::kOpus ? 111 : 96);
  t.codec.nack = t.codec.nack_pli = true;
  return t;
}
inline plan::DownlinkTrack downlink_track(uint32_t ssrc, plan::Codec codec = plan::Codec::kVp8) {
  plan::DownlinkTrack t;
  t.kind = plan::kind_of(codec);
  t.mid = "0";
  t.codec = uplink_track(codec).codec;
  t.extensions = plan::kDownlinkExtensions;
  t.ssrc = base::Ssrc(ssrc);
  t.cname = "c";
  return t;
}

class Shards : public testing::Test {
 protected:
  // bare: further ends of the rings, at which a test reads and writes itself.
  explicit Shards(size_t count = 2, size_t ring = 8, size_t bare = 0) : ends_(count + bare) {
    for (size_t i = 0; i < ends_ * ends_; ++i) rings_.push_back(std::make_unique<CrossingRing>(ring));
    for (size_t i = 0; i < count; ++i) {
      Crossings ends;
      for (size_t j = 0; j < ends_; ++j) {
        ends.to.push_back(i == j ? nullptr : &ring_between(i, j));
        ends.from.push_back(i == j ? nullptr : &ring_between(j, i));
      }
      shards_.push_back(std::make_unique<Shard>(static_cast<plan::ShardIndex>(i), certificate(0), 7 + i, ends));
      outs_.push_back(std::make_unique<Outbox>());
    }
  }

  CrossingRing& ring_between(size_t from, size_t to) { return *rings_[from * ends_ + to]; }
  void execute(size_t shard, const plan::Command& command) {
    shards_[shard]->execute(now_, command, outs_[shard]->batch);
  }
  void give(size_t shard, const base::Path& path, Bytes bytes) {
    base::Datagram datagram{path, bytes};
    shards_[shard]->receive(now_, {&datagram, 1}, outs_[shard]->batch);
  }

  Caller& open(plan::ShardIndex shard, uint32_t host) {
    const plan::PeerId id{shard, next_number_++};
    const plan::IceParameters local{"s" + std::to_string(id.number) + "xx", "server-password-of-22-chars"};
    const plan::IceParameters remote{"c" + std::to_string(id.number) + "xx", "caller-password-of-22-chars"};
    execute(shard, plan::OpenPeer{id, local});
    execute(shard, plan::SetRemote{id, {remote, {certificate(1).fingerprint()}, plan::DtlsRole::kServer}});
    const transport::Peer::Calling calling{
        remote, {local, {certificate(0).fingerprint()}, plan::DtlsRole::kClient}, {address(1000U + shard)}, id.number};
    callers_.push_back(std::make_unique<Caller>(id, transport::Peer(caller_context_, calling, now_), address(host)));
    return *callers_.back();
  }
  Caller& connect(plan::ShardIndex shard, uint32_t host) {
    Caller& caller = open(shard, host);
    run(Duration::millis(1500));
    EXPECT_TRUE(caller.peer.can_send());
    return caller;
  }

  // Callers' datagrams to shards and back. crossings: whether shards hear each other.
  void exchange(bool crossings = true) {
    for (int i = 0; i < 20; ++i) {
      for (auto& caller : callers_)
        for (auto& [path, bytes] : caller->out.take())
          if (!caller->deaf) give(caller->id.shard, {caller->self, 0}, bytes);
      for (size_t s = 0; s < shards_.size(); ++s) {
        if (crossings) shards_[s]->receive_crossings(now_, outs_[s]->batch);
        for (auto& event : shards_[s]->take_events()) events_.push_back(event);
        for (auto& [path, bytes] : outs_[s]->take()) deliver(path, bytes);
      }
    }
  }
  void deliver(const base::Path& path, Bytes& bytes) {
    for (auto& caller : callers_) {
      if (caller->self != path.remote || caller->deaf) continue;
      const auto got = caller->peer.receive(now_, {{address(1000U + caller->id.shard), 0}, bytes}, caller->out.batch,
                                            caller->scratch, caller->drops);
      if (got.content == transport::Peer::Content::kRtp) caller->rtp.emplace_back(got.bytes.begin(), got.bytes.end());
      if (got.content == transport::Peer::Content::kRtcp) caller->rtcp.emplace_back(got.bytes.begin(), got.bytes.end());
    }
  }
  void run(Duration span, bool crossings = true) {
    const auto end = now_ + span;
    exchange(crossings);
    while (now_ < end) {
      now_ = now_ + Duration::millis(10);
      for (auto& caller : callers_) caller->peer.on_time(now_, caller->out.batch, caller->scratch);
      for (size_t s = 0; s < shards_.size(); ++s)
        if (shards_[s]->next_time() <= now_)
          shards_[s]->on_time(now_, base::NtpTime{uint64_t{1} << 60}, outs_[s]->batch);
      exchange(crossings);
    }
  }

  void send(Caller& from, uint32_t ssrc, uint64_t index, bool keyframe, uint8_t type = 96, size_t filler = 20) {
    Bytes header(12);
    rtp::write_header(header, {.marker = true,
                               .payload_type = base::PayloadType(type),
                               .sequence_number = static_cast<uint16_t>(index),
                               .timestamp = static_cast<uint32_t>(index * 3000),
                               .ssrc = base::Ssrc(ssrc)});
    Bytes payload{0x10, static_cast<uint8_t>(keyframe ? 0 : 1)};  // RFC 7741: S, then P
    payload.resize(filler, static_cast<uint8_t>(index));
    from.peer.send_rtp(header, {}, payload, index, from.out.batch, from.drops);
  }
  template <class Block>
  void send_rtcp(Caller& from, const Block& block) {
    std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
    rtcp::CompoundWriter out(bytes);
    out.append(block);
    from.peer.send_rtcp(out.written(), from.out.batch);
  }
  static uint16_t number_of(const Bytes& rtp) { return base::load_be<uint16_t>(&rtp[2]); }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  size_t ends_;
  dtls::Context caller_context_{certificate(1)};
  std::vector<std::unique_ptr<CrossingRing>> rings_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Outbox>> outs_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<plan::Event> events_;
  uint64_t next_number_ = 1;
  const plan::PublicationId publication_{0, 100};
};

}  // namespace heliograph::shard::testing_shards
