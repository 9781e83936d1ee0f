// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "hls/frame.h"
#include "hls/rtp_packet.h"
#include "plan/media.h"

namespace heliograph::hls {

// Packets of one encoding of a video track to pictures, in decoding order. A hole is waited for, since a retransmission
// may fill it; after kPatience it is given up, and nothing comes until the next keyframe. One for each layer.
class FrameAssembler {
 public:
  static constexpr base::Duration kPatience = base::Duration::millis(250);
  static constexpr size_t kMaxPackets = 2'048;               // held; more: everything is given up
  static constexpr size_t kMaxFrameBytes = 4 * 1024 * 1024;  // a larger picture is given up

  // fmtp: of the track's format, where H.264's parameter sets may be (sprop-parameter-sets, RFC 6184 section 8.1).
  FrameAssembler(plan::Codec codec, std::string_view fmtp);
  ~FrameAssembler();
  FrameAssembler(FrameAssembler&&) noexcept;
  FrameAssembler& operator=(FrameAssembler&&) noexcept;

  void receive(base::Timestamp now, const RtpPacket& packet);
  // The next picture that is whole and whose predecessors are; nullopt: none now. Begins with a keyframe.
  std::optional<Frame> take(base::Timestamp now);
  // When take() may have another answer though nothing was received: a hole is then given up.
  base::Timestamp next_time() const;
  // Nothing can come before the next keyframe: it should be asked for.
  bool needs_keyframe() const;
  uint64_t frames_lost() const;  // given up since the beginning

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::hls
