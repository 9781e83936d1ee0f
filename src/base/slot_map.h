// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/prefetch.h"

namespace heliograph::base {

// A reference to a thing in a SlotMap that may have gone: look it up when you use it.
struct Handle {
  uint32_t slot = UINT32_MAX;
  uint32_t generation = 0;

  constexpr auto operator<=>(const Handle&) const = default;
};

// Owns things by value at stable addresses. A handle of an erased thing finds nothing, also after its slot is used
// again.
template <class T>
class SlotMap {
 public:
  template <class... Args>
  Handle emplace(Args&&... args) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].item.emplace(std::forward<Args>(args)...);
    ++size_;
    return {index, slots_[index].generation};
  }
  T* find(Handle handle) {
    if (handle.slot >= slots_.size()) return nullptr;
    auto& slot = slots_[handle.slot];
    return slot.generation == handle.generation && slot.item ? &*slot.item : nullptr;
  }
  const T* find(Handle handle) const { return const_cast<SlotMap*>(this)->find(handle); }
  // find() follows soon.
  void prefetch_slot(Handle handle) const {
    if (handle.slot < slots_.size()) __builtin_prefetch(&slots_[handle.slot].generation);
  }
  // And the whole thing will be used.
  void prefetch(Handle handle) const {
    if (handle.slot < slots_.size()) base::prefetch(&slots_[handle.slot], sizeof(Slot));
  }
  bool erase(Handle handle) {
    if (find(handle) == nullptr) return false;
    auto& slot = slots_[handle.slot];
    slot.item.reset();
    ++slot.generation;
    free_.push_back(handle.slot);
    --size_;
    return true;
  }
  size_t size() const { return size_; }

  // visit(Handle, T&) for each thing, in slot order; the visitor must not add or erase.
  template <class Visit>
  void each(Visit&& visit) {
    for (uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].item) visit(Handle{i, slots_[i].generation}, *slots_[i].item);
  }

 private:
  struct Slot {
    std::optional<T> item;
    uint32_t generation = 1;
  };
  std::deque<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t size_ = 0;
};

}  // namespace heliograph::base
