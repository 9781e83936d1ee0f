// SPDX-License-Identifier: Apache-2.0
#include "base/datagrams.h"

namespace heliograph::base {

void SendBatch::commit(const Path& path, size_t size) {
  CHECK(size <= kMaxDatagram && used_ + size <= kBlockSize);
  const auto offset = static_cast<uint32_t>(used_);
  used_ += size;
  if (!messages_.empty()) {
    Message& last = messages_.back();
    if (last.open && size <= last.segment && last.segments < kMaxSegments && last.size + size <= kMaxMessageBytes &&
        last.path == path) {
      last.size += static_cast<uint32_t>(size);
      ++last.segments;
      last.open = size == last.segment;
      return;
    }
  }
  messages_.push_back({path, offset, static_cast<uint32_t>(size), static_cast<uint16_t>(size), 1, true});
}

}  // namespace heliograph::base
