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

// Since the beginning.
struct PackagerNumbers {
  uint64_t parts = 0;
  uint64_t parts_late = 0;   // given out more than half a second after their end
  uint64_t frames_lost = 0;  // pictures that could not be put together
  uint64_t repeats = 0;      // parts without a picture of their own
  uint64_t slates = 0;       // times that a slate took over
};

struct PackagerOut {
  std::vector<Update> updates;
  uint32_t keyframes = 0;  // a bit for each layer of the video track that a keyframe is wanted of
};

// One stream: packets and sender reports in, parts out, by the clock: time goes on whatever comes. Sans-IO.
class Packager {
 public:
  static constexpr double kSlowBelow = 4;  // frames a second, in the beginning

  // Whether anything of these tracks can be packaged: VP8 cannot (there is no such sample entry that players take).
  static bool takes(const std::vector<plan::UplinkTrack>& tracks);

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
  // The last parts, and Ended; nothing but numbers() may be called afterwards.
  void end(base::Timestamp now, PackagerOut& out);
  PackagerNumbers numbers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::hls
