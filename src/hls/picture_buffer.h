// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "hls/rtp_packet.h"

namespace heliograph::hls {

// Packets of one source, in whatever order they come, to pictures in the order of their sequence numbers. A picture is
// the packets of one timestamp, up to the marker or, where that is absent, to a packet of another timestamp. A hole is
// waited for and given up in the end; whoever takes pictures sees that by breaks().
class PictureBuffer {
 public:
  struct Limits {
    size_t packets = 0;
    size_t bytes = 0;          // of all packets
    size_t picture_bytes = 0;  // a larger one is given up
    base::Duration patience;   // with a hole
    base::Duration eagerness;  // with a hole when a whole keyframe lies behind it
  };
  struct Packet {
    uint32_t timestamp = 0;
    bool marker = false;
    base::Timestamp arrival;
    base::Timestamp noticed;  // when what is missing before it was missing first
    std::vector<uint8_t> payload;
  };
  using Picture = std::vector<Packet>;

  explicit PictureBuffer(const Limits& limits) : limits_(limits) {}

  // starts_keyframe: a picture that needs none before it begins with this packet.
  void insert(base::Timestamp now, const RtpPacket& packet, bool starts_keyframe);
  // The next picture without a hole, whose first packet is known to be its first.
  std::optional<Picture> take(base::Timestamp now);
  // When take() may have another answer though nothing was inserted.
  base::Timestamp next_time() const { return next_time_; }
  // Grows whenever something was given up: what is taken next does not follow on what was taken before.
  uint64_t breaks() const { return breaks_; }
  // Pictures of which something was given up, as far as that can be told. What came before the first that could be
  // taken was never ours to lose.
  uint64_t lost() const { return lost_; }
  bool empty() const { return held_.empty(); }

 private:
  // Of a keyframe's first packet that lies behind a hole: how far its picture is known to be whole.
  struct Start {
    int64_t sequence = 0;
    int64_t end = 0;
    bool whole = false;
  };
  static constexpr size_t kMaxStarts = 8;  // the oldest is forgotten
  // A sender that begins its numbers anew below what was taken is followed after so many packets that are further back
  // than any retransmission.
  static constexpr unsigned kMaxStrays = 16;
  static constexpr int64_t kStray = 2'048;

  void begin(int64_t sequence, bool starts_keyframe);
  bool is_late(const RtpPacket& packet);
  void keep(base::Timestamp now, const RtpPacket& packet);
  // Moves `end` on as far as packets of the picture that begins with `begin` are here; true: that is all of it.
  bool extend(int64_t begin, int64_t& end, size_t& bytes) const;
  Picture extract();
  bool skip_hole(base::Timestamp now);
  std::optional<int64_t> whole_keyframe();
  void give_up_to(int64_t sequence, bool begins);
  void move_to(int64_t sequence, bool begins);
  void count_lost(uint32_t timestamp);

  Limits limits_;
  std::map<int64_t, Packet> held_;  // by sequence number
  size_t bytes_ = 0;

  // The picture to be taken next: [next_, end_) is here.
  int64_t next_ = 0;
  int64_t end_ = 0;
  size_t picture_bytes_ = 0;
  bool whole_ = false;
  bool begins_ = false;   // a picture begins with next_
  bool begun_ = false;    // next_ means something
  bool settled_ = false;  // what lies before next_ is past; until then it may still turn up
  bool delivered_ = false;

  std::vector<Start> starts_;
  unsigned strays_ = 0;
  base::Timestamp next_time_ = base::Timestamp::never();
  uint64_t breaks_ = 0;
  uint64_t lost_ = 0;
  std::optional<uint32_t> lost_timestamp_;  // counted last: a picture counts once
};

}  // namespace heliograph::hls
