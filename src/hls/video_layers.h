// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "hls/frame.h"
#include "hls/frame_assembler.h"
#include "hls/rtp_packet.h"
#include "plan/media.h"

namespace heliograph::hls {

// A picture and when it is to be shown.
struct TimedFrame {
  Frame frame;
  base::Timestamp at;
};

// One encoding of the video track: its pictures, and those of them that wait for the next segment to begin.
struct VideoLayer {
  static constexpr size_t kMaxWaiting = 512;  // pictures; more: they are let go, and a keyframe is wanted

  std::optional<FrameAssembler> assembler;
  std::deque<TimedFrame> waiting;  // the first is a keyframe, with which a segment can begin
  std::shared_ptr<const VideoConfig> config;
  base::Timestamp last_packet;
  base::Timestamp last_frame;
  base::Timestamp asked;  // for a keyframe
  base::Timestamp ready_since;
  bool heard = false;        // a packet came
  bool seen = false;         // a picture came
  bool skipping = false;     // up to the next keyframe
  uint64_t lost_before = 0;  // of assemblers that are gone

  bool ready() const { return !waiting.empty(); }
  uint32_t pixels() const { return config ? uint32_t{config->width} * config->height : 0; }
  void wait(base::Timestamp now, TimedFrame frame) {
    if (waiting.empty()) ready_since = now;
    waiting.push_back(std::move(frame));
    if (waiting.size() <= kMaxWaiting) return;
    waiting.clear();
    skipping = true;
  }
};

// The layers of a publication's video track.
class VideoLayers {
 public:
  static constexpr base::Duration kAlive = base::Duration::seconds(1);  // since its last picture
  static constexpr base::Duration kAskAgain = base::Duration::millis(500);

  // From now on packets are of this track, and of other sources than before.
  void begin(const plan::UplinkTrack& track);
  // The layer's pictures from now on are taken by take().
  void receive(base::Timestamp now, const RtpPacket& packet);
  std::optional<Frame> take(base::Timestamp now, size_t layer);

  VideoLayer& operator[](size_t layer) { return layers_[layer]; }
  const VideoLayer& operator[](size_t layer) const { return layers_[layer]; }
  bool is_alive(base::Timestamp now, size_t layer) const {
    return layers_[layer].seen && now - layers_[layer].last_frame < kAlive;
  }
  // Those that a segment can begin with, the smallest picture first.
  std::vector<size_t> ready() const;
  bool any_ready() const;
  // Every layer that is alive is ready, or `patience` has passed since the first was.
  bool all_ready(base::Timestamp now, base::Duration patience) const;
  // Of all that are heard of but not ready, or of those only that cannot go on without: a bit each, not more often than
  // kAskAgain.
  uint32_t ask(base::Timestamp now, bool all);
  // What waits is of no use.
  void drop_waiting();
  uint64_t frames_lost() const;

 private:
  std::array<VideoLayer, kMaxLayers> layers_;
};

}  // namespace heliograph::hls
