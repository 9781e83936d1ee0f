// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace heliograph::base {

// a is later than b on the circle of T (RFC 1982; exactly half the circle apart counts as later one way only).
template <std::unsigned_integral T>
constexpr bool is_newer(T a, T b) {
  const T diff = static_cast<T>(a - b);
  constexpr T half = static_cast<T>(T{1} << (sizeof(T) * 8 - 1));
  return diff == half ? a > b : a != b && diff < half;
}

// Turns a counter that wraps (16-bit sequence numbers, 32-bit RTP timestamps) into one that does not, by taking each
// value as the nearest one to the newest seen. Starts at the first value itself plus one whole lap, so a little
// reordering at the start stays positive.
template <std::unsigned_integral T>
class Unwrapper {
 public:
  static constexpr int64_t kLap = int64_t{1} << (sizeof(T) * 8);

  // The unwrapped value; the newest moves forward only.
  constexpr int64_t unwrap(T value) {
    const int64_t result = peek(value);
    if (!newest_ || result > *newest_) newest_ = result;
    return result;
  }
  // The same without remembering it.
  constexpr int64_t peek(T value) const {
    if (!newest_) return kLap + value;
    const auto step = static_cast<std::make_signed_t<T>>(static_cast<T>(value - static_cast<T>(*newest_)));
    return *newest_ + step;
  }
  constexpr std::optional<int64_t> newest() const { return newest_; }

 private:
  std::optional<int64_t> newest_;
};

}  // namespace heliograph::base
