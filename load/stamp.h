// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace heliograph::load {

// The last bytes of every payload that a publisher here sends: which packet of its stream it is, and when it was sent.
// It survives whatever numbers a server gives to a viewer. Seven bits a byte, the eighth set: no zero bytes, so that
// it stands inside a NAL unit as slice data would (ITU-T H.264 section 7.4.1), and the last byte is the stop bit.
struct Stamp {
  static constexpr size_t kSize = 11;
  static constexpr int kNumberBytes = 4;  // 2 bits of layer, and 2^26 packets: two and a half days of 300 a second
  static constexpr int kLayerShift = 26;
  static constexpr int kTimeBytes = 6;  // 2^42 µs: fifty days

  uint32_t number = 0;
  base::Timestamp sent;  // of the clock of this machine

  // Which row of numbers it belongs to: each layer of simulcast has its own.
  uint32_t layer() const { return number >> kLayerShift; }
  int64_t number_in_layer() const { return number & ((uint32_t{1} << kLayerShift) - 1); }

  // out has room for kSize.
  void write(uint8_t* out) const {
    out = write_sevens(out, number, kNumberBytes);
    out = write_sevens(out, static_cast<uint64_t>(sent.us()), kTimeBytes);
    *out = 0x80;
  }
  // Of a whole payload. near: a time within 25 days of sent. nullopt when there is no stamp.
  static std::optional<Stamp> read(base::ConstBytes payload, base::Timestamp near) {
    if (payload.size() < kSize) return std::nullopt;
    const uint8_t* p = payload.data() + payload.size() - kSize;
    if (p[kSize - 1] != 0x80) return std::nullopt;
    for (size_t i = 0; i + 1 < kSize; ++i)
      if ((p[i] & 0x80) == 0) return std::nullopt;
    const auto number = static_cast<uint32_t>(read_sevens(p, kNumberBytes));
    const uint64_t behind = (static_cast<uint64_t>(near.us()) - read_sevens(p + kNumberBytes, kTimeBytes)) & kTimeMask;
    // More than half of the circle behind is a little ahead.
    const auto back = static_cast<int64_t>(behind << (64 - 7 * kTimeBytes)) >> (64 - 7 * kTimeBytes);
    return Stamp{number, near - base::Duration::micros(back)};
  }

  bool operator==(const Stamp&) const = default;

 private:
  static constexpr uint64_t kTimeMask = (uint64_t{1} << (7 * kTimeBytes)) - 1;

  static uint8_t* write_sevens(uint8_t* out, uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i) *out++ = static_cast<uint8_t>(0x80 | (value >> (7 * i) & 0x7f));
    return out;
  }
  static uint64_t read_sevens(const uint8_t* in, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 7 | (in[i] & 0x7f);
    return value;
  }
};

}  // namespace heliograph::load
