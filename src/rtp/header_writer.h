// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"

namespace heliograph::rtp {

// The fields of RFC 3550 section 5.1.
struct Header {
  bool padding = false;
  bool marker = false;
  base::PayloadType payload_type;
  uint16_t sequence_number = 0;
  uint32_t timestamp = 0;
  base::Ssrc ssrc;
  std::span<const base::Ssrc> csrcs = {};  // at most 15 are written
};

// One header extension element (RFC 8285). id 0, "not negotiated", is left out.
struct Extension {
  uint8_t id = 0;
  base::ConstBytes value;  // 0–255 bytes
};

// Writes the header and the elements, in the one-byte form where every id is 1–14 and every value 1–16 bytes, else in
// the two-byte form. Without elements there is no extension at all. Returns the header's size; 0 when it does not fit
// or a value is too long.
size_t write_header(base::Bytes out, const Header& header, std::span<const Extension> extensions = {});

}  // namespace heliograph::rtp
