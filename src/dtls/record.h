// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::dtls {

// One record as it lies in a datagram (RFC 6347 section 4.1). Views: good for as long as the datagram is.
struct Record {
  static constexpr uint8_t kAlert = 21;
  static constexpr uint8_t kHandshake = 22;

  uint8_t type = 0;
  uint16_t version = 0;
  uint16_t epoch = 0;
  uint64_t sequence_number = 0;  // 48 bits, counted in each epoch
  base::ConstBytes body;         // with what encryption adds
  base::ConstBytes whole;        // header and body

  // The next one of a datagram; nullopt at its end, or where the rest is no record: then reader.ok() is false.
  static std::optional<Record> take(base::ByteReader& reader);
};

}  // namespace heliograph::dtls
