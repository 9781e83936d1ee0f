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

constexpr size_t kHeaderSize = 24;  // as a viewer's packets have: twelve bytes, and two extensions in three words
constexpr size_t kVideo = 1100;
constexpr size_t kAudio = 100;

struct Setting {
  SrtpProfile profile;
  Backend backend;
  size_t keys;
  size_t size;
};
// range(0): profile; range(1): back end; range(2): keys; range(3): bytes of payload. nullopt: not on this machine.
std::optional<Setting> setting(benchmark::State& state) {
  const Setting s{static_cast<SrtpProfile>(state.range(0)), static_cast<Backend>(state.range(1)),
                  static_cast<size_t>(state.range(2)), static_cast<size_t>(state.range(3))};
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
  std::array<uint8_t, kHeaderSize> h{0x90, 96};
  base::store_be(&h[2], static_cast<uint16_t>(index));
  base::store_be(&h[8], uint32_t{4711});
  base::store_be(&h[12], uint32_t{0xBEDE'0002});  // RFC 8285 section 4.2: two words of extensions
  return h;
}

std::vector<srtp::Protector> protectors(const Setting& s) {
  std::vector<srtp::Protector> all;
  all.reserve(s.keys);
  for (size_t i = 0; i < s.keys; ++i) all.emplace_back(s.profile, key(i), s.backend);
  return all;
}

// One packet for each key in turn, so that every key comes from where it lies.
void Protect(benchmark::State& state) {
  const auto s = setting(state);
  if (!s) return;
  auto viewers = protectors(*s);
  const std::vector<uint8_t> payload(s->size, 0x5a);
  std::array<uint8_t, 1500> out;
  uint64_t index = 1;
  for (auto _ : state) {
    const auto h = header(index);
    for (auto& viewer : viewers) benchmark::DoNotOptimize(viewer.protect_rtp(h, {}, payload, index, out.data()));
    ++index;
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

// As a shard does: a frame of nine packets to each viewer, one behind the other in a block; tags may come later.
void ProtectFrame(benchmark::State& state) {
  const auto s = setting(state);
  if (!s) return;
  constexpr uint64_t kFrame = 9;
  auto viewers = protectors(*s);
  const std::vector<uint8_t> payload(s->size, 0x5a);
  std::vector<uint8_t> block(size_t{1} << 20);
  crypto::HmacSha1Queue tags(s->backend);
  uint64_t index = 1;
  for (auto _ : state) {
    size_t used = 0;
    for (auto& viewer : viewers)
      for (uint64_t i = 0; i < kFrame; ++i) {
        if (used + 1500 > block.size()) {
          tags.finish();
          used = 0;
        }
        used += viewer.protect_rtp(header(index + i), {}, payload, index + i, &block[used], &tags);
      }
    tags.finish();
    benchmark::ClobberMemory();
    index += kFrame;
  }
  state.SetItemsProcessed(state.iterations() * state.range(2) * static_cast<int64_t>(kFrame));
}

// One packet from each of so many publishers in turn.
void Unprotect(benchmark::State& state) {
  const auto s = setting(state);
  if (!s) return;
  constexpr uint64_t kPackets = 1'000;
  auto publishers = protectors(*s);
  const std::vector<uint8_t> payload(s->size, 0x5a);
  std::vector<srtp::Unprotector> unprotectors;
  unprotectors.reserve(s->keys);
  std::vector<std::array<uint8_t, 1500>> packets(s->keys);
  std::vector<size_t> sizes(s->keys);
  std::array<uint8_t, 1500> out;
  uint64_t index = kPackets;
  for (auto _ : state) {
    state.PauseTiming();
    if (index++ == kPackets) {
      unprotectors.clear();
      for (size_t i = 0; i < s->keys; ++i) unprotectors.emplace_back(s->profile, key(i), s->backend);
      index = 1;
    }
    for (size_t i = 0; i < s->keys; ++i)
      sizes[i] = publishers[i].protect_rtp(header(index), {}, payload, index, packets[i].data());
    state.ResumeTiming();
    for (size_t i = 0; i < s->keys; ++i)
      CHECK(unprotectors[i].unprotect_rtp(base::ConstBytes(packets[i]).first(sizes[i]), out).has_value());
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

void settings(benchmark::internal::Benchmark* b, const std::vector<int64_t>& keys) {
  b->ArgNames({"profile", "ipsec_mb", "keys", "bytes"});
  for (const auto profile :
       {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm, SrtpProfile::kAes128CmHmacSha1_80})
    for (const auto backend : {Backend::kOpenSsl, Backend::kIpsecMb})
      for (const auto n : keys)
        for (const auto size : {kVideo, kAudio})
          b->Args({static_cast<int64_t>(profile), static_cast<int64_t>(backend), n, static_cast<int64_t>(size)});
}
BENCHMARK(Protect)->Apply([](auto* b) { settings(b, {1, 1000}); });
BENCHMARK(ProtectFrame)->Apply([](auto* b) { settings(b, {1, 1000}); });
BENCHMARK(Unprotect)->Apply([](auto* b) { settings(b, {1000}); });

}  // namespace
}  // namespace heliograph
