// SPDX-License-Identifier: Apache-2.0
// Time as values. Nothing below io/ and server/ reads a clock: `now` is always a parameter.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace heliograph::base {

// A span of time, in whole microseconds; may be negative.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration micros(int64_t us) { return Duration(us); }
  static constexpr Duration millis(int64_t ms) { return Duration(ms * 1000); }
  static constexpr Duration seconds(int64_t s) { return Duration(s * 1'000'000); }
  static constexpr Duration from_seconds(double s) { return Duration(static_cast<int64_t>(s * 1e6)); }
  static constexpr Duration infinite() { return Duration(std::numeric_limits<int64_t>::max() / 4); }

  constexpr int64_t us() const { return us_; }
  constexpr int64_t ms() const { return us_ / 1000; }
  constexpr double to_seconds() const { return static_cast<double>(us_) / 1e6; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return Duration(us_ + o.us_); }
  constexpr Duration operator-(Duration o) const { return Duration(us_ - o.us_); }
  constexpr Duration operator-() const { return Duration(-us_); }
  constexpr Duration operator*(int64_t k) const { return Duration(us_ * k); }
  constexpr Duration operator/(int64_t k) const { return Duration(us_ / k); }
  constexpr Duration& operator+=(Duration o) { return us_ += o.us_, *this; }

 private:
  explicit constexpr Duration(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

// A point on a monotonic clock whose zero means nothing; microseconds. never() is later than any other.
class Timestamp {
 public:
  constexpr Timestamp() = default;
  static constexpr Timestamp from_micros(int64_t us) { return Timestamp(us); }
  static constexpr Timestamp never() { return Timestamp(std::numeric_limits<int64_t>::max() / 2); }

  constexpr int64_t us() const { return us_; }
  constexpr bool is_never() const { return *this >= never(); }

  constexpr auto operator<=>(const Timestamp&) const = default;
  constexpr Timestamp operator+(Duration d) const { return Timestamp(us_ + d.us()); }
  constexpr Timestamp operator-(Duration d) const { return Timestamp(us_ - d.us()); }
  constexpr Duration operator-(Timestamp o) const { return Duration::micros(us_ - o.us_); }

 private:
  explicit constexpr Timestamp(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

// Wall-clock time as RTCP carries it: 32.32 fixed-point seconds since 1900 (RFC 5905 section 6).
struct NtpTime {
  uint64_t value = 0;

  constexpr auto operator<=>(const NtpTime&) const = default;
  // The middle 32 bits, as LSR and DLSR use them (RFC 3550 section 6.4.1); units of 1/65536 s.
  constexpr uint32_t compact() const { return static_cast<uint32_t>(value >> 16); }
  static constexpr NtpTime from_unix_micros(int64_t us) {
    constexpr uint64_t kUnixEpoch = 2'208'988'800;  // seconds from 1900 to 1970
    const auto u = static_cast<uint64_t>(us);
    return {((u / 1'000'000 + kUnixEpoch) << 32) | ((u % 1'000'000) << 32) / 1'000'000};
  }
  constexpr NtpTime operator+(Duration d) const {
    const auto scaled = static_cast<__int128>(d.us()) * (__int128{1} << 32) / 1'000'000;
    return {value + static_cast<uint64_t>(static_cast<int64_t>(scaled))};
  }
  // Signed difference; right for spans under 68 years.
  constexpr Duration operator-(NtpTime o) const {
    const auto diff = static_cast<__int128>(static_cast<int64_t>(value - o.value));
    return Duration::micros(static_cast<int64_t>(diff * 1'000'000 / (__int128{1} << 32)));
  }
};

}  // namespace heliograph::base
