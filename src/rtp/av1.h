// SPDX-License-Identifier: Apache-2.0
// The AV1 aggregation header and the OBU elements behind it (RTP Payload Format For AV1, v1.0, section 4.4).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::rtp {

struct Av1AggregationHeader {
  bool continues_obu = false;  // Z: the first element continues one of the packet before
  bool obu_continues = false;  // Y: the last element goes on in the next packet
  uint8_t element_count = 0;   // W; 0: every element has its length in front
  bool new_sequence = false;   // N: first packet of a coded video sequence

  static std::optional<Av1AggregationHeader> parse(base::ConstBytes payload);
};

// visit(ConstBytes element) → bool (go on) for each OBU element, in order; ends at the first that does not fit.
template <class Visit>
void each_av1_element(base::ConstBytes payload, Visit&& visit);

// The first packet of a picture that needs none before it: N is set, or a sequence header OBU begins here (senders
// exist that leave N at zero).
bool av1_starts_keyframe(base::ConstBytes payload);

// Unsigned LEB128 of at most 8 bytes and 32 bits (AV1 specification section 4.10.5).
std::optional<uint32_t> read_leb128(base::ByteReader& in);

template <class Visit>
void each_av1_element(base::ConstBytes payload, Visit&& visit) {
  const auto header = Av1AggregationHeader::parse(payload);
  if (!header) return;
  base::ByteReader in(payload.subspan(1));
  for (unsigned i = 1; in.left() > 0; ++i) {
    // With W given, the last element has no length: it is what is left.
    const bool last = header->element_count != 0 && i == header->element_count;
    const auto size = last ? std::optional(static_cast<uint32_t>(in.left())) : read_leb128(in);
    if (!size || *size > in.left()) return;
    if (!visit(in.bytes(*size)) || last) return;
  }
}

}  // namespace heliograph::rtp
