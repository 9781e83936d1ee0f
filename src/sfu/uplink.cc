// SPDX-License-Identifier: Apache-2.0
#include "sfu/uplink.h"

#include <algorithm>

#include "rtcp/fir.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtp/av1.h"
#include "rtp/extensions.h"
#include "rtp/h264.h"
#include "rtp/rtx.h"
#include "rtp/vp8.h"
#include "rtp/vp9.h"
#include "sfu/picture_numbers.h"

namespace heliograph::sfu {
namespace {

// We have no way to measure the round trip to a publisher but our own reports' echo, which a pure sender does not give:
// a retry once in this time is often enough to be repaired within a jitter buffer and rare enough not to ask twice.
constexpr base::Duration kAssumedRtt = base::Duration::millis(60);

bool starts_keyframe(plan::Codec codec, base::ConstBytes payload) {
  switch (codec) {
    case plan::Codec::kOpus:
      return true;
    case plan::Codec::kVp8:
      return rtp::vp8_starts_keyframe(payload);
    case plan::Codec::kVp9:
      return rtp::vp9_starts_keyframe(payload);
    case plan::Codec::kAv1:
      return rtp::av1_starts_keyframe(payload);
    case plan::Codec::kH264:
      return rtp::h264_starts_keyframe(payload);
  }
  return false;
}

uint8_t negotiated_transport_cc(const std::vector<plan::UplinkTrack>& tracks) {
  for (const auto& t : tracks)
    if (t.extensions.transport_cc != 0 && t.codec.transport_cc) return t.extensions.transport_cc;
  return 0;
}

}  // namespace

Uplink::Uplink(std::vector<plan::UplinkTrack> tracks, base::Ssrc sender, uint64_t first_source)
    : tracks_(std::move(tracks)),
      layers_(tracks_.size()),
      streams_(tracks_),
      sender_(sender),
      next_source_(first_source),
      transport_cc_id_(negotiated_transport_cc(tracks_)) {
  if (transport_cc_id_ != 0) transport_feedback_.emplace(sender);
  remb_ = transport_cc_id_ == 0 && std::ranges::any_of(tracks_, [](const auto& t) { return t.codec.goog_remb; });
  to_ask_.reserve(NackTracker::kMaxMissing);
}

template <class Visit>
void Uplink::each_layer(Visit&& visit) {
  for (size_t t = 0; t < tracks_.size(); ++t)
    for (auto& layer : layers_[t])
      if (layer) visit(tracks_[t], *layer);
}

void Uplink::note_transport(base::Timestamp now, const rtp::PacketView& packet) {
  if (remb_) remb_estimator_.on_packet(now, packet.bytes().size());
  if (!transport_feedback_) return;
  const auto value = packet.extension(transport_cc_id_);
  const auto number = value ? rtp::TransportSequenceNumber::parse(*value) : std::nullopt;
  if (number) transport_feedback_->on_packet(now, number->value, packet.bytes().size(), packet.ssrc());
}

// A stream that was not heard before, or has got another SSRC, begins anew.
Uplink::Layer* Uplink::layer_for(const StreamTable::Found& found, base::Ssrc ssrc) {
  const auto stream = found.stream;
  auto& layer = layers_[stream.track][stream.layer];
  if (found.fresh && !stream.rtx)
    layer.emplace(ssrc, plan::clock_rate(tracks_[stream.track].codec.codec), next_source_++);
  return layer ? &*layer : nullptr;
}

std::optional<Uplink::Accepted> Uplink::receive(base::Timestamp now, const rtp::PacketView& packet) {
  note_transport(now, packet);
  const auto found = streams_.find(tracks_, packet);
  if (!found) return std::nullopt;
  Layer* layer = layer_for(*found, packet.ssrc());
  if (layer == nullptr) return std::nullopt;  // RTX before the stream that it repairs
  return found->stream.rtx ? receive_rtx(now, packet, found->stream, *layer)
                           : receive_media(now, packet, found->stream, *layer);
}

std::optional<Uplink::Accepted> Uplink::receive_media(base::Timestamp now, const rtp::PacketView& packet, Stream stream,
                                                      Layer& layer) {
  const int64_t sequence = layer.sequence.unwrap(packet.sequence_number());
  const auto arrival = layer.nack.on_packet(now, sequence);
  if (arrival == NackTracker::Arrival::kDuplicate) return std::nullopt;
  layer.reception.on_packet(now, sequence, packet.timestamp());
  return accept(now, packet, stream, layer, sequence, packet.payload());
}

std::optional<Uplink::Accepted> Uplink::receive_rtx(base::Timestamp now, const rtp::PacketView& packet, Stream stream,
                                                    Layer& layer) {
  const auto rtx = rtp::RtxPayload::parse(packet.payload());
  if (!rtx) return std::nullopt;  // padding that probes for bandwidth
  // Also one that is newer than all others: senders probe with what they sent last, and its original may be lost.
  const int64_t sequence = layer.sequence.unwrap(rtx->original_sequence_number);
  if (layer.nack.on_packet(now, sequence) == NackTracker::Arrival::kDuplicate) return std::nullopt;
  layer.reception.on_recovered(sequence);
  return accept(now, packet, stream, layer, sequence, rtx->payload);
}

Uplink::Accepted Uplink::accept(base::Timestamp now, const rtp::PacketView& packet, Stream stream, const Layer& layer,
                                int64_t sequence, base::ConstBytes payload) {
  const auto& track = tracks_[stream.track];
  Accepted accepted{.track = stream.track, .packet = {}};
  MediaPacket& out = accepted.packet;
  out.sequence = sequence;
  out.timestamp = packet.timestamp();
  out.arrival = now;
  out.layer = stream.layer;
  out.source = layer.source;
  out.marker = packet.marker();
  out.payload = payload;
  out.keyframe = starts_keyframe(track.codec.codec, payload);
  out.numbers = read_picture_numbers(track.codec.codec, payload);
  renumber(packet, track.extensions, out);
  if (out.keyframe) layers_[stream.track][stream.layer]->keyframes.on_keyframe();
  return accepted;
}

// The extensions that viewers get, under the ids of our own offers, as one block behind the fixed header.
void Uplink::renumber(const rtp::PacketView& packet, const plan::ExtensionIds& from, MediaPacket& out) {
  std::array<rtp::Extension, 4> kept{};
  size_t count = 0;
  packet.each_extension([&](uint8_t id, base::ConstBytes value) {
    constexpr auto to = plan::kDownlinkExtensions;
    uint8_t as = 0;
    if (id == from.audio_level) as = to.audio_level;
    if (id == from.video_orientation) as = to.video_orientation;
    if (id == from.playout_delay) as = to.playout_delay;
    if (id == from.dependency_descriptor) as = to.dependency_descriptor;
    if (as != 0 && count < kept.size()) kept[count++] = {as, value};
  });
  const auto written = std::span<const rtp::Extension>(kept).first(count);
  const size_t size = count == 0 ? 0 : rtp::write_header(extensions_, {}, written);
  if (size == 0) return;
  out.extensions = base::ConstBytes(extensions_).first(size).subspan(rtp::kFixedHeaderSize);
  for (const auto& e : written) out.extension_ids = static_cast<uint8_t>(out.extension_ids | 1U << e.id);
  note_descriptor(written, out);
}

// frame_number is the 16 bits behind the first byte of the dependency descriptor (AV1 RTP specification, A.8.2).
void Uplink::note_descriptor(std::span<const rtp::Extension> written, MediaPacket& out) const {
  const bool one_byte = base::load_be<uint16_t>(out.extensions.data()) == rtp::kOneByteProfile;
  size_t at = 4;
  for (const auto& e : written) {
    at += one_byte ? 1 : 2;
    if (e.id == plan::kDownlinkExtensions.dependency_descriptor && e.value.size() >= 3) {
      out.descriptor_at = static_cast<uint16_t>(at);
      out.numbers.frame_number = base::load_be<uint16_t>(&e.value[1]);
      return;
    }
    at += e.value.size();
  }
}

std::optional<Uplink::ClockReport> Uplink::on_sender_report(base::Timestamp now, const rtcp::SenderReport& report) {
  for (uint8_t t = 0; t < layers_.size(); ++t) {
    for (uint8_t l = 0; l < kMaxLayers; ++l) {
      auto& layer = layers_[t][l];
      if (!layer || layer->ssrc != report.sender) continue;
      layer->reception.on_sender_report(now, report.ntp);
      return ClockReport{t, l, layer->source, {report.ntp, report.rtp_timestamp}};
    }
  }
  return std::nullopt;
}

void Uplink::request_keyframe(base::Timestamp now, uint8_t track, uint8_t layer) {
  if (track < layers_.size() && layer < kMaxLayers && layers_[track][layer])
    layers_[track][layer]->keyframes.request(now);
}

bool Uplink::write_losses(base::Timestamp now, rtcp::CompoundWriter& out) {
  if (unsent_nack_ && !out.append(*unsent_nack_)) return false;
  unsent_nack_.reset();
  each_layer([&](const plan::UplinkTrack& track, Layer& layer) {
    if (unsent_nack_) return;  // this layer's turn comes in the next compound
    to_ask_.clear();
    const uint32_t lost = layer.nack.collect(now, kAssumedRtt, to_ask_);
    if (remb_) remb_estimator_.on_lost(lost);
    if (layer.nack.take_gave_up() && track.kind == plan::Kind::kVideo) layer.keyframes.request(now);
    if (to_ask_.empty() || !track.codec.nack) return;
    const auto nack = rtcp::Nack::pack({sender_, layer.ssrc}, to_ask_);
    if (!out.append(nack)) unsent_nack_ = nack;
    nacks_sent_ += to_ask_.size();
  });
  return !unsent_nack_;
}

void Uplink::write_keyframe_requests(base::Timestamp now, rtcp::CompoundWriter& out) {
  each_layer([&](const plan::UplinkTrack& track, Layer& layer) {
    if (!layer.keyframes.take_due(now)) return;
    ++keyframe_requests_sent_;
    if (track.codec.nack_pli || !track.codec.ccm_fir) {
      out.append(rtcp::PictureLossIndication{{sender_, layer.ssrc}});
      return;
    }
    rtcp::FullIntraRequest fir{.sender = sender_, .items = {}};
    fir.items.push_back({layer.ssrc, layer.fir_sequence++});
    out.append(fir);
  });
}

void Uplink::write_report(base::Timestamp now, rtcp::CompoundWriter& out) {
  if (now < next_report_) return;
  rtcp::ReceiverReport report{.sender = sender_, .reports = {}};
  each_layer([&](const plan::UplinkTrack&, Layer& layer) {
    if (const auto block = layer.reception.report(now, layer.ssrc)) report.reports.push_back(*block);
  });
  next_report_ = now + kReportInterval;
  if (!report.reports.empty()) out.append(report);
}

bool Uplink::write_estimates(base::Timestamp now, rtcp::CompoundWriter& out) {
  if (const auto rate = remb_ ? remb_estimator_.on_time(now) : std::nullopt) {
    rtcp::Remb remb{.sender = sender_, .bitrate = *rate, .sources = {}};
    each_layer([&](const plan::UplinkTrack&, Layer& layer) { remb.sources.push_back(layer.ssrc); });
    unsent_remb_ = remb;
  }
  if (unsent_remb_ && !out.append(*unsent_remb_)) return false;
  unsent_remb_.reset();
  while (transport_feedback_) {
    if (!unsent_feedback_) unsent_feedback_ = transport_feedback_->on_time(now);
    if (!unsent_feedback_) break;
    if (!out.append(*unsent_feedback_)) return false;
    unsent_feedback_.reset();
  }
  return true;
}

bool Uplink::write_feedback(base::Timestamp now, rtcp::CompoundWriter& out) {
  // Not one compound of RFC 3550 with a report in front: a=rtcp-rsize was negotiated or is understood by all (RFC
  // 5506).
  // The first two are small (at most 272 bytes of six layers) and always fit; the others wait for the next compound.
  write_report(now, out);
  write_keyframe_requests(now, out);
  return !write_losses(now, out) || !write_estimates(now, out);
}

base::Timestamp Uplink::next_time() const {
  auto next = next_report_;
  if (transport_feedback_) next = std::min(next, transport_feedback_->next_time());
  if (remb_) next = std::min(next, remb_estimator_.next_time());
  for (const auto& layers : layers_) {
    for (const auto& layer : layers) {
      if (!layer) continue;
      next = std::min({next, layer->nack.next_time(), layer->keyframes.next_time()});
    }
  }
  return next;
}

}  // namespace heliograph::sfu
