// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "hls/opus_packet.h"
#include "hls/rtp_packet.h"

namespace heliograph::hls {

// An audio packet that waits for its turn.
struct HeldPacket {
  uint64_t turn = 0;  // of its source: sources that follow each other are counted
  int64_t sequence = 0;
  uint32_t timestamp = 0;
  base::Timestamp at;
  OpusPacket opus;
  std::vector<uint8_t> payload;
};

// Brings packets into order: by sequence number within a source; what comes of a new source is behind all of the one
// before.
class PacketQueue {
 public:
  // Doubles, and what is older than what was taken, are left out.
  void put(const RtpPacket& packet, base::Timestamp at, const OpusPacket& opus);
  bool empty() const { return held_.empty(); }
  size_t size() const { return held_.size(); }
  const HeldPacket& front() const { return held_.begin()->second; }
  // The front is the successor of what was taken last: nothing can be missing in between.
  bool is_next() const;
  HeldPacket take();

 private:
  using Place = std::pair<uint64_t, int64_t>;
  uint64_t turn_of(uint64_t source);

  std::map<Place, HeldPacket> held_;
  std::optional<Place> taken_;
  std::optional<uint64_t> source_;  // the newest
  std::optional<uint64_t> source_before_;
  uint64_t turn_ = 0;
};

}  // namespace heliograph::hls
