// SPDX-License-Identifier: Apache-2.0
// A shard's share of a packet, without the kernel: a model publisher's video and audio, decrypted, kept, rewritten and
// encrypted for each viewer, into memory.
#ifdef HELIOGRAPH_SIM
#include <chrono>

#include <benchmark/benchmark.h>

#include "sim/world.h"

namespace heliograph {
namespace {

void ShardForward(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  sim::World world({.seed = 1, .shards = 1, .link = {}});
  const size_t publisher = world.publish({});
  for (int64_t i = 0; i < state.range(0); ++i) world.watch(publisher);
  world.run_for(base::Duration::seconds(3));
  Clock::duration inside{};
  Clock::time_point entered;
  world.on_shard_receive = [&](bool in) {
    if (in) {
      entered = Clock::now();
    } else {
      inside += Clock::now() - entered;
    }
  };
  const uint64_t before = world.shard(0).counters().packets_forwarded;
  for (auto _ : state) {
    inside = {};
    world.run_for(base::Duration::millis(100));
    state.SetIterationTime(std::chrono::duration<double>(inside).count());
  }
  state.SetItemsProcessed(static_cast<int64_t>(world.shard(0).counters().packets_forwarded - before));
}
BENCHMARK(ShardForward)->ArgName("viewers")->Arg(1)->Arg(20)->Arg(200)->UseManualTime()->Iterations(20);

}  // namespace
}  // namespace heliograph
#endif
