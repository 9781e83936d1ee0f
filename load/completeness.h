// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace heliograph::load {

// Which numbers of one row came: everything from the first that came on is expected. Numbers are unwrapped.
class Completeness {
 public:
  static constexpr int64_t kWindow = 4096;  // what is further behind the newest and not here yet is lost

  enum class Arrival : uint8_t { kNext, kAhead, kLate, kDuplicate };
  // kAhead: some before it are missing. kLate: it fills a hole.
  Arrival add(int64_t number);

  uint64_t received() const { return received_; }
  uint64_t late() const { return late_; }
  uint64_t duplicates() const { return duplicates_; }
  // From the first to `last`; to the newest without one.
  uint64_t expected(std::optional<int64_t> last = std::nullopt) const;
  uint64_t missing(std::optional<int64_t> last = std::nullopt) const { return expected(last) - received_; }
  std::optional<int64_t> first() const { return first_; }

 private:
  static size_t slot(int64_t number) { return static_cast<size_t>(number) % kWindow; }
  void advance(int64_t number);

  std::optional<int64_t> first_;
  int64_t newest_ = 0;
  std::bitset<kWindow> seen_;  // the newest kWindow numbers
  uint64_t received_ = 0;
  uint64_t late_ = 0;
  uint64_t duplicates_ = 0;
};

}  // namespace heliograph::load
