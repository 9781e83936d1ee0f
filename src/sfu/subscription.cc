// SPDX-License-Identifier: Apache-2.0
#include "sfu/subscription.h"

#include <algorithm>
#include <cstring>

#include "base/unwrapper.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"

namespace heliograph::sfu {
namespace {

uint8_t bits_of(const plan::ExtensionIds& ids) {
  const auto bits =
      1U << ids.audio_level | 1U << ids.video_orientation | 1U << ids.playout_delay | 1U << ids.dependency_descriptor;
  return static_cast<uint8_t>(bits & ~1U);  // id 0: not negotiated
}

// The elements of a block (RFC 8285) whose ids are among `taken`, as a block of their own; the bytes written.
size_t write_taken(base::ConstBytes block, uint8_t taken, uint8_t* out) {
  std::array<uint8_t, rtp::kFixedHeaderSize + kMaxExtensions> whole{};
  std::array<uint8_t, rtp::kFixedHeaderSize + kMaxExtensions> less;
  whole[0] = 0x90;
  std::ranges::copy(block, whole.begin() + rtp::kFixedHeaderSize);
  const auto packet = rtp::PacketView::parse(base::ConstBytes(whole).first(rtp::kFixedHeaderSize + block.size()));
  std::array<rtp::Extension, 4> kept{};
  size_t count = 0;
  packet->each_extension([&](uint8_t id, base::ConstBytes value) {
    if ((taken >> id & 1) != 0 && count < kept.size()) kept[count++] = {id, value};
  });
  const size_t size =
      rtp::write_header(less, {}, std::span<const rtp::Extension>(kept).first(count)) - rtp::kFixedHeaderSize;
  std::memcpy(out, &less[rtp::kFixedHeaderSize], size);
  return size;
}

}  // namespace

Subscription::Subscription(plan::DownlinkTrack line, base::Rng& rng)
    : line_(std::move(line)),
      taken_(bits_of(line_.extensions)),
      // In the lower half of the first lap, so that no receiver guesses another lap (RFC 3711 section 3.3.1).
      next_index_(1 + rng.below(0x7fff)),
      rtx_index_(1 + rng.below(0x7fff)) {}

void Subscription::resume(plan::DownlinkTrack line) {
  line_ = std::move(line);
  taken_ = bits_of(line_.extensions);
  resend_from_ = next_index_;
  must_begin_ = true;
}

bool Subscription::waits_for_keyframe(const Track& track) const {
  if (line_.kind != plan::Kind::kVideo || paused_) return false;
  return must_begin_ || !track.expects(epoch().layer, epoch().source);
}

std::optional<uint8_t> Subscription::current_layer() const {
  if (epoch_count_ == 0) return std::nullopt;
  return epoch().layer;
}

void Subscription::set_paused(bool paused) {
  if (paused_ && !paused && cut_) must_begin_ = true;
  paused_ = paused;
  cut_ = false;
}

// A decoder can take over at this packet, and this is the layer it should come from; any layer when that one is silent.
bool Subscription::may_begin(const Track& track, const MediaPacket& packet) const {
  if (line_.kind == plan::Kind::kAudio) return true;
  if (!packet.keyframe) return false;
  if (!target_ || epoch_count_ == 0 || packet.layer == *target_ || packet.layer == epoch().layer) return true;
  return waits_for_keyframe(track) && !track.alive(packet.arrival, *target_);
}

// Newer than the picture that was under way when the pause began.
bool Subscription::held_back(const MediaPacket& packet) const {
  const Epoch& e = epoch();
  const bool repairs = e.first_index + static_cast<uint64_t>(packet.sequence - e.first_sequence) < next_index_;
  return !repairs && (cut_ || packet.timestamp != last_->source_timestamp);
}

std::optional<Rewrite> Subscription::forward(const Track& track, const MediaPacket& packet) {
  const bool same = !must_begin_ && epoch().layer == packet.layer && epoch().source == packet.source;
  if (!same) {
    if (paused_ || !may_begin(track, packet)) return std::nullopt;
    begin_epoch(track, packet);
  }
  const Epoch& e = epoch();
  if (packet.sequence < e.first_sequence) return std::nullopt;  // from before the keyframe we began with
  if (paused_ && held_back(packet)) {
    cut_ = true;
    return std::nullopt;
  }
  const Rewrite rewrite = rewrite_in(e, packet);
  if (rewrite.index >= next_index_) note_newest(packet, rewrite);
  return rewrite;
}

void Subscription::note_newest(const MediaPacket& packet, const Rewrite& rewrite) {
  next_index_ = rewrite.index + 1;
  const auto numbers = epoch().pictures.apply(packet.numbers);
  if (!last_) last_ = Last{};
  last_->timestamp = rewrite.timestamp;
  last_->source_timestamp = packet.timestamp;
  last_->arrival = packet.arrival;
  // Padding has none: then those before it still are what the next source continues.
  if (numbers.picture_id >= 0) {
    last_->numbers.picture_id = numbers.picture_id;
    last_->numbers.picture_id_bits = numbers.picture_id_bits;
  }
  if (numbers.tl0_pic_idx >= 0) last_->numbers.tl0_pic_idx = numbers.tl0_pic_idx;
  if (numbers.frame_number >= 0) last_->numbers.frame_number = numbers.frame_number;
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
  must_begin_ = false;
  if (epoch_count_ > 1 && track.clock(packet.layer).synchronised()) next_report_ = {};
}

// Where the first packet of another epoch lies on the viewer's time line: if the source is the same, where it says
// itself; by both sources' sender reports where they have them; else by the time that passed between the arrivals.
// Always later than the packet before.
uint32_t Subscription::timestamp_for(const Track& track, const MediaPacket& packet) const {
  const Epoch& before = epoch();
  const SenderClock& to = track.clock(packet.layer);
  const SenderClock& from = track.clock(before.layer);
  int64_t ticks = to.time_to_ticks(packet.arrival - last_->arrival);
  const bool same = before.layer == packet.layer && before.source == packet.source;
  const bool comparable = before.layer != packet.layer && track.has_source(before.layer, before.source);
  std::optional<int64_t> exact;
  if (same) exact = static_cast<int32_t>(packet.timestamp - last_->source_timestamp);
  if (comparable && from.synchronised() && to.synchronised())
    exact = to.time_to_ticks(to.time_of(packet.timestamp) - from.time_of(last_->source_timestamp));
  // A publisher's clock that makes no sense must not throw the viewer off by more than a second.
  if (exact && std::abs(*exact - ticks) < plan::clock_rate(line_.codec.codec)) ticks = *exact;
  return last_->timestamp + static_cast<uint32_t>(std::max<int64_t>(ticks, 1));
}

Rewrite Subscription::rewrite_in(const Epoch& e, const MediaPacket& packet) const {
  Rewrite r;
  r.index = e.first_index + static_cast<uint64_t>(packet.sequence - e.first_sequence);
  r.timestamp = packet.timestamp + e.timestamp_offset;
  r.patch = e.pictures.patch(line_.codec.codec, packet.payload);
  if (e.pictures.frame_number != 0) r.frame_number = e.pictures.apply(packet.numbers).frame_number;
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
  if (index < resend_from_) return {};
  const Epoch* e = epoch_of(index);
  if (e == nullptr) return {};
  const MediaPacket* packet =
      track.find(e->layer, e->source, e->first_sequence + static_cast<int64_t>(index - e->first_index));
  if (packet == nullptr || !take_resend(now)) return {};
  return {packet, rewrite_in(*e, *packet)};
}

size_t Subscription::write_header(const MediaPacket& packet, const Rewrite& rewrite, uint8_t* out) const {
  const size_t size = write(packet, rewrite, line_.codec.payload_type, rewrite.index, line_.ssrc, out);
  if (packet.padding > 0) out[0] |= 0x20;  // P (RFC 3550 section 5.1)
  return size;
}

size_t Subscription::write_rtx_header(const MediaPacket& packet, const Rewrite& rewrite, uint64_t rtx_index,
                                      uint8_t* out) const {
  return write(packet, rewrite, *line_.codec.rtx_payload_type, rtx_index, *line_.rtx_ssrc, out);
}

size_t Subscription::write(const MediaPacket& packet, const Rewrite& rewrite, base::PayloadType type, uint64_t index,
                           base::Ssrc ssrc, uint8_t* out) const {
  const size_t extensions = write_extensions(packet, rewrite.frame_number, out + rtp::kFixedHeaderSize);
  out[0] = static_cast<uint8_t>(0x80 | (extensions != 0 ? 0x10 : 0));  // RFC 3550 section 5.1: V = 2, X
  out[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | type.value);
  base::store_be(out + 2, static_cast<uint16_t>(index));
  base::store_be(out + 4, rewrite.timestamp);
  base::store_be(out + 8, ssrc.value);
  return rtp::kFixedHeaderSize + extensions;
}

// Those that the viewer took; as a rule all there are, and then they are copied as they stand.
size_t Subscription::write_extensions(const MediaPacket& packet, int32_t frame_number, uint8_t* out) const {
  const size_t size = packet.extensions.size();
  if (size == 0 || (packet.extension_ids & taken_) == 0) return 0;
  std::memcpy(out, packet.extensions.data(), size);
  if (frame_number >= 0) base::store_be(out + packet.descriptor_at + 1, static_cast<uint16_t>(frame_number));
  if ((packet.extension_ids & ~taken_) == 0) return size;
  return write_taken({out, size}, taken_, out);
}

std::optional<rtcp::SenderReport> Subscription::sender_report(base::Timestamp now, base::NtpTime ntp_now,
                                                              const Track& track) {
  if (now < next_report_) return std::nullopt;
  if (paused_) {  // who sends nothing is no sender (RFC 3550 section 6.4)
    next_report_ = now + kReportInterval;
    return std::nullopt;
  }
  next_report_ = now + (last_ ? kReportInterval : kFirstReportWait);
  if (!last_) return std::nullopt;
  const Epoch& e = epoch();
  const SenderClock& clock = track.clock(e.layer);
  const auto passed = static_cast<uint32_t>(clock.time_to_ticks(now - last_->arrival));
  const uint32_t source_now = last_->source_timestamp + passed;

  rtcp::SenderReport report;
  report.sender = line_.ssrc;
  const bool told = clock.synchronised() && track.has_source(e.layer, e.source);
  if (told) publisher_ahead_ = clock.time_of(source_now) - ntp_now;
  report.ntp = told ? clock.time_of(source_now) : ntp_now + publisher_ahead_;
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
