// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/data_rate.h"
#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// Receiver Estimated Maximum Bitrate (draft-alvestrand-rmcat-remb-03 section 2).
struct Remb {
  static constexpr uint8_t kFormat = 15;  // application layer feedback

  base::Ssrc sender;
  base::DataRate bitrate;               // written with an 18-bit mantissa, rounded down
  BoundedList<base::Ssrc, 64> sources;  // the streams it holds for, together

  // nullopt as well for another application's feedback, and for more bits per second than fit 63 bits.
  static std::optional<Remb> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const Remb&) const = default;
};

}  // namespace heliograph::rtcp
