// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/data_rate.h"
#include "base/ids.h"
#include "base/rng.h"
#include "base/time.h"
#include "load/h264.h"
#include "plan/media.h"
#include "rtcp/sender_report.h"

namespace heliograph::load {

// One RTP packet before protection.
struct OutboundPacket {
  base::Ssrc ssrc;
  base::PayloadType payload_type;
  uint64_t index = 0;  // sequence number, unwrapped
  uint32_t timestamp = 0;
  bool marker = false;
  Payload payload;
};

// One stream that a publisher sends: its frames when they are due, its numbers, and a history to answer NACKs from.
class Outbound {
 public:
  static constexpr size_t kHistory = 2048;
  static constexpr size_t kOpusBytes = 100;  // 40 kbit/s at 50 packets a second

  struct Options {
    plan::Kind kind = plan::Kind::kVideo;
    base::Ssrc ssrc;
    base::PayloadType payload_type;
    std::optional<base::Ssrc> rtx_ssrc;
    std::optional<base::PayloadType> rtx_payload_type;
    base::DataRate rate;  // of video
    double fps = 30;      // of video
    uint64_t seed = 0;
    uint32_t layer = 0;  // of simulcast
    std::string rid = {};
    std::shared_ptr<const Recording> recording = {};  // video of a file instead of made-up
  };
  Outbound(const Options& options, base::Timestamp first_frame);

  const Options& options() const { return options_; }
  base::Timestamp next_frame() const { return next_frame_; }
  // The packets of the frame that is due, good until the next call.
  std::span<const OutboundPacket> frame(base::Timestamp now);
  void request_keyframe() { keyframe_due_ = true; }
  // The answer to a NACK, by RTX (RFC 4588); nullopt when it is too old or RTX was not agreed on.
  std::optional<OutboundPacket> retransmit(uint16_t sequence_number);
  rtcp::SenderReport report(base::Timestamp now, base::NtpTime ntp_now) const;

  // How many packets there are: stamps go from 0 to sent() - 1.
  uint32_t sent() const { return sent_; }

 private:
  std::vector<Payload> payloads(base::Timestamp now);
  std::vector<Payload> recorded_payloads(uint32_t first_number, base::Timestamp now);
  uint32_t timestamp_at(base::Timestamp now) const;

  Options options_;
  base::Rng rng_;
  FrameSizes sizes_;
  base::Duration interval_;
  base::Timestamp next_frame_;
  uint64_t next_index_;
  uint64_t next_rtx_index_;
  uint32_t timestamp_offset_;
  uint32_t sent_ = 0;
  uint32_t octets_ = 0;
  bool keyframe_due_ = true;
  size_t next_recorded_ = 0;
  std::vector<OutboundPacket> fresh_;
  std::vector<OutboundPacket> history_;  // a ring by index
};

}  // namespace heliograph::load
