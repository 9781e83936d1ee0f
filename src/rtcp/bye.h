// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/ids.h"
#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// RFC 3550 section 6.6.
struct Bye {
  BoundedList<base::Ssrc, 31> sources;
  std::string_view reason;  // points into the block or at the writer's text; at most 255 bytes are written

  static std::optional<Bye> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const Bye&) const = default;
};

}  // namespace heliograph::rtcp
