// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/rng.h"
#include "srtp/protector.h"
#include "srtp/unprotector.h"

namespace heliograph {
namespace {

using crypto::Backend;
using crypto::SrtpProfile;

constexpr size_t kHeaderSize = 12;
constexpr size_t kPayloadSize = 1100;

struct Setting {
  SrtpProfile profile;
  Backend backend;
};
// range(0): profile; range(1): back end. nullopt: not on this machine.
std::optional<Setting> setting(benchmark::State& state) {
  const Setting s{static_cast<SrtpProfile>(state.range(0)), static_cast<Backend>(state.range(1))};
  if (crypto::is_available(s.backend)) return s;
  state.SkipWithError("this back end is not available");
  return std::nullopt;
}

crypto::SrtpMasterKey key(uint64_t seed) {
  base::Rng rng(seed);
  crypto::SrtpMasterKey master;
  for (auto& byte : master.key) byte = static_cast<uint8_t>(rng());
  for (auto& byte : master.salt) byte = static_cast<uint8_t>(rng());
  return master;
}

std::array<uint8_t, kHeaderSize> header(uint64_t index) {
  std::array<uint8_t, kHeaderSize> h{0x80, 96};
  base::store_be(&h[2], static_cast<uint16_t>(index));
  base::store_be(&h[8], uint32_t{4711});
  return h;
}

// One packet for each of range(2) viewers in turn, so that every key comes from where it lies.
void Protect(benchmark::State& state) {
  const auto s = setting(state);
  if (!s) return;
  std::vector<srtp::Protector> viewers;
  for (int64_t i = 0; i < state.range(2); ++i)
    viewers.emplace_back(s->profile, key(static_cast<uint64_t>(i)), s->backend);
  const std::vector<uint8_t> payload(kPayloadSize, 0x5a);
  std::array<uint8_t, 1500> out;
  uint64_t index = 1;
  for (auto _ : state) {
    const auto h = header(index);
    for (auto& viewer : viewers) benchmark::DoNotOptimize(viewer.protect_rtp(h, {}, payload, index, out.data()));
    ++index;
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

void Unprotect(benchmark::State& state) {
  const auto s = setting(state);
  if (!s) return;
  constexpr uint64_t kPackets = 10'000;
  srtp::Protector protector(s->profile, key(1), s->backend);
  const std::vector<uint8_t> payload(kPayloadSize, 0x5a);
  std::vector<std::vector<uint8_t>> packets;
  for (uint64_t index = 1; index <= kPackets; ++index) {
    auto& packet = packets.emplace_back(1500);
    packet.resize(protector.protect_rtp(header(index), {}, payload, index, packet.data()));
  }
  std::optional<srtp::Unprotector> unprotector;
  std::array<uint8_t, 1500> out;
  size_t next = kPackets;
  for (auto _ : state) {
    if (next == kPackets) {  // again with an empty replay window
      state.PauseTiming();
      unprotector.emplace(s->profile, key(1), s->backend);
      next = 0;
      state.ResumeTiming();
    }
    const auto opened = unprotector->unprotect_rtp(packets[next++], out);
    CHECK(opened.has_value());
  }
  state.SetItemsProcessed(state.iterations());
}

void settings(benchmark::internal::Benchmark* b, const std::vector<int64_t>& viewers) {
  b->ArgNames({"profile", "ipsec_mb", "viewers"});
  for (const auto profile :
       {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm, SrtpProfile::kAes128CmHmacSha1_80})
    for (const auto backend : {Backend::kOpenSsl, Backend::kIpsecMb})
      for (const auto n : viewers) b->Args({static_cast<int64_t>(profile), static_cast<int64_t>(backend), n});
}
BENCHMARK(Protect)->Apply([](auto* b) { settings(b, {1, 1000}); });
BENCHMARK(Unprotect)->Apply([](auto* b) { settings(b, {1}); });

}  // namespace
}  // namespace heliograph
