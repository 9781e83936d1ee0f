// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "hls/audio_track.h"
#include "hls/rtp_packet.h"
#include "hls/update.h"
#include "plan/hls.h"

namespace heliograph::hls {

struct PackagerOptions {
  Timing live;                                           // what a camera gets
  Timing slow = {.segment = base::Duration::seconds(6),  // what sends fewer frames a second than kSlowBelow gets
                 .part = base::Duration::seconds(1),
                 .target = base::Duration::seconds(7),
                 .part_hold_back = base::Duration::seconds(3)};
  bool aac = true;  // hls.audio
  bool opus = false;
  bool record = false;
};

struct PackagerOut {
  std::vector<Update> updates;
  uint32_t keyframes = 0;  // a bit for each layer of the video track that a keyframe is wanted of
};

// One stream: packets and sender reports in, parts out, by the clock: time goes on whatever comes. Sans-IO.
class Packager {
 public:
  static constexpr double kSlowBelow = 4;  // frames a second, in the beginning

  // unix_now: µs since 1970 at `now`, for EXT-X-PROGRAM-DATE-TIME.
  Packager(base::Timestamp now, int64_t unix_now, const PackagerOptions& options, const plan::StartHls& start);
  ~Packager();
  Packager(Packager&&) noexcept;
  Packager& operator=(Packager&&) noexcept;

  // False: the tracks are such that this stream cannot go on with them (another codec, a kind that it began without);
  // nothing has changed, and another stream must be begun.
  bool change(base::Timestamp now, const plan::StartHls& start, PackagerOut& out);
  void receive(base::Timestamp now, const RtpPacket& packet, PackagerOut& out);
  void on_sender_report(base::Timestamp now, plan::Kind kind, uint8_t layer, uint64_t source, base::NtpTime ntp,
                        uint32_t timestamp);
  void on_time(base::Timestamp now, PackagerOut& out);
  base::Timestamp next_time() const;
  // The last parts, and Ended; nothing may be called afterwards.
  void end(base::Timestamp now, PackagerOut& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::hls
