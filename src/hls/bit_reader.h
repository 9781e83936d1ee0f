// SPDX-License-Identifier: Apache-2.0
// Bits as ITU-T H.264, VP9 and AV1 headers have them: most significant first.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace heliograph::hls {

// Reads from the front of a span. Reading past the end gives zeros and makes ok() false for good, so a parser checks
// once at the end of a group of fields. Of H.264: what unescape() gives.
class BitReader {
 public:
  explicit constexpr BitReader(base::ConstBytes bytes) : bytes_(bytes) {}

  constexpr bool ok() const { return ok_; }
  constexpr size_t left() const { return bytes_.size() * 8 - at_; }
  constexpr size_t position() const { return at_; }

  constexpr bool bit() { return bits(1) != 0; }
  // n: at most 64.
  constexpr uint64_t bits(unsigned n) {
    if (n > left()) return fail();
    uint64_t value = 0;
    for (; n > 0; --n, ++at_) value = value << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1U);
    return value;
  }
  constexpr void skip(size_t n) {
    if (n > left()) return void(fail());
    at_ += n;
  }
  // Exp-Golomb (ITU-T H.264 section 9.1), at most 2^32 − 2 as every syntax element is.
  constexpr uint32_t ue() {
    unsigned zeros = 0;
    while (ok_ && !bit()) ++zeros;
    if (!ok_ || zeros > 31) return static_cast<uint32_t>(fail());
    return static_cast<uint32_t>((uint64_t{1} << zeros) - 1 + bits(zeros));
  }
  constexpr int32_t se() {
    const int64_t k = ue();
    return static_cast<int32_t>((k & 1) != 0 ? (k + 1) / 2 : -(k / 2));
  }

 private:
  constexpr uint64_t fail() {
    ok_ = false;
    at_ = bytes_.size() * 8;
    return 0;
  }

  base::ConstBytes bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

// Writes what BitReader reads.
class BitWriter {
 public:
  constexpr void bit(bool b) {
    if (size_ % 8 == 0) bytes_.push_back(0);
    if (b) bytes_.back() = static_cast<uint8_t>(bytes_.back() | 0x80U >> size_ % 8);
    ++size_;
  }
  // The lowest n of value, n at most 64.
  constexpr void bits(uint64_t value, unsigned n) {
    while (n > 0) bit((value >> --n & 1) != 0);
  }
  constexpr void ue(uint32_t value) {
    const uint64_t code = uint64_t{value} + 1;
    const auto width = static_cast<unsigned>(std::bit_width(code));
    bits(0, width - 1);
    bits(code, width);
  }
  constexpr void se(int32_t value) {
    const int64_t v = value;
    ue(static_cast<uint32_t>(v > 0 ? 2 * v - 1 : -2 * v));
  }
  // rbsp_trailing_bits() (ITU-T H.264 section 7.3.2.11), which AV1's trailing_bits() equal: a one, then zeros up to the
  // end of the byte.
  constexpr void trailing() {
    bit(true);
    size_ = bytes_.size() * 8;
  }

  constexpr size_t size() const { return size_; }  // in bits
  constexpr std::vector<uint8_t> take() {
    size_ = 0;
    return std::exchange(bytes_, {});
  }

 private:
  std::vector<uint8_t> bytes_;
  size_t size_ = 0;
};

// A NAL unit, or a part of one, without its emulation prevention bytes (ITU-T H.264 section 7.4.1).
inline std::vector<uint8_t> unescape(base::ConstBytes nal) {
  std::vector<uint8_t> out;
  out.reserve(nal.size());
  unsigned zeros = 0;
  for (const uint8_t b : nal) {
    if (zeros >= 2 && b == 3) {
      zeros = 0;
      continue;
    }
    zeros = b == 0 ? zeros + 1 : 0;
    out.push_back(b);
  }
  return out;
}

// With them: a NAL unit's header byte and RBSP to what may stand in a stream.
inline std::vector<uint8_t> escape(base::ConstBytes rbsp) {
  std::vector<uint8_t> out;
  out.reserve(rbsp.size() + rbsp.size() / 64 + 1);
  unsigned zeros = 0;
  const auto put = [&](uint8_t b) {
    zeros = b == 0 ? zeros + 1 : 0;
    out.push_back(b);
  };
  for (const uint8_t b : rbsp) {
    if (zeros >= 2 && b <= 3) put(3);
    put(b);
  }
  if (zeros >= 2) put(3);  // an RBSP that ends with cabac_zero_words
  return out;
}

}  // namespace heliograph::hls
