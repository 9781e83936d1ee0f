// SPDX-License-Identifier: Apache-2.0
// The values of the header extensions that we read or write: each parses from an element's bytes and gives them back.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace heliograph::rtp {

// RFC 6464 section 3. level: −dBov, 0 (loudest) to 127 (silence).
struct AudioLevel {
  bool voice = false;
  uint8_t level = 127;

  static constexpr std::optional<AudioLevel> parse(base::ConstBytes value) {
    if (value.empty()) return std::nullopt;  // RFC 6464 allows a second, padding byte in the two-byte form
    return AudioLevel{(value[0] & 0x80) != 0, static_cast<uint8_t>(value[0] & 0x7f)};
  }
  constexpr std::array<uint8_t, 1> bytes() const { return {static_cast<uint8_t>((voice ? 0x80 : 0) | (level & 0x7f))}; }
  bool operator==(const AudioLevel&) const = default;
};

// http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time: 6.18 fixed-point seconds, wrapping every 64 s.
struct AbsSendTime {
  uint32_t value = 0;  // 24 bits

  static constexpr std::optional<AbsSendTime> parse(base::ConstBytes bytes) {
    if (bytes.size() != 3) return std::nullopt;
    return AbsSendTime{base::load_be<uint32_t, 3>(bytes.data())};
  }
  static constexpr AbsSendTime at(base::Timestamp t) {
    const auto ticks = static_cast<__int128>(t.us()) * (1 << 18) / 1'000'000;
    return {static_cast<uint32_t>(ticks) & 0xff'ffff};
  }
  constexpr std::array<uint8_t, 3> bytes() const {
    std::array<uint8_t, 3> out{};
    base::store_be<uint32_t, 3>(out.data(), value);
    return out;
  }
  // The shorter way round the circle; −32 s to 32 s.
  constexpr base::Duration operator-(AbsSendTime earlier) const {
    const auto wrapped = static_cast<int32_t>((value - earlier.value) << 8) >> 8;
    return base::Duration::micros(int64_t{wrapped} * 1'000'000 / (1 << 18));
  }
  bool operator==(const AbsSendTime&) const = default;
};

// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2. Version 2's longer form begins with the same two bytes.
struct TransportSequenceNumber {
  uint16_t value = 0;

  static constexpr std::optional<TransportSequenceNumber> parse(base::ConstBytes bytes) {
    if (bytes.size() != 2 && bytes.size() != 4) return std::nullopt;
    return TransportSequenceNumber{base::load_be<uint16_t>(bytes.data())};
  }
  constexpr std::array<uint8_t, 2> bytes() const {
    return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  }
  bool operator==(const TransportSequenceNumber&) const = default;
};

// MID (RFC 9143), RID and repaired RID (RFC 8852): visible ASCII, 1–255 characters. The view points into the packet.
constexpr std::optional<std::string_view> parse_text(base::ConstBytes value) {
  const bool plain = std::ranges::all_of(value, [](uint8_t c) { return c > 0x20 && c < 0x7f; });
  if (value.empty() || !plain) return std::nullopt;
  return base::as_text(value);
}

// Coordination of video orientation (3GPP TS 26.114 section 7.4.5).
struct VideoOrientation {
  bool back_camera = false;
  bool flip = false;
  uint8_t quarter_turns = 0;  // clockwise, 0–3

  static constexpr std::optional<VideoOrientation> parse(base::ConstBytes value) {
    if (value.size() != 1) return std::nullopt;
    return VideoOrientation{(value[0] & 8) != 0, (value[0] & 4) != 0, static_cast<uint8_t>(value[0] & 3)};
  }
  constexpr std::array<uint8_t, 1> bytes() const {
    return {static_cast<uint8_t>((back_camera ? 8 : 0) | (flip ? 4 : 0) | (quarter_turns & 3))};
  }
  bool operator==(const VideoOrientation&) const = default;
};

// http://www.webrtc.org/experiments/rtp-hdrext/playout-delay: two 12-bit numbers of 10 ms.
struct PlayoutDelay {
  base::Duration min;
  base::Duration max;

  static constexpr std::optional<PlayoutDelay> parse(base::ConstBytes value) {
    if (value.size() != 3) return std::nullopt;
    const auto both = base::load_be<uint32_t, 3>(value.data());
    return PlayoutDelay{kUnit * (both >> 12), kUnit * (both & 0xfff)};
  }
  constexpr std::array<uint8_t, 3> bytes() const {
    std::array<uint8_t, 3> out{};
    base::store_be<uint32_t, 3>(out.data(), units(min) << 12 | units(max));
    return out;
  }
  bool operator==(const PlayoutDelay&) const = default;

 private:
  static constexpr base::Duration kUnit = base::Duration::millis(10);
  static constexpr uint32_t units(base::Duration d) {
    return static_cast<uint32_t>(std::clamp<int64_t>(d.us() / kUnit.us(), 0, 0xfff));
  }
};

}  // namespace heliograph::rtp
