// SPDX-License-Identifier: Apache-2.0
// Two DTLS endpoints with a hostile network between them, which the input plays: it delivers, drops, repeats, changes
// and invents datagrams, lets time pass, and has ends give OpenSSL's memory back. Whatever it does, two connected ends
// have the same keys, and the goodbye of one ends the other.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/endpoint.h"

namespace {

using namespace heliograph;
using base::Duration;

constexpr size_t kMaxQueued = 64;

crypto::Certificate make_certificate(const char* name) {
  return crypto::Certificate::generate(name, Duration::seconds(86'400), 1'800'000'000).value();
}

struct Side {
  explicit Side(const char* name) : certificate(make_certificate(name)), context(certificate) {}
  crypto::Certificate certificate;
  dtls::Context context;
};

class HostileNetwork {
 public:
  HostileNetwork(const Side& client, const Side& server)
      : ends_{{client.context, dtls::Role::kClient, {server.certificate.fingerprint()}},
              {server.context, dtls::Role::kServer, {client.certificate.fingerprint()}}} {
    for (const size_t end : {1u, 0u}) act(end, [&](auto& out) { ends_[end].start(now_, out); });
  }

  void play(base::ByteReader script) {
    while (script.left() != 0) step(script);
    if (!connected()) return;
    const auto* a = ends_[0].srtp_keys();
    const auto* b = ends_[1].srtp_keys();
    CHECK(a != nullptr && b != nullptr && a->local.key == b->remote.key && a->remote.key == b->local.key);
    say_goodbye(steps_ & 1);
  }

 private:
  using Datagram = std::vector<uint8_t>;

  void step(base::ByteReader& script) {
    const uint8_t action = script.u8();
    ++steps_;
    const size_t to = action & 1;
    auto& queue = queues_[to];
    switch (action >> 1 & 7) {
      case 0:
        return invent(to, script);
      case 1:
        return pass(script.u16());
      case 2:
        return queue.empty() ? void() : queue.pop_front();
      case 3:
        return queue.empty() ? void() : deliver(to, queue.front());  // it stays: a duplicate
      case 4:
        return change(queue, script);
      case 5:
        return queue.size() < 2 ? void() : std::swap(queue[0], queue[1]);
      case 7:
        return connected() ? ends_[to].release() : void();  // or the peer would not have the last flight
      default:
        return deliver_first(to);
    }
  }

  bool connected() const {
    return std::ranges::all_of(ends_, [](const auto& e) { return e.state() == dtls::State::kConnected; });
  }
  void say_goodbye(size_t from) {
    dtls::Datagrams out, answer;
    ends_[from].close(now_, out);
    CHECK(out.size() == 1);
    ends_[1 - from].receive(now_, out[0], answer);
    CHECK(ends_[1 - from].state() == dtls::State::kClosed && answer.size() == 1);
  }
  void deliver(size_t to, Datagram datagram) {
    act(to, [&](auto& out) { ends_[to].receive(now_, datagram, out); });
  }
  void deliver_first(size_t to) {
    if (queues_[to].empty()) return;
    auto datagram = std::move(queues_[to].front());
    queues_[to].pop_front();
    deliver(to, std::move(datagram));
  }
  void invent(size_t to, base::ByteReader& script) {
    const auto bytes = script.bytes(std::min<size_t>(script.u8() * size_t{4}, script.left()));
    deliver(to, {bytes.begin(), bytes.end()});
  }
  void change(std::deque<Datagram>& queue, base::ByteReader& script) {
    const size_t at = script.u16();
    const uint8_t bits = script.u8();
    if (!queue.empty() && !queue.front().empty()) queue.front()[at % queue.front().size()] ^= bits;
  }
  void pass(uint16_t milliseconds) {
    now_ = now_ + Duration::millis(milliseconds);
    for (const size_t end : {0u, 1u})
      if (ends_[end].next_time() <= now_) act(end, [&](auto& out) { ends_[end].on_time(now_, out); });
  }
  void act(size_t end, auto&& action) {
    dtls::Datagrams out;
    action(out);
    for (auto& datagram : out) {
      CHECK(datagram.size() <= dtls::Endpoint::kMaxDatagram);
      if (queues_[1 - end].size() < kMaxQueued) queues_[1 - end].push_back(std::move(datagram));
    }
  }

  dtls::Endpoint ends_[2];
  std::deque<Datagram> queues_[2];
  base::Timestamp now_ = base::Timestamp::from_micros(1);
  size_t steps_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Side client("client");
  static const Side server("server");
  HostileNetwork(client, server).play(base::ByteReader({data, size}));
  return 0;
}
