// SPDX-License-Identifier: Apache-2.0
// A server's peer in every state it passes through, with a real caller whose datagrams arrive, get lost, change or come
// twice between those of strangers. Nothing that was not sealed by the caller comes out.
#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "base/check.h"
#include "rtp/packet.h"
#include "transport/peer.h"

namespace {

using namespace heliograph;
using Bytes = std::vector<uint8_t>;

const crypto::Certificate& certificate() {
  static const auto made =
      crypto::Certificate::generate("fuzz", base::Duration::seconds(86'400), 1'800'000'000).value();
  return made;
}
const dtls::Context& context() {
  static const dtls::Context made(certificate());
  return made;
}

const plan::IceParameters kServer{"serv", "server-password-of-22-chars"};
const plan::IceParameters kCaller{"call", "caller-password-of-22-chars"};
const base::SocketAddress kServerAddress{base::IpAddress::v4(1), 1};
const base::SocketAddress kCallerAddress{base::IpAddress::v4(2), 2};

struct End {
  explicit End(transport::Peer p) : peer(std::move(p)) {}
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<End*>(context);
    for (const auto& m : batch.messages())
      for (size_t at = 0; at < m.size; at += m.segment) {
        const uint8_t* from = batch.block() + m.offset + at;
        self.sent.emplace_back(from, from + std::min<size_t>(m.segment, m.size - at));
      }
  }
  void flush() {
    out.flush();
    while (sent.size() > 64) sent.pop_front();
  }
  transport::Peer peer;
  transport::Scratch scratch;
  transport::Drops drops;
  std::deque<Bytes> sent;
  base::SendBatch out{&End::drain, this};
};

class World {
 public:
  explicit World(bool active) {
    const auto ours = active ? plan::DtlsRole::kClient : plan::DtlsRole::kServer;
    const auto theirs = active ? plan::DtlsRole::kServer : plan::DtlsRole::kClient;
    remote_ = {kCaller, {certificate().fingerprint()}, ours};
    server_.emplace(transport::Peer(context(), kServer));
    caller_.emplace(transport::Peer(
        context(), {kCaller, {kServer, {certificate().fingerprint()}, theirs}, {kServerAddress}, 1}, now_));
  }

  void step(base::ByteReader& in) {
    const uint8_t action = in.u8();
    if (action < 40) return wait(in.u8());
    if (action < 44) return server_->peer.set_remote(now_, remote_, server_->out, server_->scratch);
    if (action < 46) return server_->peer.restart_ice({"new", "new-password-of-22-characters"});
    if (action < 48) return server_->peer.close(now_, server_->out, server_->scratch);
    if (action < 100) return stranger(in);
    if (action < 130) return seal(in);
    if (action < 200) return deliver(in, action);
    if (action < 205) return connect();
    answer(action);
  }

 private:
  void wait(uint8_t ms) {
    now_ = now_ + base::Duration::millis(ms * 8);
    server_->peer.on_time(now_, server_->out, server_->scratch);
    caller_->peer.on_time(now_, caller_->out, caller_->scratch);
  }
  // All that fits between now and a connection, if nothing is in the way.
  void connect() {
    server_->peer.set_remote(now_, remote_, server_->out, server_->scratch);
    for (int i = 0; i < 40 && !(server_->peer.can_send() && caller_->peer.can_send()); ++i) {
      wait(7);
      for (caller_->flush(); !caller_->sent.empty(); caller_->flush()) {
        receive(caller_->sent.front(), kCallerAddress);
        caller_->sent.pop_front();
      }
      for (int j = 0; j < 64; ++j) answer(0);
    }
  }
  void stranger(base::ByteReader& in) {
    const uint8_t size = in.u8();
    const auto bytes = in.bytes(std::min<size_t>(size, in.left()));
    receive(Bytes(bytes.begin(), bytes.end()), (size & 1) != 0 ? kCallerAddress : kServerAddress);
  }
  // The caller seals a packet of its own.
  void seal(base::ByteReader& in) {
    if (!caller_->peer.can_send()) return;
    const auto payload = in.bytes(std::min<size_t>(in.u8(), in.left()));
    std::array<uint8_t, 12> header{0x80, 96, static_cast<uint8_t>(index_ >> 8), static_cast<uint8_t>(index_)};
    caller_->peer.send_rtp(header, {}, payload, index_++, caller_->out, caller_->drops);
    Bytes whole(header.begin(), header.end());
    whole.insert(whole.end(), payload.begin(), payload.end());
    sealed_.insert(std::move(whole));
  }
  void deliver(base::ByteReader& in, uint8_t action) {
    caller_->flush();
    if (caller_->sent.empty()) return;
    auto bytes = caller_->sent.front();
    if ((action & 3) != 0) caller_->sent.pop_front();  // else it comes again
    if ((action & 12) == 12 && !bytes.empty()) bytes[in.u16() % bytes.size()] ^= in.u8();
    receive(std::move(bytes), kCallerAddress);
  }
  void answer(uint8_t action) {
    server_->flush();
    if (server_->sent.empty()) return;
    auto bytes = server_->sent.front();
    server_->sent.pop_front();
    if ((action & 7) == 7) return;
    caller_->peer.receive(now_, {{kServerAddress, 0}, bytes}, caller_->out, caller_->scratch, caller_->drops);
  }
  void receive(Bytes bytes, const base::SocketAddress& from) {
    const auto before = server_->peer.path();
    const auto got = server_->peer.receive(now_, {{from, 0}, bytes}, server_->out, server_->scratch, server_->drops);
    if (got.content == transport::Peer::Content::kRtp) {
      CHECK(server_->peer.can_send() && sealed_.erase(Bytes(got.bytes.begin(), got.bytes.end())) == 1);
    }
    CHECK(got.content != transport::Peer::Content::kRtcp);  // the caller sends none
    CHECK(!before || server_->peer.path());
    server_->out.flush();
  }

  base::Timestamp now_ = base::Timestamp::from_micros(1'000'000);
  plan::RemoteTransport remote_;
  std::optional<End> server_;
  std::optional<End> caller_;
  uint64_t index_ = 1;
  std::multiset<Bytes> sealed_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  World world((data[0] & 1) != 0);
  base::ByteReader in(base::ConstBytes(data, size).subspan(1));
  for (int steps = 0; in.left() > 0 && steps < 400; ++steps) world.step(in);
  return 0;
}
