// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/data_rate.h"
#include "base/time.h"

namespace heliograph::bwe {

// What one publisher without transport-cc may send, from what arrives and what is lost: the figure of REMB. One per
// transport, on its shard.
//
// It is looked at twice a second. Loss under 2 %: up, by 8 % a second, or by half a second's worth of 50 % a second as
// long as nothing was ever lost (the start). 2 to 10 %: stays. Over 10 %: down to what arrived, less half the loss (the
// sender-side rule of draft-ietf-rmcat-gcc-02 section 6). The figure does not run ahead: above `start` it grows only
// while at least half of it is in use, so that a camera that has nothing to send keeps its allowance but does not
// inflate it.
class RembEstimator {
 public:
  struct Options {
    base::DataRate floor = base::DataRate::kbps(150);
    // Generous: a browser that hears a REMB in its first seconds jumps to it and finds loss by itself.
    base::DataRate start = base::DataRate::kbps(1500);
    base::DataRate cap = base::DataRate::kbps(12'000);
  };
  static constexpr base::Duration kLook = base::Duration::millis(500);
  static constexpr base::Duration kRepeat = base::Duration::seconds(1);  // a REMB is sent this often while packets come
  static constexpr uint32_t kMinPackets = 10;                            // of one look, to speak of loss

  RembEstimator() : RembEstimator(Options()) {}
  explicit RembEstimator(const Options& options) : options_(options), estimate_(options.start) {}

  // A packet came; size in bytes, headers included.
  void on_packet(base::Timestamp now, size_t size);
  // Sequence numbers that were found missing since the last call, retransmissions not counted.
  void on_lost(uint32_t packets) { lost_ += packets; }

  // The figure to send now, as REMB: every kRepeat, and at once when it fell. nullopt otherwise.
  std::optional<base::DataRate> on_time(base::Timestamp now);
  // never() before the first packet and while none come.
  base::Timestamp next_time() const { return next_look_; }

  base::DataRate estimate() const { return estimate_; }

 private:
  void begin_look(base::Timestamp now);
  bool look(base::Timestamp now);
  void increase(base::DataRate received, base::Duration span);
  base::DataRate within_limits(base::DataRate rate) const;

  Options options_;
  base::DataRate estimate_;
  bool lossless_ = true;  // since the start
  uint32_t received_ = 0;
  uint32_t lost_ = 0;
  int64_t bytes_ = 0;
  base::Timestamp look_start_;
  base::Timestamp next_look_ = base::Timestamp::never();
  base::Timestamp next_report_;
};

}  // namespace heliograph::bwe
