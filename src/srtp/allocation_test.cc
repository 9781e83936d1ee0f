// SPDX-License-Identifier: Apache-2.0
// Counts every allocation of the program, OpenSSL's too, while packets are protected and opened.
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include "srtp/protector.h"
#include "srtp/testing_packets.h"
#include "srtp/unprotector.h"

namespace {

std::atomic<size_t> allocations = 0;

void* counted(size_t size, size_t alignment) {
  ++allocations;
  const size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (void* p = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) return p;
  throw std::bad_alloc();
}
void* counted_malloc(size_t size, const char*, int) { return ++allocations, std::malloc(size); }
void* counted_realloc(void* p, size_t size, const char*, int) { return ++allocations, std::realloc(p, size); }
void plain_free(void* p, const char*, int) { std::free(p); }

// OpenSSL takes this before its first allocation only.
const int openssl_counts = CRYPTO_set_mem_functions(counted_malloc, counted_realloc, plain_free);

}  // namespace

void* operator new(size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(size_t size, std::align_val_t alignment) { return counted(size, static_cast<size_t>(alignment)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace heliograph::srtp {
namespace {

constexpr uint64_t kPackets = 100'000;

void run(Protector& protector, Unprotector& unprotector, base::ConstBytes prefix, base::ConstBytes payload,
         uint64_t from, uint64_t to) {
  std::array<uint8_t, 12> header{0x80, 96};
  std::array<uint8_t, 1500> sealed;
  std::array<uint8_t, 1500> opened;
  for (uint64_t index = from; index < to; ++index) {
    base::store_be(&header[2], static_cast<uint16_t>(index));
    const size_t size = protector.protect_rtp(header, prefix, payload, index, sealed.data());
    ASSERT_TRUE(unprotector.unprotect_rtp(base::ConstBytes(sealed).first(size), opened));
    if (index % 16 != 0) continue;
    const size_t report = protector.protect_rtcp(payload.first(100), sealed.data());
    ASSERT_TRUE(unprotector.unprotect_rtcp(base::ConstBytes(sealed).first(report), opened));
  }
}

// As a shard does: many viewers' tags, some of which wait for others.
void run(Protector& protector, crypto::HmacSha1Queue& tags, base::ConstBytes payload, uint64_t from, uint64_t to) {
  std::array<uint8_t, 12> header{0x80, 96};
  static std::array<std::array<uint8_t, 1500>, crypto::HmacSha1Queue::kCapacity> block;
  for (uint64_t index = from; index < to; ++index) {
    base::store_be(&header[2], static_cast<uint16_t>(index));
    protector.protect_rtp(header, {}, payload, index, block[index % block.size()].data(), &tags);
    if (index % 50 == 0) tags.finish();
  }
  tags.finish();
}

TEST(SrtpAllocations, ThereAreNonePerPacket) {
  ASSERT_EQ(openssl_counts, 1);
  base::Rng rng(1);
  const auto master = testing::random_master(rng);
  const std::vector<uint8_t> payload(1100, 0x80);
  for (const auto backend : {crypto::Backend::kOpenSsl, crypto::Backend::kIpsecMb}) {
    if (!crypto::is_available(backend)) continue;
    for (const auto profile : testing::kProfiles) {
      Protector protector(profile, master, backend);
      Unprotector unprotector(profile, master, backend);
      run(protector, unprotector, {}, payload, 0, 1);  // the first packets bring the SSRC
      const size_t before = allocations;
      EXPECT_GT(before, 0u);
      run(protector, unprotector, {}, payload, 1, kPackets / 2);
      run(protector, unprotector, base::ConstBytes(payload).first(7), payload, kPackets / 2, kPackets);
      crypto::HmacSha1Queue tags(backend);
      run(protector, tags, payload, kPackets, kPackets + 10'000);
      EXPECT_EQ(allocations - before, 0u);
    }
  }
}

}  // namespace
}  // namespace heliograph::srtp
