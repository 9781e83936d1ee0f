// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "rtcp/block.h"

namespace heliograph::rtcp {

// Picture Loss Indication (RFC 4585 section 6.3.1).
struct PictureLossIndication {
  static constexpr uint8_t kFormat = 1;

  FeedbackSources sources;

  static std::optional<PictureLossIndication> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const PictureLossIndication&) const = default;
};

}  // namespace heliograph::rtcp
