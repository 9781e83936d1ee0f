// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/bytes.h"

namespace heliograph::rtcp {

// A compound fits one datagram on any path, with room for SRTCP's index and tag.
inline constexpr size_t kMaxCompoundSize = 1200;

// Puts blocks one after the other into a fixed span, of which at most kMaxCompoundSize are used.
class CompoundWriter {
 public:
  explicit CompoundWriter(base::Bytes out) : out_(out.first(std::min(out.size(), kMaxCompoundSize))) {}

  // False, and nothing is written, when the block does not fit any more: send what there is and begin again.
  template <class Kind>
  bool append(const Kind& block) {
    base::ByteWriter writer(out_.subspan(size_));
    block.write(writer);
    if (!writer.ok()) return false;
    size_ += writer.size();
    return true;
  }
  bool empty() const { return size_ == 0; }
  base::Bytes written() const { return out_.first(size_); }
  void clear() { size_ = 0; }

 private:
  base::Bytes out_;
  size_t size_ = 0;
};

}  // namespace heliograph::rtcp
