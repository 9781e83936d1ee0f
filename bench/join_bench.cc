// SPDX-License-Identifier: Apache-2.0
// What one caller's arrival costs a shard: ICE's checks, the DTLS handshake, the SRTP keys. Only the server's end is
// timed; both ends live in this process.
#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "crypto/certificate.h"
#include "transport/peer.h"

namespace heliograph::bench {
namespace {

using base::Duration;
using base::Timestamp;
using Bytes = std::vector<uint8_t>;

const base::SocketAddress kServer{base::IpAddress::v4(0x0a000001), 5000};
const base::SocketAddress kCaller{base::IpAddress::v4(0x0a000002), 5000};

// Datagrams from one end to the other.
struct Wire {
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Wire*>(context);
    for (const auto& m : batch.messages())
      for (size_t at = 0; at < m.size; at += m.segment) {
        const uint8_t* from = batch.block() + m.offset + at;
        self.sent.emplace_back(from, from + std::min<size_t>(m.segment, m.size - at));
      }
  }
  std::vector<Bytes> take() {
    batch.flush();
    return std::exchange(sent, {});
  }
  std::vector<Bytes> sent;
  base::SendBatch batch{&Wire::drain, this};
};

// CPU seconds of this thread: other processes do not count.
double cpu_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Time of one end's calls.
struct Watch {
  template <class Work>
  void run(Work&& work) {
    const double begin = cpu_time();
    work();
    const double took = cpu_time() - begin;
    all += took;
    longest = std::max(longest, took);
  }
  double all = 0;
  double longest = 0;
};

class Arrival {
 public:
  Arrival()
      : server_certificate_(make("server")),
        caller_certificate_(make("caller")),
        server_context_(server_certificate_),
        caller_context_(caller_certificate_) {}

  // From the offer to keys at both ends; the server's part of it.
  Watch run() {
    Watch watch;
    const plan::IceParameters local{"serv", "server-password-of-22-chars"};
    const plan::IceParameters remote{"call", "caller-password-of-22-chars"};
    std::optional<transport::Peer> server;
    watch.run([&] {
      server.emplace(server_context_, local);
      server->set_remote(now_, {remote, {caller_certificate_.fingerprint()}, plan::DtlsRole::kServer}, down_.batch,
                         server_scratch_);
    });
    transport::Peer caller(
        caller_context_,
        {remote, {local, {server_certificate_.fingerprint()}, plan::DtlsRole::kClient}, {kServer}, ++seed_}, now_);
    while (!caller.can_send() || !server->can_send()) {
      now_ = now_ + Duration::millis(5);
      caller.on_time(now_, up_.batch, caller_scratch_);
      for (auto& bytes : up_.take())
        watch.run([&] { server->receive(now_, {{kCaller, 0}, bytes}, down_.batch, server_scratch_, drops_); });
      for (auto& bytes : down_.take()) caller.receive(now_, {{kServer, 0}, bytes}, up_.batch, caller_scratch_, drops_);
    }
    up_.take();
    return watch;
  }

 private:
  static crypto::Certificate make(const char* name) {
    return crypto::Certificate::generate(name, Duration::seconds(86'400), 1'800'000'000).value();
  }
  crypto::Certificate server_certificate_;
  crypto::Certificate caller_certificate_;
  dtls::Context server_context_;
  dtls::Context caller_context_;
  Timestamp now_ = Timestamp::from_micros(1'000'000);
  uint64_t seed_ = 0;
  Wire up_;
  Wire down_;
  transport::Scratch server_scratch_;
  transport::Scratch caller_scratch_;
  transport::Drops drops_;
};

// longest_step: what media may have to wait for, at the median of arrivals.
void join(benchmark::State& state) {
  Arrival arrival;
  std::vector<double> longest;
  for (auto _ : state) {
    const Watch watch = arrival.run();
    state.SetIterationTime(watch.all);
    longest.push_back(watch.longest);
  }
  std::ranges::nth_element(longest, longest.begin() + static_cast<ptrdiff_t>(longest.size() / 2));
  state.counters["longest_step_us"] = longest[longest.size() / 2] * 1e6;
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(join)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace heliograph::bench
