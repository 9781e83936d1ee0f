// SPDX-License-Identifier: Apache-2.0
#include "sfu/reception.h"

namespace heliograph::sfu {

void Reception::on_packet(base::Timestamp now, int64_t sequence, uint32_t rtp_timestamp) {
  if (!first_) {
    first_ = sequence;
    highest_ = sequence;
  }
  highest_ = std::max(highest_, sequence);
  ++received_;
  update_jitter(now, rtp_timestamp);
}

void Reception::update_jitter(base::Timestamp now, uint32_t rtp_timestamp) {
  const auto arrival = static_cast<uint32_t>(static_cast<__int128>(now.us()) * clock_rate_ / 1'000'000);
  const uint32_t transit = arrival - rtp_timestamp;
  if (last_transit_) {
    const auto step = static_cast<int32_t>(transit - *last_transit_);
    const uint32_t d = step < 0 ? 0U - static_cast<uint32_t>(step) : static_cast<uint32_t>(step);
    jitter_x16_ += d - ((jitter_x16_ + 8) >> 4);  // RFC 3550 appendix A.8
  }
  last_transit_ = transit;
}

void Reception::on_sender_report(base::Timestamp now, base::NtpTime ntp) {
  last_report_ = ntp;
  last_report_at_ = now;
}

std::optional<rtcp::ReportBlock> Reception::report(base::Timestamp now, base::Ssrc source) {
  if (!first_) return std::nullopt;
  const int64_t expected = highest_ - *first_ + 1;
  const int64_t expected_now = expected - expected_before_;
  const int64_t lost_now = expected_now - (received_ - received_before_);
  expected_before_ = expected;
  received_before_ = received_;

  rtcp::ReportBlock block;
  block.source = source;
  if (expected_now > 0 && lost_now > 0)
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(lost_now * 256 / expected_now, 255));
  block.cumulative_lost = static_cast<int32_t>(std::clamp<int64_t>(expected - received_, -0x80'0000, 0x7f'ffff));
  // RFC 3550 appendix A.1: the laps above the low 16 bits count from the first packet's.
  block.highest_sequence_number = static_cast<uint32_t>(highest_ - (*first_ & ~int64_t{0xffff}));
  block.jitter = jitter_x16_ >> 4;
  if (last_report_) {
    block.last_sender_report = last_report_->compact();
    block.delay_since_last = static_cast<uint32_t>((now - last_report_at_).us() * 65'536 / 1'000'000);
  }
  return block;
}

}  // namespace heliograph::sfu
