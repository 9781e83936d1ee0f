// SPDX-License-Identifier: Apache-2.0
// For the tests of this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gtest/gtest.h"
#include "rtcp/block.h"

namespace heliograph::rtcp {

template <class Kind>
std::vector<uint8_t> bytes_of(const Kind& kind) {
  std::vector<uint8_t> buffer(4000);
  base::ByteWriter writer(buffer);
  kind.write(writer);
  EXPECT_TRUE(writer.ok());
  buffer.resize(writer.size());
  return buffer;
}

// The one block that bytes are. What it gives may point into bytes.
template <class Kind>
std::optional<Kind> parsed(const std::vector<uint8_t>& bytes) {
  BlockReader reader(bytes);
  const auto block = reader.next();
  EXPECT_TRUE(block && !reader.next() && !reader.malformed());
  return block ? Kind::parse(*block) : std::nullopt;
}

}  // namespace heliograph::rtcp
