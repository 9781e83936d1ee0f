// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/data_rate.h"
#include "base/ids.h"
#include "base/time.h"
#include "base/unwrapper.h"
#include "rtcp/transport_feedback.h"

namespace heliograph::bwe {

// The receiver's half of transport-wide congestion control: notes when each packet of one publisher came and tells it
// so in time (draft-holmer-rmcat-transport-wide-cc-extensions-01). The publisher estimates. One per transport, on its
// shard; it allocates nothing.
//
// The interval is the one at which feedback takes 5 % of the rate received, within 50 to 250 ms: a sender's estimator
// wants it often, a thin uplink's return path cannot bear it often.
class TransportFeedbackBuilder {
 public:
  static constexpr base::Duration kMinInterval = base::Duration::millis(50);
  static constexpr base::Duration kMaxInterval = base::Duration::millis(250);
  // What comes this far behind the newest is too late to be told of: a second of 10 Mbit/s.
  static constexpr int64_t kWindow = 1024;
  // Statuses of one feedback: a full one is at most 1,053 bytes and fits a compound.
  static constexpr int64_t kMaxStatuses = 450;

  explicit TransportFeedbackBuilder(base::Ssrc sender) : sender_(sender) {}

  // A packet with this transport-wide sequence number came; size in bytes, media: its SSRC.
  void on_packet(base::Timestamp now, uint16_t sequence_number, size_t size, base::Ssrc media);

  // The feedback that is due now; call again until nullopt, for a long gap or many packets take several.
  std::optional<rtcp::TransportFeedback> on_time(base::Timestamp now);
  // never() when nothing new has come.
  base::Timestamp next_time() const { return next_; }

  base::Duration interval() const { return interval_; }

 private:
  void start(base::Timestamp now, int64_t number);
  void move_window(int64_t number);
  void finish_round(base::Timestamp now);
  rtcp::TransportFeedback build();
  void append_statuses(rtcp::TransportFeedback& feedback, int64_t last_ticks);
  base::Timestamp& arrival(int64_t number) { return arrivals_[static_cast<size_t>(number) % kWindow]; }

  base::Ssrc sender_;
  base::Ssrc media_;
  base::Unwrapper<uint16_t> unwrapper_;
  std::array<base::Timestamp, kWindow> arrivals_{};  // of [newest − kWindow + 1, newest]; never(): has not come
  std::optional<int64_t> newest_;
  int64_t begin_ = 0;  // the number that the next feedback begins with; past newest_: nothing to tell
  uint8_t feedback_count_ = 0;
  base::Duration interval_ = base::Duration::millis(100);
  base::Timestamp last_sent_;
  base::Timestamp next_ = base::Timestamp::never();
  int64_t bytes_ = 0;  // since last_sent_
};

}  // namespace heliograph::bwe
