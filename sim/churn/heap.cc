// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/heap.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <openssl/crypto.h>

#include "base/check.h"

namespace heliograph::sim {
namespace {

// In front of every block.
struct Label {
  size_t size;
  uint32_t offset;  // of the block in what malloc gave
  bool server;
};
static_assert(sizeof(Label) <= alignof(std::max_align_t));

bool g_server = false;
HeapUse g_use;

Label* label_of(void* block) { return reinterpret_cast<Label*>(static_cast<char*>(block) - sizeof(Label)); }

void* allocate(size_t size, size_t alignment = alignof(std::max_align_t)) {
  const size_t offset = std::max(alignment, alignof(std::max_align_t));
  void* all = alignment <= alignof(std::max_align_t)
                  ? std::malloc(offset + size)
                  : std::aligned_alloc(alignment, (offset + size + alignment - 1) / alignment * alignment);
  if (all == nullptr) return nullptr;
  void* block = static_cast<char*>(all) + offset;
  *label_of(block) = {size, static_cast<uint32_t>(offset), g_server};
  if (g_server) {
    g_use.bytes += static_cast<int64_t>(size);
    ++g_use.blocks;
  }
  return block;
}

void* allocate_or_end(size_t size, size_t alignment = alignof(std::max_align_t)) {
  void* block = allocate(size, alignment);
  if (block == nullptr) std::abort();
  return block;
}

void release(void* block) {
  if (block == nullptr) return;
  const Label label = *label_of(block);
  if (label.server) {
    g_use.bytes -= static_cast<int64_t>(label.size);
    --g_use.blocks;
  }
  std::free(static_cast<char*>(block) - label.offset);
}

void* openssl_allocate(size_t size, const char*, int) { return size == 0 ? nullptr : allocate(size); }
void openssl_release(void* block, const char*, int) { release(block); }
void* openssl_resize(void* block, size_t size, const char*, int) {
  void* other = size == 0 ? nullptr : allocate(size);
  if (other != nullptr && block != nullptr) std::memcpy(other, block, std::min(size, label_of(block)->size));
  if (other != nullptr || size == 0) release(block);
  return other;
}

}  // namespace

HeapUse server_heap() { return g_use; }

void count_openssl() { CHECK(CRYPTO_set_mem_functions(&openssl_allocate, &openssl_resize, &openssl_release) == 1); }

InServer::InServer() : before_(std::exchange(g_server, true)) {}
InServer::~InServer() { g_server = before_; }
OutOfServer::OutOfServer() : before_(std::exchange(g_server, false)) {}
OutOfServer::~OutOfServer() { g_server = before_; }

}  // namespace heliograph::sim

using heliograph::sim::allocate_or_end;
using heliograph::sim::release;

void* operator new(size_t size) { return allocate_or_end(size); }
void* operator new[](size_t size) { return allocate_or_end(size); }
void* operator new(size_t size, std::align_val_t a) { return allocate_or_end(size, static_cast<size_t>(a)); }
void* operator new[](size_t size, std::align_val_t a) { return allocate_or_end(size, static_cast<size_t>(a)); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return heliograph::sim::allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return heliograph::sim::allocate(size); }
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p, size_t) noexcept { release(p); }
void operator delete[](void* p, size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, size_t, std::align_val_t) noexcept { release(p); }
