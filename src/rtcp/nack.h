// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// Generic NACK (RFC 4585 section 6.2.1).
struct Nack {
  static constexpr uint8_t kFormat = 1;

  // packet_id is lost; and packet_id + i + 1 for each bit i of the bitmask.
  struct Item {
    uint16_t packet_id = 0;
    uint16_t bitmask = 0;

    bool operator==(const Item&) const = default;
  };
  FeedbackSources sources;
  BoundedList<Item, 256> items;  // what a sender lists beyond them is ignored: it will ask again

  static std::optional<Nack> parse(const Block& block);
  // Packs lost sequence numbers, in ascending order on the circle, into the fewest items. What does not fit is left
  // out.
  static Nack pack(const FeedbackSources& sources, std::span<const uint16_t> lost);
  void write(base::ByteWriter& out) const;

  // visit(uint16_t) for each lost sequence number, in the order of the items.
  template <class Visit>
  void each_lost(Visit&& visit) const {
    for (const auto& item : items) {
      visit(item.packet_id);
      for (unsigned bit = 0; bit < 16; ++bit)
        if ((item.bitmask >> bit & 1) != 0) visit(static_cast<uint16_t>(item.packet_id + bit + 1));
    }
  }

  bool operator==(const Nack&) const = default;
};

}  // namespace heliograph::rtcp
