// SPDX-License-Identifier: Apache-2.0
// For tests: two endpoints and what lies between them, in virtual time, from a seed.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "dtls/endpoint.h"

namespace heliograph::dtls::testing {

inline const crypto::Certificate& certificate(size_t which) {
  static const auto made = [] {
    constexpr auto kDay = base::Duration::seconds(86'400);
    std::vector<crypto::Certificate> certificates;
    for (const auto* name : {"client", "server", "stranger"})
      certificates.push_back(crypto::Certificate::generate(name, kDay, 1'800'000'000).value());
    return certificates;
  }();
  return made[which];
}

struct Weather {
  double loss = 0;
  double duplication = 0;
  base::Duration delay = base::Duration::millis(10);
  base::Duration jitter;  // reorders
};

class Network {
 public:
  Network(Endpoint client, Endpoint server, Weather weather, uint64_t seed)
      : ends_{std::move(client), std::move(server)}, weather_(weather), rng_(seed) {}

  Endpoint& client() { return ends_[0]; }
  Endpoint& server() { return ends_[1]; }
  base::Timestamp now() const { return now_; }
  size_t sent() const { return sent_; }
  size_t largest() const { return largest_; }
  void set_weather(Weather weather) { weather_ = weather; }

  void start() {
    for (size_t end : {1u, 0u}) act(end, [&](Datagrams& out) { ends_[end].start(now_, out); });
  }
  void close(size_t end) {
    act(end, [&](Datagrams& out) { ends_[end].close(now_, out); });
  }

  // Jumps from event to event until both ends are in their final state of the handshake, or until `limit` has passed.
  void run(base::Duration limit) {
    const auto until = now_ + limit;
    while (step(until)) {
    }
  }

 private:
  struct Flying {
    size_t to;
    std::vector<uint8_t> bytes;
  };

  bool step(base::Timestamp until) {
    const auto arrival = flying_.empty() ? base::Timestamp::never() : flying_.begin()->first;
    const auto next = std::min({arrival, ends_[0].next_time(), ends_[1].next_time()});
    if (next > until || next.is_never()) return now_ = std::max(now_, until), false;
    now_ = std::max(now_, next);
    if (arrival <= now_) return arrive(), true;
    for (size_t end : {0u, 1u})
      if (ends_[end].next_time() <= now_) act(end, [&](Datagrams& out) { ends_[end].on_time(now_, out); });
    return true;
  }

  void arrive() {
    const auto flying = std::move(flying_.begin()->second);
    flying_.erase(flying_.begin());
    act(flying.to, [&](Datagrams& out) { ends_[flying.to].receive(now_, flying.bytes, out); });
  }

  void act(size_t end, auto&& action) {
    Datagrams out;
    action(out);
    for (auto& datagram : out) send(1 - end, std::move(datagram));
  }

  void send(size_t to, std::vector<uint8_t> bytes) {
    ++sent_;
    largest_ = std::max(largest_, bytes.size());
    if (rng_.chance(weather_.loss)) return;
    const int copies = rng_.chance(weather_.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto extra =
          base::Duration::micros(static_cast<int64_t>(rng_.below(static_cast<uint64_t>(weather_.jitter.us()) + 1)));
      flying_.emplace(now_ + weather_.delay + extra, Flying{to, bytes});
    }
  }

  Endpoint ends_[2];
  Weather weather_;
  base::Rng rng_;
  base::Timestamp now_ = base::Timestamp::from_micros(1'000'000);
  std::multimap<base::Timestamp, Flying> flying_;
  size_t sent_ = 0;
  size_t largest_ = 0;
};

}  // namespace heliograph::dtls::testing
