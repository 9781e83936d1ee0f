// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/ids.h"
#include "rtcp/block.h"
#include "rtcp/bounded_list.h"

namespace heliograph::rtcp {

// Source description (RFC 3550 section 6.5). Of its items only CNAME is kept; a chunk without one has an empty cname.
struct SourceDescription {
  struct Chunk {
    base::Ssrc source;
    std::string_view cname;  // points into the block or at the writer's text; at most 255 bytes are written

    bool operator==(const Chunk&) const = default;
  };
  BoundedList<Chunk, 31> chunks;

  static std::optional<SourceDescription> parse(const Block& block);
  void write(base::ByteWriter& out) const;

  bool operator==(const SourceDescription&) const = default;
};

}  // namespace heliograph::rtcp
