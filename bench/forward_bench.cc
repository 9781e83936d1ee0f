// SPDX-License-Identifier: Apache-2.0
// A shard's share of a packet, without the kernel: a model publisher's video and audio, decrypted, kept, rewritten and
// encrypted for each viewer, into memory.
#ifdef HELIOGRAPH_SIM
#include <chrono>
#include <utility>

#include <benchmark/benchmark.h>

#include "sim/world.h"

namespace heliograph {
namespace {

// The time that a shard takes, as World tells of it.
class Stopwatch {
 public:
  using Clock = std::chrono::steady_clock;

  Stopwatch(sim::World& world, size_t shard) {
    world.on_shard = [this, shard](size_t which, bool inside) {
      if (which != shard) return;
      inside ? void(entered_ = Clock::now()) : void(taken_ += Clock::now() - entered_);
    };
  }
  double take() { return std::chrono::duration<double>(std::exchange(taken_, {})).count(); }

 private:
  Clock::time_point entered_;
  Clock::duration taken_{};
};

// One publisher at home on shard 0, viewers on shard `there`; what shard `timed` does for 100 ms of media, an item what
// `count` counts.
void run(benchmark::State& state, plan::ShardIndex there, size_t timed, uint64_t shard::Counters::* count) {
  sim::World world({.seed = 1, .shards = size_t{there} + 1, .link = {}});
  const size_t publisher = world.publish({});
  for (int64_t i = 0; i < state.range(0); ++i) world.watch(publisher, there);
  world.run_for(base::Duration::seconds(3));
  const auto so_far = [&] { return world.shard(timed).counters().*count; };
  const uint64_t before = so_far();
  Stopwatch watch(world, timed);
  for (auto _ : state) {
    world.run_for(base::Duration::millis(100));
    state.SetIterationTime(watch.take());
  }
  state.SetItemsProcessed(static_cast<int64_t>(so_far() - before));
}

void ShardForward(benchmark::State& state) { run(state, 0, 0, &shard::Counters::packets_forwarded); }
BENCHMARK(ShardForward)->ArgName("viewers")->Arg(1)->Arg(20)->Arg(200)->UseManualTime()->Iterations(20);

// A packet that nobody watches: decrypted, kept, reported on.
void ShardReceive(benchmark::State& state) { run(state, 0, 0, &shard::Counters::packets_received); }
BENCHMARK(ShardReceive)->ArgName("viewers")->Arg(0)->UseManualTime()->Iterations(20);

// The same where all viewers are on another shard: what it takes more is one crossing's first half.
void ShardCross(benchmark::State& state) { run(state, 1, 0, &shard::Counters::packets_received); }
BENCHMARK(ShardCross)->ArgName("viewers")->Arg(1)->Arg(20)->UseManualTime()->Iterations(20);

// Forwarding there, the crossing's second half included: to one viewer it weighs most.
void ShardForwardThere(benchmark::State& state) { run(state, 1, 1, &shard::Counters::packets_forwarded); }
BENCHMARK(ShardForwardThere)->ArgName("viewers")->Arg(1)->Arg(20)->Arg(200)->UseManualTime()->Iterations(20);

}  // namespace
}  // namespace heliograph
#endif
