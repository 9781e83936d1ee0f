// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// Full Intra Request (RFC 5104 section 4.3.1).
struct FullIntraRequest {
  static constexpr uint8_t kFormat = 4;

  struct Item {
    base::Ssrc source;
    uint8_t sequence_number = 0;  // one more for each new request; the same for a repetition

    bool operator==(const Item&) const = default;
  };
  base::Ssrc sender;  // the media source of the common header is unused and zero (RFC 5104 section 4.3.1.2)
  BoundedList<Item, 32> items;

  static std::optional<FullIntraRequest> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const FullIntraRequest&) const = default;
};

}  // namespace heliograph::rtcp
