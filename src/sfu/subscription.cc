// SPDX-License-Identifier: Apache-2.0
#include "sfu/subscription.h"

#include <algorithm>
#include <cstring>

#include "base/unwrapper.h"
#include "rtp/packet.h"

namespace heliograph::sfu {

Subscription::Subscription(plan::DownlinkTrack line, base::Rng& rng)
    : line_(std::move(line)),
      codec_(line_.codec.codec),
      // In the lower half of the first lap, so that no receiver guesses another lap (RFC 3711 section 3.3.1).
      next_index_(1 + rng.below(0x7fff)),
      rtx_index_(1 + rng.below(0x7fff)) {}

std::optional<uint8_t> Subscription::current_layer() const {
  if (epoch_count_ == 0) return std::nullopt;
  return epoch().layer;
}

bool Subscription::aim(uint8_t layer) {
  if (target_ == layer) return false;
  target_ = layer;
  return current_layer() != layer;
}

// A decoder can take over at this packet, and this is the layer it should come from.
bool Subscription::may_begin(const MediaPacket& packet) const {
  if (line_.kind == plan::Kind::kAudio) return true;
  if (!packet.keyframe) return false;
  return !target_ || epoch_count_ == 0 || packet.layer == *target_ || packet.layer == epoch().layer;
}

std::optional<Rewrite> Subscription::forward(const Track& track, const MediaPacket& packet) {
  const bool same = epoch_count_ > 0 && epoch().layer == packet.layer && epoch().source == packet.source;
  if (!same) {
    if (!may_begin(packet)) return std::nullopt;
    begin_epoch(track, packet);
  }
  const Epoch& e = epoch();
  if (packet.sequence < e.first_sequence) return std::nullopt;  // from before the keyframe we began with
  const Rewrite rewrite = rewrite_in(e, packet);
  if (rewrite.index >= next_index_) {
    next_index_ = rewrite.index + 1;
    last_ = Last{rewrite.timestamp, packet.timestamp, packet.arrival, e.pictures.apply(packet.numbers)};
  }
  return rewrite;
}

void Subscription::begin_epoch(const Track& track, const MediaPacket& packet) {
  Epoch e;
  e.first_index = next_index_;
  e.first_sequence = packet.sequence;
  e.layer = packet.layer;
  e.source = packet.source;
  e.timestamp_offset = last_ ? timestamp_for(track, packet) - packet.timestamp : 0;
  if (last_) e.pictures = PictureOffsets::continuing(last_->numbers, packet.numbers);
  epochs_[epoch_count_++ % kEpochs] = e;
}

// Where the first packet of another source lies on the viewer's time line: by both sources' sender reports where they
// have them, else by the time that passed between the arrivals. Always later than the packet before.
uint32_t Subscription::timestamp_for(const Track& track, const MediaPacket& packet) const {
  const Epoch& before = epoch();
  const SenderClock& to = track.clock(packet.layer);
  const SenderClock& from = track.clock(before.layer);
  int64_t ticks = to.time_to_ticks(packet.arrival - last_->arrival);
  if (before.layer != packet.layer && from.synchronised() && to.synchronised()) {
    const int64_t exact = to.time_to_ticks(to.time_of(packet.timestamp) - from.time_of(last_->source_timestamp));
    // A publisher's clock that makes no sense must not throw the viewer off by more than a second.
    if (std::abs(exact - ticks) < plan::clock_rate(codec_)) ticks = exact;
  }
  return last_->timestamp + static_cast<uint32_t>(std::max<int64_t>(ticks, 1));
}

Rewrite Subscription::rewrite_in(const Epoch& e, const MediaPacket& packet) const {
  Rewrite r;
  r.index = e.first_index + static_cast<uint64_t>(packet.sequence - e.first_sequence);
  r.timestamp = packet.timestamp + e.timestamp_offset;
  r.patch = e.pictures.patch(codec_, packet.payload);
  return r;
}

const Subscription::Epoch* Subscription::epoch_of(uint64_t index) const {
  const uint64_t oldest = epoch_count_ > kEpochs ? epoch_count_ - kEpochs : 0;
  for (uint64_t i = epoch_count_; i > oldest; --i)
    if (index >= epochs_[(i - 1) % kEpochs].first_index) return &epochs_[(i - 1) % kEpochs];
  return nullptr;
}

bool Subscription::take_resend(base::Timestamp now) {
  const int64_t earned = (now - resends_at_).us() * kMaxResendsPerSecond / 1'000'000;
  if (earned > 0) {
    resends_left_ = std::min(resends_left_ + earned, kMaxResendsPerSecond);
    resends_at_ = now;
  }
  if (resends_left_ <= 0) return false;
  --resends_left_;
  return true;
}

Subscription::Resend Subscription::resend(base::Timestamp now, const Track& track, uint16_t sequence_number) {
  const auto back = static_cast<uint16_t>(static_cast<uint16_t>(next_index_ - 1) - sequence_number);
  if (epoch_count_ == 0 || back >= next_index_ || back >= 0x8000) return {};
  const uint64_t index = next_index_ - 1 - back;
  const Epoch* e = epoch_of(index);
  if (e == nullptr) return {};
  const MediaPacket* packet =
      track.find(e->layer, e->source, e->first_sequence + static_cast<int64_t>(index - e->first_index));
  if (packet == nullptr || !take_resend(now)) return {};
  return {packet, rewrite_in(*e, *packet)};
}

size_t Subscription::write_header(const MediaPacket& packet, const Rewrite& rewrite, uint8_t* out) const {
  return write(packet, line_.codec.payload_type, rewrite.index, rewrite.timestamp, line_.ssrc, out);
}

size_t Subscription::write_rtx_header(const MediaPacket& packet, const Rewrite& rewrite, uint64_t rtx_index,
                                      uint8_t* out) const {
  return write(packet, *line_.codec.rtx_payload_type, rtx_index, rewrite.timestamp, *line_.rtx_ssrc, out);
}

size_t Subscription::write(const MediaPacket& packet, base::PayloadType type, uint64_t index, uint32_t timestamp,
                           base::Ssrc ssrc, uint8_t* out) const {
  const bool extended = !packet.extensions.empty() && line_.extensions != plan::ExtensionIds{};
  out[0] = static_cast<uint8_t>(0x80 | (extended ? 0x10 : 0));  // RFC 3550 section 5.1: V = 2, X
  out[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | type.value);
  base::store_be(out + 2, static_cast<uint16_t>(index));
  base::store_be(out + 4, timestamp);
  base::store_be(out + 8, ssrc.value);
  if (!extended) return rtp::kFixedHeaderSize;
  std::memcpy(out + rtp::kFixedHeaderSize, packet.extensions.data(), packet.extensions.size());
  return rtp::kFixedHeaderSize + packet.extensions.size();
}

std::optional<rtcp::SenderReport> Subscription::sender_report(base::Timestamp now, base::NtpTime ntp_now,
                                                              const Track& track) {
  if (now < next_report_) return std::nullopt;
  next_report_ = now + (last_ ? kReportInterval : kFirstReportWait);
  if (!last_) return std::nullopt;
  const Epoch& e = epoch();
  const SenderClock& clock = track.clock(e.layer);
  const auto passed = static_cast<uint32_t>(clock.time_to_ticks(now - last_->arrival));
  const uint32_t source_now = last_->source_timestamp + passed;

  rtcp::SenderReport report;
  report.sender = line_.ssrc;
  report.ntp = clock.synchronised() ? clock.time_of(source_now) : ntp_now;
  report.rtp_timestamp = last_->timestamp + passed;
  report.packet_count = packets_sent_;
  report.octet_count = octets_sent_;
  sent_reports_[sent_report_count_++ % sent_reports_.size()] = {report.ntp.compact(), now};
  return report;
}

void Subscription::on_report_block(base::Timestamp now, const rtcp::ReportBlock& block) {
  if (block.last_sender_report == 0) return;
  for (const auto& sent : sent_reports_) {
    if (sent.compact != block.last_sender_report || sent.at.us() == 0) continue;
    const auto held = base::Duration::micros(int64_t{block.delay_since_last} * 1'000'000 / 65'536);
    rtt_ = std::max(now - sent.at - held, base::Duration::micros(1));
  }
}

}  // namespace heliograph::sfu
