// SPDX-License-Identifier: Apache-2.0
// Reading and writing network byte order without ever leaving the span.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace heliograph::base {

using ConstBytes = std::span<const uint8_t>;
using Bytes = std::span<uint8_t>;

inline ConstBytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ConstBytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Big-endian load and store of 1 to 8 bytes; the caller has checked the size.
template <std::unsigned_integral T, size_t N = sizeof(T)>
constexpr T load_be(const uint8_t* p) {
  T value = 0;
  for (size_t i = 0; i < N; ++i) value = static_cast<T>((static_cast<uint64_t>(value) << 8) | p[i]);
  return value;
}
template <std::unsigned_integral T, size_t N = sizeof(T)>
constexpr void store_be(uint8_t* p, T value) {
  for (size_t i = 0; i < N; ++i) p[i] = static_cast<uint8_t>(value >> (8 * (N - 1 - i)));
}

// Reads from the front of a span. Reading past the end gives zeros and makes ok() false for good, so a parser
// checks once at the end of a group of fields.
class ByteReader {
 public:
  explicit constexpr ByteReader(ConstBytes bytes) : rest_(bytes) {}

  constexpr bool ok() const { return ok_; }
  constexpr size_t left() const { return rest_.size(); }
  constexpr ConstBytes rest() const { return rest_; }

  constexpr uint8_t u8() { return number<uint8_t, 1>(); }
  constexpr uint16_t u16() { return number<uint16_t, 2>(); }
  constexpr uint32_t u24() { return number<uint32_t, 3>(); }
  constexpr uint32_t u32() { return number<uint32_t, 4>(); }
  constexpr uint64_t u48() { return number<uint64_t, 6>(); }
  constexpr uint64_t u64() { return number<uint64_t, 8>(); }
  constexpr ConstBytes bytes(size_t n) {
    if (n > rest_.size()) return fail(), ConstBytes();
    const auto taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  constexpr void skip(size_t n) { (void)bytes(n); }

 private:
  constexpr void fail() {
    ok_ = false;
    rest_ = {};
  }
  template <std::unsigned_integral T, size_t N>
  constexpr T number() {
    const auto field = bytes(N);
    return field.size() == N ? load_be<T, N>(field.data()) : T{0};
  }

  ConstBytes rest_;
  bool ok_ = true;
};

// Writes to the front of a span. Writing past the end writes nothing and makes ok() false for good.
class ByteWriter {
 public:
  explicit constexpr ByteWriter(Bytes out) : out_(out) {}

  constexpr bool ok() const { return ok_; }
  constexpr size_t size() const { return size_; }
  constexpr size_t left() const { return out_.size() - size_; }
  constexpr Bytes written() const { return out_.first(size_); }

  constexpr void u8(uint8_t v) { number<uint8_t, 1>(v); }
  constexpr void u16(uint16_t v) { number<uint16_t, 2>(v); }
  constexpr void u24(uint32_t v) { number<uint32_t, 3>(v); }
  constexpr void u32(uint32_t v) { number<uint32_t, 4>(v); }
  constexpr void u48(uint64_t v) { number<uint64_t, 6>(v); }
  constexpr void u64(uint64_t v) { number<uint64_t, 8>(v); }
  constexpr void bytes(ConstBytes v) {
    auto slot = reserve(v.size());
    for (size_t i = 0; i < slot.size(); ++i) slot[i] = v[i];
  }
  // Room for n bytes that the caller fills; empty when they do not fit.
  constexpr Bytes reserve(size_t n) {
    if (!ok_ || n > left()) return ok_ = false, Bytes();
    size_ += n;
    return out_.subspan(size_ - n, n);
  }

 private:
  template <std::unsigned_integral T, size_t N>
  constexpr void number(T v) {
    if (auto slot = reserve(N); slot.size() == N) store_be<T, N>(slot.data(), v);
  }

  Bytes out_;
  size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace heliograph::base
