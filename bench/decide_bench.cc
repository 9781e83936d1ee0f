// SPDX-License-Identifier: Apache-2.0
// What is decided for each packet and viewer, and estimated for each packet and publisher.
#include <array>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/rng.h"
#include "bwe/remb_estimator.h"
#include "bwe/transport_feedback_builder.h"
#include "sfu/subscription.h"
#include "sfu/track.h"

namespace heliograph {
namespace {

constexpr base::Duration kPacketEvery = base::Duration::micros(3'333);  // 2.5 Mbit/s
constexpr size_t kPacketSize = 1100;

plan::DownlinkTrack line() {
  plan::DownlinkTrack t;
  t.kind = plan::Kind::kVideo;
  t.codec.codec = plan::Codec::kH264;
  t.codec.payload_type = base::PayloadType(102);
  t.extensions = plan::kDownlinkExtensions;
  t.ssrc = base::Ssrc(1);
  return t;
}

// One packet's way through a viewer's subscription: whether, under which numbers, and the header.
void SubscriptionDecision(benchmark::State& state) {
  base::Rng rng(1);
  sfu::Track track(plan::Codec::kH264);
  std::vector<sfu::Subscription> viewers;
  for (int64_t i = 0; i < state.range(0); ++i) viewers.emplace_back(line(), rng);
  for (auto& viewer : viewers) viewer.aim(0);
  const std::vector<uint8_t> payload(kPacketSize, 0x41);
  sfu::MediaPacket packet;
  packet.payload = payload;
  packet.keyframe = true;
  packet.arrival = base::Timestamp::from_micros(1'000'000);
  std::array<uint8_t, 64> header;
  for (auto _ : state) {
    ++packet.sequence;
    packet.arrival = packet.arrival + kPacketEvery;
    const auto* kept = track.append(packet);
    for (auto& viewer : viewers) {
      const auto rewrite = viewer.forward(track, *kept);
      CHECK(rewrite.has_value());
      benchmark::DoNotOptimize(viewer.write_header(*kept, *rewrite, header.data()));
    }
    packet.keyframe = false;
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SubscriptionDecision)->ArgName("viewers")->Arg(1)->Arg(200);

void RembEstimate(benchmark::State& state) {
  bwe::RembEstimator estimator;
  auto now = base::Timestamp::from_micros(1'000'000);
  for (auto _ : state) {
    now = now + kPacketEvery;
    estimator.on_packet(now, kPacketSize);
    if (now >= estimator.next_time()) benchmark::DoNotOptimize(estimator.on_time(now));
  }
}
BENCHMARK(RembEstimate);

// Every feedback that is due is built, too.
void TransportFeedback(benchmark::State& state) {
  bwe::TransportFeedbackBuilder builder(base::Ssrc(1));
  auto now = base::Timestamp::from_micros(1'000'000);
  uint16_t sequence = 0;
  for (auto _ : state) {
    now = now + kPacketEvery;
    builder.on_packet(now, sequence++, kPacketSize, base::Ssrc(2));
    if (now >= builder.next_time())
      while (const auto feedback = builder.on_time(now)) benchmark::DoNotOptimize(feedback->deltas.size());
  }
}
BENCHMARK(TransportFeedback);

}  // namespace
}  // namespace heliograph
