// SPDX-License-Identifier: Apache-2.0
// Numbers that must not be mixed up.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace heliograph::base {

// A number with a name. Explicit both ways: `.value` reads it.
template <class Tag, class Number>
struct Strong {
  Number value{};

  constexpr Strong() = default;
  explicit constexpr Strong(Number v) : value(v) {}
  constexpr auto operator<=>(const Strong&) const = default;
};

// RTP synchronisation source (RFC 3550 section 3).
using Ssrc = Strong<struct SsrcTag, uint32_t>;
// RTP payload type, 0–127.
using PayloadType = Strong<struct PayloadTypeTag, uint8_t>;

}  // namespace heliograph::base

template <class Tag, class Number>
struct std::hash<heliograph::base::Strong<Tag, Number>> {
  size_t operator()(const heliograph::base::Strong<Tag, Number>& v) const noexcept {
    return std::hash<Number>()(v.value);
  }
};
