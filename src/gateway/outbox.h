// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "gateway/limits.h"

namespace heliograph::gateway {

// What waits to be written to one connection. Bounded: a message that does not fit is not taken, and the connection
// must then be closed.
class Outbox {
 public:
  explicit Outbox(const Limits& limits) : limits_(limits) {}

  [[nodiscard]] bool push(std::string text) {
    // A lone message is always taken: the limit is about what piles up.
    if (!texts_.empty() && bytes_ + text.size() > limits_.max_queued_bytes) return false;
    if (texts_.size() >= limits_.max_queued_messages) return false;
    bytes_ += text.size();
    texts_.push_back(std::move(text));
    return true;
  }
  bool empty() const { return texts_.empty(); }
  const std::string& front() const { return texts_.front(); }
  void pop() {
    bytes_ -= texts_.front().size();
    texts_.pop_front();
  }
  // Forgets all but the message that is being written.
  void keep_front() {
    while (texts_.size() > 1) {
      bytes_ -= texts_.back().size();
      texts_.pop_back();
    }
  }
  size_t bytes() const { return bytes_; }
  size_t messages() const { return texts_.size(); }

 private:
  const Limits& limits_;
  std::deque<std::string> texts_;
  size_t bytes_ = 0;
};

}  // namespace heliograph::gateway
