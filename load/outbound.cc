// SPDX-License-Identifier: Apache-2.0
#include "load/outbound.h"

#include <algorithm>
#include <utility>

#include "rtp/rtx.h"

namespace heliograph::load {
namespace {

// RFC 6716 section 3.1: CELT, full band, 20 ms, mono, one frame.
constexpr uint8_t kOpusToc = 0xf8;

Payload opus_payload(uint32_t number, base::Timestamp now, base::Rng& rng) {
  Payload payload(Outbound::kOpusBytes);
  payload[0] = kOpusToc;
  for (size_t i = 1; i < payload.size(); ++i) payload[i] = static_cast<uint8_t>(rng());
  Stamp{number, now}.write(payload.data() + payload.size() - Stamp::kSize);
  return payload;
}

base::Duration interval_of(const Outbound::Options& options) {
  return options.kind == plan::Kind::kAudio ? base::Duration::millis(20)
                                            : base::Duration::from_seconds(1 / options.fps);
}

}  // namespace

Outbound::Outbound(const Options& options, base::Timestamp first_frame)
    : options_(options),
      rng_(options.seed),
      sizes_(options.rate, options.fps, rng_()),
      interval_(interval_of(options)),
      next_frame_(first_frame),
      next_index_(1 + rng_.below(0x7fff)),  // RFC 3711 section 3.3.1: below 2^15, so that nobody takes the lap wrongly
      next_rtx_index_(1 + rng_.below(0x7fff)),
      timestamp_offset_(rng_.u32()),
      history_(kHistory) {}

uint32_t Outbound::timestamp_at(base::Timestamp now) const {
  const uint32_t rate = options_.kind == plan::Kind::kAudio ? 48'000 : 90'000;
  return timestamp_offset_ + static_cast<uint32_t>(static_cast<__int128>(now.us()) * rate / 1'000'000);
}

std::vector<Payload> Outbound::payloads(base::Timestamp now) {
  const uint32_t first_number = options_.layer << Stamp::kLayerShift | sent_;
  if (options_.kind == plan::Kind::kAudio) return {opus_payload(first_number, now, rng_)};
  if (options_.recording) return recorded_payloads(first_number, now);
  const bool keyframe = std::exchange(keyframe_due_, false);
  return packetize_frame(keyframe, sizes_.next(keyframe), first_number, now, rng_);
}

// A file has its keyframes where they are: who asks for one makes it jump to the next.
std::vector<Payload> Outbound::recorded_payloads(uint32_t first_number, base::Timestamp now) {
  const auto& frames = options_.recording->frames;
  if (std::exchange(keyframe_due_, false)) next_recorded_ = options_.recording->next_keyframe(next_recorded_);
  const auto& frame = frames[next_recorded_];
  next_recorded_ = (next_recorded_ + 1) % frames.size();
  return packetize_recorded(*options_.recording, frame, first_number, now, rng_);
}

std::span<const OutboundPacket> Outbound::frame(base::Timestamp now) {
  // The media's time is when the frame was due, not when this thread came to it. After a long stall frames are left
  // out, as a camera would.
  const auto due = std::max(next_frame_, now - interval_);
  next_frame_ = due + interval_;
  fresh_.clear();
  for (auto& payload : payloads(now)) {
    octets_ += static_cast<uint32_t>(payload.size());
    fresh_.push_back(
        {options_.ssrc, options_.payload_type, next_index_++, timestamp_at(due), false, std::move(payload)});
    history_[fresh_.back().index % kHistory] = fresh_.back();
  }
  fresh_.back().marker = options_.kind == plan::Kind::kVideo;
  history_[fresh_.back().index % kHistory].marker = fresh_.back().marker;
  sent_ += static_cast<uint32_t>(fresh_.size());
  return fresh_;
}

std::optional<OutboundPacket> Outbound::retransmit(uint16_t sequence_number) {
  if (!options_.rtx_ssrc || !options_.rtx_payload_type) return std::nullopt;
  const auto back = static_cast<uint16_t>(next_index_ - 1 - sequence_number);
  if (back >= kHistory) return std::nullopt;
  const auto& original = history_[(next_index_ - 1 - back) % kHistory];
  if (original.payload.empty()) return std::nullopt;
  OutboundPacket rtx{*options_.rtx_ssrc, *options_.rtx_payload_type,
                     next_rtx_index_++,  original.timestamp,
                     original.marker,    Payload(rtp::kRtxHeaderSize + original.payload.size())};
  base::ByteWriter out(rtx.payload);
  rtp::write_rtx_header(out, sequence_number);
  out.bytes(original.payload);
  return rtx;
}

rtcp::SenderReport Outbound::report(base::Timestamp now, base::NtpTime ntp_now) const {
  rtcp::SenderReport report;
  report.sender = options_.ssrc;
  report.ntp = ntp_now;
  report.rtp_timestamp = timestamp_at(now);
  report.packet_count = sent_;
  report.octet_count = octets_;
  return report;
}

}  // namespace heliograph::load
