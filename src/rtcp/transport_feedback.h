// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// When packets arrived, by their transport-wide sequence numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01
// section 3.1).
struct TransportFeedback {
  static constexpr uint8_t kFormat = 15;
  static constexpr base::Duration kReferenceUnit = base::Duration::millis(64);
  static constexpr base::Duration kDeltaUnit = base::Duration::micros(250);

  // After the packet that arrived before it, in kDeltaUnit; nullopt: it has not arrived.
  using Delta = std::optional<int16_t>;

  FeedbackSources sources;
  uint16_t base_sequence_number = 0;
  int32_t reference_time = 0;  // kReferenceUnit; 24 bits, signed, wrapping: what the first delta counts from
  uint8_t feedback_count = 0;
  BoundedList<Delta, 1024> deltas;  // of base_sequence_number, base_sequence_number + 1, …

  // nullopt when chunks or deltas are cut short, or a chunk uses the reserved symbol. A feedback about more packets
  // than deltas holds is cut to the first ones.
  static std::optional<TransportFeedback> parse(const Block& block);
  void write(base::ByteWriter& out) const;
  // Bytes that write() takes at most for n packets all of which arrived.
  static constexpr size_t max_size(size_t n) { return 20 + 2 * (n / 7 + 1) + 2 * n + 3; }

  // visit(uint16_t sequence_number, optional<Duration> arrival) for each packet; arrivals count from reference_time.
  template <class Visit>
  void each(Visit&& visit) const {
    base::Duration arrival;
    auto sequence_number = base_sequence_number;
    for (const auto& delta : deltas) {
      if (delta) arrival += kDeltaUnit * *delta;
      visit(sequence_number++, delta ? std::optional(arrival) : std::nullopt);
    }
  }

  bool operator==(const TransportFeedback&) const = default;
};

}  // namespace heliograph::rtcp
