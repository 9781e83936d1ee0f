// SPDX-License-Identifier: Apache-2.0
// The path of a packet allocates nothing: counted over 100,000 forwarded packets through a real shard, from the publisher's protected
// datagrams to the viewers'.
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "sim/world.h"

namespace {

thread_local bool g_counting = false;
thread_local uint64_t g_allocations = 0;

void* counted(size_t size, size_t alignment) {
  if (g_counting) ++g_allocations;
  void* p = alignment > alignof(std::max_align_t)
                ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                : std::malloc(size);
  if (p == nullptr) std::abort();
  return p;
}

}  // namespace

void* operator new(size_t size) { return counted(size, 1); }
void* operator new[](size_t size) { return counted(size, 1); }
void* operator new(size_t size, std::align_val_t a) { return counted(size, static_cast<size_t>(a)); }
void* operator new[](size_t size, std::align_val_t a) { return counted(size, static_cast<size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace heliograph::sim {
namespace {

TEST(Allocation, TheCounterSeesAnAllocation) {
  g_counting = true;
  g_allocations = 0;
  // Through the operators by name: an optimiser may leave out a new that nobody needs.
  ::operator delete(::operator new(4));
  ::operator delete[](::operator new[](4));
  g_counting = false;
  EXPECT_EQ(g_allocations, 2u);
}

TEST(Allocation, AHundredThousandForwardedPacketsAllocateNothing) {
  World world({.seed = 7, .shards = 1, .link = {}});
  const auto publisher = world.publish({.layers = 2});
  for (int i = 0; i < 20; ++i) world.watch(publisher);
  world.run_for(base::Duration::seconds(4));
  world.on_shard_receive = [](bool inside) { g_counting = inside; };
  const uint64_t before = world.shard(0).counters().packets_forwarded;
  g_allocations = 0;
  while (world.shard(0).counters().packets_forwarded - before < 100'000) world.run_for(base::Duration::seconds(1));
  EXPECT_EQ(g_allocations, 0u);
  EXPECT_TRUE(world.breaches().empty());
}

}  // namespace
}  // namespace heliograph::sim
