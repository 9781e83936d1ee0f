// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/check.h"

namespace heliograph::base {

// A bounded queue from one thread to one other, without locks. When it is full push() says so and the item stays with
// the caller: each use states what it does then.
template <class T>
class SpscRing {
 public:
  // capacity: a power of two.
  explicit SpscRing(size_t capacity) : mask_(capacity - 1), slots_(std::make_unique<T[]>(capacity)) {
    CHECK(std::has_single_bit(capacity));
  }

  // Producer's thread only. False when full; item is then untouched.
  bool push(T&& item) {
    T* slot = reserve();
    if (slot == nullptr) return false;
    *slot = std::move(item);
    commit();
    return true;
  }
  // In place: the next free slot (nullptr when full), which becomes visible to the consumer by commit().
  T* reserve() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ > mask_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail - head_seen_ > mask_) return nullptr;
    }
    return &slots_[tail & mask_];
  }
  void commit() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  // Consumer's thread only: the oldest item, nullptr when empty; pop() gives its slot back.
  T* front() {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return nullptr;
    }
    return &slots_[head & mask_];
  }
  void pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  const size_t mask_;
  std::unique_ptr<T[]> slots_;
  alignas(64) std::atomic<size_t> head_{0};
  size_t tail_seen_ = 0;  // consumer's last look at tail_
  alignas(64) std::atomic<size_t> tail_{0};
  size_t head_seen_ = 0;  // producer's last look at head_
};

}  // namespace heliograph::base
