// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "gateway/limits.h"

namespace heliograph::gateway {

// What waits to be written to one connection. Bounded: a message that does not fit is not taken, and the connection
// must then be closed. A list: it costs nothing while it is empty. A text that others wait for too counts in full: it
// may be the last one that holds it.
class Outbox {
 public:
  explicit Outbox(const Limits& limits) : limits_(limits) {}

  using Text = std::shared_ptr<const std::string>;

  [[nodiscard]] bool push(Text text) {
    // A lone message is always taken: the limit is about what piles up.
    if (!texts_.empty() && bytes_ + cost(*text) > limits_.max_queued_bytes) return false;
    if (texts_.size() >= limits_.max_queued_messages) return false;
    bytes_ += cost(*text);
    texts_.push_back(std::move(text));
    return true;
  }
  bool empty() const { return texts_.empty(); }
  // Stays where it is until it is popped, whatever is pushed.
  const std::string& front() const { return *texts_.front(); }
  void pop() {
    bytes_ -= cost(*texts_.front());
    texts_.pop_front();
  }
  void clear() {
    texts_.clear();
    bytes_ = 0;
  }
  // Forgets all but the message that is being written.
  void keep_front() {
    while (texts_.size() > 1) {
      bytes_ -= cost(*texts_.back());
      texts_.pop_back();
    }
  }
  // More than this part of what it may hold.
  bool is_fuller_than(size_t numerator, size_t denominator) const {
    return bytes_ > limits_.max_queued_bytes * numerator / denominator ||
           texts_.size() > limits_.max_queued_messages * numerator / denominator;
  }
  // Of memory, so that very many very small messages count as what they are.
  size_t bytes() const { return bytes_; }
  size_t messages() const { return texts_.size(); }

 private:
  // A node, a string and its count, with the allocator's own.
  static constexpr size_t kNodeBytes = sizeof(std::string) + sizeof(Text) + 2 * sizeof(void*) + 3 * 16;
  static size_t cost(const std::string& text) { return text.size() + kNodeBytes; }

  const Limits& limits_;
  std::list<Text> texts_;
  size_t bytes_ = 0;
};

}  // namespace heliograph::gateway
