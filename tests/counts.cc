// SPDX-License-Identifier: Apache-2.0
#include "tests/counts.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

namespace heliograph::tests {
namespace {

constinit thread_local bool g_watched = false;
constinit std::atomic<uint64_t> g_allocations = 0;
constinit std::atomic<uint64_t> g_locks = 0;

void count_allocation() {
  if (g_watched) g_allocations.fetch_add(1, std::memory_order_relaxed);
}
void count_lock() {
  if (g_watched) g_locks.fetch_add(1, std::memory_order_relaxed);
}

// The C library's own function. Of condition variables it has two versions: the second is what programs are linked
// with.
template <class Function>
Function* real(std::atomic<Function*>& known, const char* name, const char* version = nullptr) {
  if (auto* found = known.load(std::memory_order_relaxed)) return found;
  void* found = version == nullptr ? dlsym(RTLD_NEXT, name) : dlvsym(RTLD_NEXT, name, version);
  known = reinterpret_cast<Function*>(found);
  return known;
}

}  // namespace

Counts counts() { return {g_allocations, g_locks}; }
void watch_this_thread(bool watch) { g_watched = watch; }

}  // namespace heliograph::tests

using heliograph::tests::count_allocation;
using heliograph::tests::count_lock;
using heliograph::tests::real;

extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  count_allocation();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}
void* realloc(void* block, size_t size) {
  count_allocation();
  return __libc_realloc(block, size);
}
void* memalign(size_t alignment, size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, size_t alignment, size_t size) {
  count_allocation();
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

// Counts, and calls the C library's own.
#define COUNTED(name, version, parameters, arguments)        \
  int name parameters {                                      \
    static constinit std::atomic<int(*) parameters> known{}; \
    count_lock();                                            \
    return real(known, #name, version) arguments;            \
  }

COUNTED(pthread_mutex_lock, nullptr, (pthread_mutex_t * m) noexcept, (m))
COUNTED(pthread_mutex_trylock, nullptr, (pthread_mutex_t * m) noexcept, (m))
COUNTED(pthread_mutex_timedlock, nullptr, (pthread_mutex_t * m, const timespec* t) noexcept, (m, t))
COUNTED(pthread_mutex_clocklock, nullptr, (pthread_mutex_t * m, clockid_t c, const timespec* t) noexcept, (m, c, t))
COUNTED(pthread_rwlock_rdlock, nullptr, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(pthread_rwlock_tryrdlock, nullptr, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(pthread_rwlock_wrlock, nullptr, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(pthread_rwlock_trywrlock, nullptr, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(pthread_spin_lock, nullptr, (pthread_spinlock_t * l) noexcept, (l))
COUNTED(pthread_spin_trylock, nullptr, (pthread_spinlock_t * l) noexcept, (l))
COUNTED(pthread_cond_wait, "GLIBC_2.3.2", (pthread_cond_t * c, pthread_mutex_t* m), (c, m))
COUNTED(pthread_cond_timedwait, "GLIBC_2.3.2", (pthread_cond_t * c, pthread_mutex_t* m, const timespec* t), (c, m, t))
COUNTED(pthread_cond_clockwait, nullptr, (pthread_cond_t * c, pthread_mutex_t* m, clockid_t k, const timespec* t),
        (c, m, k, t))
COUNTED(pthread_cond_signal, "GLIBC_2.3.2", (pthread_cond_t * c) noexcept, (c))
COUNTED(pthread_cond_broadcast, "GLIBC_2.3.2", (pthread_cond_t * c) noexcept, (c))
COUNTED(sem_wait, nullptr, (sem_t * s), (s))
COUNTED(sem_trywait, nullptr, (sem_t * s) noexcept, (s))
COUNTED(sem_post, nullptr, (sem_t * s) noexcept, (s))
}
