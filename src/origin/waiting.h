// SPDX-License-Identifier: Apache-2.0
// Requests that are answered later.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "gateway/http.h"
#include "origin/window.h"

namespace heliograph::origin {

// One of the requests that wait, in the count of all and in that of its stream, for as long as it lives.
class Seat {
 public:
  Seat(size_t& all, size_t& of_stream) : all_(&all), of_stream_(&of_stream) { ++all, ++of_stream; }
  Seat(Seat&& other) noexcept : all_(std::exchange(other.all_, nullptr)), of_stream_(other.of_stream_) {}
  Seat& operator=(Seat&& other) noexcept {
    return std::swap(all_, other.all_), std::swap(of_stream_, other.of_stream_), *this;
  }
  ~Seat() {
    if (all_ != nullptr) --*all_, --*of_stream_;
  }

 private:
  size_t* all_;
  size_t* of_stream_;
};

// How a request wants to be answered.
struct Ask {
  bool gzip = false;
  bool skip = false;
  bool blocking = false;    // with _HLS_msn: the answer stays true for good
  bool is_private = false;  // the stream asked for a token
  std::string suffix = {};  // of each URI in the answer: "?token=…"
  std::string range = {};
};

struct Waiter {
  std::shared_ptr<gateway::Reply> reply;
  base::Timestamp until;
  Ask ask;
  Seat seat;
};

// Those of `from` that are so, in their order; the others stay in theirs.
template <typename T, typename Is>
std::vector<T> take_if(std::vector<T>& from, Is&& is) {
  std::vector<T> taken;
  std::vector<T> left;
  for (auto& one : from) (is(one) ? taken : left).push_back(std::move(one));
  from = std::move(left);
  return taken;
}

// Those who wait for a place in one rendition's timeline. There are few such places at a time, since nobody may wait
// for what is further ahead than the draft's limits.
class PointQueue {
 public:
  void add(Point point, Waiter waiter) { waiters_[point].push_back(std::move(waiter)); }
  // Those for whose point `is_due` is true, point by point.
  template <typename IsDue>
  std::vector<std::pair<Point, std::vector<Waiter>>> take(IsDue&& is_due) {
    std::vector<std::pair<Point, std::vector<Waiter>>> due;
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (!is_due(it->first)) {
        ++it;
        continue;
      }
      due.emplace_back(it->first, std::move(it->second));
      it = waiters_.erase(it);
    }
    return due;
  }
  // Who has gone is forgotten, who has waited for too long goes to `late`.
  void sweep(base::Timestamp now, std::vector<Waiter>& late);

 private:
  std::map<Point, std::vector<Waiter>> waiters_;
};

// The same for any list of them.
void sweep(base::Timestamp now, std::vector<Waiter>& waiters, std::vector<Waiter>& late);

}  // namespace heliograph::origin
