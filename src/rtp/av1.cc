// SPDX-License-Identifier: Apache-2.0
#include "rtp/av1.h"

namespace heliograph::rtp {
namespace {

constexpr uint8_t kSequenceHeader = 1;  // obu_type, AV1 specification section 6.2.2

constexpr uint8_t obu_type(uint8_t header) { return header >> 3 & 0x0f; }

}  // namespace

std::optional<Av1AggregationHeader> Av1AggregationHeader::parse(base::ConstBytes payload) {
  if (payload.empty()) return std::nullopt;
  const uint8_t b = payload[0];  // Z Y W W N and three reserved bits
  return Av1AggregationHeader{(b & 0x80) != 0, (b & 0x40) != 0, static_cast<uint8_t>(b >> 4 & 3), (b & 0x08) != 0};
}

std::optional<uint32_t> read_leb128(base::ByteReader& in) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const uint8_t b = in.u8();
    if (!in.ok()) return std::nullopt;
    value |= uint64_t{b & 0x7fu} << (7 * i);
    if ((b & 0x80) != 0) continue;
    if (value > UINT32_MAX) return std::nullopt;
    return static_cast<uint32_t>(value);
  }
  return std::nullopt;
}

bool av1_starts_keyframe(base::ConstBytes payload) {
  const auto header = Av1AggregationHeader::parse(payload);
  if (!header || payload.size() < 2) return false;
  if (header->new_sequence) return true;
  bool found = false;
  bool continued = header->continues_obu;
  each_av1_element(payload, [&](base::ConstBytes element) {
    found = !continued && !element.empty() && obu_type(element[0]) == kSequenceHeader;
    continued = false;
    return !found;
  });
  return found;
}

}  // namespace heliograph::rtp
