// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "base/unwrapper.h"
#include "load/completeness.h"
#include "load/stamp.h"
#include "plan/media.h"
#include "rtcp/compound.h"
#include "rtcp/sender_report.h"
#include "rtp/packet.h"
#include "sfu/nack_tracker.h"
#include "sfu/reception.h"

namespace heliograph::load {

// One stream that a viewer receives: asks again for what is missing, reports, and keeps count by two rows of numbers:
// those of RTP, which the server gives, and those of the publisher's stamps, which it cannot change.
class Inbound {
 public:
  explicit Inbound(plan::DownlinkTrack line);

  const plan::DownlinkTrack& line() const { return line_; }

  // What a packet was.
  struct Arrival {
    bool fresh = false;            // the first time that it comes
    bool by_rtx = false;           // a retransmission
    bool starts_keyframe = false;  // video that a decoder can begin with
    std::optional<Stamp> stamp;    // nullopt: not what a publisher here sent
  };
  // nullopt: no packet of this stream, or padding.
  std::optional<Arrival> receive(base::Timestamp now, const rtp::PacketView& packet);
  void on_sender_report(base::Timestamp now, const rtcp::SenderReport& report);

  // When write_nack() has something to say; costs nothing.
  base::Timestamp next_nack() const { return nack_.next_time(); }
  // NACK that is due.
  void write_nack(base::Timestamp now, base::Ssrc sender, rtcp::CompoundWriter& out);
  // The block of the next receiver report.
  std::optional<rtcp::ReportBlock> report(base::Timestamp now) { return reception_.report(now, line_.ssrc); }

  const Completeness& sequence() const { return sequence_; }
  // Of the layer of simulcast that comes now, since the server switched to it.
  const Completeness& stamps() const { return stamps_; }
  uint32_t layer() const { return layer_; }
  // By stamps, of all layers that came; last: the last number that the publisher gave in layer().
  uint64_t expected(std::optional<int64_t> last = std::nullopt) const {
    return left_expected_ + before_.expected() + stamps_.expected(last);
  }
  uint64_t missing(std::optional<int64_t> last = std::nullopt) const {
    return left_missing_ + before_.missing() + stamps_.missing(last);
  }
  uint64_t switches() const { return switches_; }
  uint64_t nacked() const { return nacked_; }
  uint64_t recovered() const { return recovered_; }
  uint64_t foreign() const { return foreign_; }

 private:
  Arrival take(base::Timestamp now, uint16_t sequence_number, uint32_t timestamp, base::ConstBytes payload,
               bool by_rtx);
  void add_stamp(const Stamp& stamp, bool newest);

  plan::DownlinkTrack line_;
  base::Unwrapper<uint16_t> unwrapper_;
  sfu::NackTracker nack_;
  sfu::Reception reception_;
  Completeness sequence_;
  Completeness stamps_;
  Completeness before_;  // of the layer before it: retransmissions of that may still come
  uint32_t layer_ = 0;
  uint32_t layer_before_ = 0;
  uint64_t left_expected_ = 0, left_missing_ = 0;  // of layers before those
  uint64_t switches_ = 0;
  std::vector<uint16_t> to_ask_;
  uint64_t nacked_ = 0;     // sequence numbers asked for
  uint64_t recovered_ = 0;  // that came by RTX
  uint64_t foreign_ = 0;    // without a stamp
};

}  // namespace heliograph::load
