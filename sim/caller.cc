// SPDX-License-Identifier: Apache-2.0
#include "sim/caller.h"

#include <algorithm>
#include <utility>

#include "rtcp/compound.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"
#include "rtp/extensions.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"
#include "rtp/rtx.h"

namespace heliograph::sim {

Caller::Caller(const dtls::Context& context, const transport::Peer::Calling& calling, base::SocketAddress self,
               uint64_t seed, base::Timestamp now)
    : self_(self), rng_(seed), out_(&Caller::drain, this), peer_(context, calling, now) {}

void Caller::drain(void* context, const base::SendBatch& batch) {
  auto& self = *static_cast<Caller*>(context);
  for (const auto& m : batch.messages())
    for (size_t at = 0; at < m.size; at += m.segment) {
      const uint8_t* from = batch.block() + m.offset + at;
      self.sent_.emplace_back(from, from + std::min<size_t>(m.segment, m.size - at));
    }
}

void Caller::add_source(const Source::Options& options) { sources_.emplace_back(options, rng_); }

void Caller::pause_layer(uint8_t layer, bool paused) { paused_[layer] = paused; }

std::vector<std::vector<uint8_t>> Caller::take_sent() {
  out_.flush();
  auto sent = std::exchange(sent_, {});
  if (silent_) sent.clear();
  return sent;
}

void Caller::send(const Packet& packet) {
  std::array<uint8_t, 64> header;
  const auto sequence = rtp::TransportSequenceNumber{transport_sequence_++}.bytes();
  const rtp::Extension extensions[] = {{kCallerExtensions.transport_cc, sequence}};
  rtp::Header h;
  h.marker = packet.marker;
  h.payload_type = packet.payload_type;
  h.sequence_number = static_cast<uint16_t>(packet.index);
  h.timestamp = packet.timestamp;
  h.ssrc = packet.ssrc;
  const size_t size = rtp::write_header(header, h, extensions);
  peer_.send_rtp({header.data(), size}, {}, packet.payload, packet.index, out_, drops_);
}

void Caller::on_time(base::Timestamp now) {
  peer_.on_time(now, out_, scratch_);
  if (!peer_.can_send()) return;
  const bool frame = now >= next_frame_;
  const bool audio = now >= next_audio_;
  if (frame) next_frame_ = std::max(next_frame_ + kFrameInterval, now);
  if (audio) next_audio_ = std::max(next_audio_ + kAudioInterval, now);
  for (auto& source : sources_) {
    const bool video = plan::kind_of(source.options().codec) == plan::Kind::kVideo;
    if (!(video ? frame : audio) || muted_[video ? 1 : 0] || (video && paused_[source.options().layer])) continue;
    for (const auto& packet : source.frame(now)) send(packet);
  }
  if (now >= next_feedback_) {
    next_feedback_ = now + kFeedbackInterval;
    send_nacks(now);
  }
  if (now >= next_report_) {
    next_report_ = now + base::Duration::seconds(1);
    send_rtcp_reports(now);
  }
}

base::Timestamp Caller::next_time() const {
  auto next = peer_.next_time();
  if (peer_.can_send()) {
    next = std::min({next, next_feedback_, next_report_});
    if (!sources_.empty()) next = std::min({next, next_frame_, next_audio_});
  }
  return next;
}

void Caller::send_rtcp_reports(base::Timestamp now) {
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  rtcp::CompoundWriter compound(bytes);
  for (const auto& source : sources_) {
    rtcp::SenderReport report;
    report.sender = source.options().ssrc;
    report.ntp = base::NtpTime::from_unix_micros(1'700'000'000'000'000 + now.us());
    report.rtp_timestamp = source.timestamp_at(now);
    compound.append(report);
  }
  rtcp::ReceiverReport received;
  received.sender = base::Ssrc(1);
  for (const auto& receiver : receivers_)
    if (receiver.packets() != 0) {
      rtcp::ReportBlock block;
      block.source = receiver.line().ssrc;
      (void)received.reports.push_back(block);
    }
  if (!received.reports.empty()) compound.append(received);
  if (!compound.empty()) peer_.send_rtcp(compound.written(), out_);
}

void Caller::send_nacks(base::Timestamp) {
  for (const auto& receiver : receivers_) {
    const auto lost = receiver.missing_lately();
    if (lost.empty() || !receiver.line().codec.nack) continue;
    std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
    rtcp::CompoundWriter compound(bytes);
    compound.append(rtcp::Nack::pack({base::Ssrc(1), receiver.line().ssrc}, lost));
    peer_.send_rtcp(compound.written(), out_);
  }
}

void Caller::receive(base::Timestamp now, base::Datagram datagram) {
  if (silent_) return;
  const auto arrived = peer_.receive(now, datagram, out_, scratch_, drops_);
  if (arrived.content == transport::Peer::Content::kRtp) receive_rtp(now, arrived.bytes);
  if (arrived.content == transport::Peer::Content::kRtcp)
    rtcp::for_each(arrived.bytes, [&](const rtcp::Block& block) { receive_block(block); });
}

void Caller::receive_rtp(base::Timestamp now, base::ConstBytes bytes) {
  const auto packet = rtp::PacketView::parse(bytes);
  if (!packet) return;
  for (auto& receiver : receivers_) {
    const auto& line = receiver.line();
    if (packet->ssrc() == line.ssrc)
      receiver.on_packet(now, packet->sequence_number(), packet->timestamp(), packet->marker(), packet->payload());
    if (line.rtx_ssrc == packet->ssrc())
      if (const auto rtx = rtp::RtxPayload::parse(packet->payload()))
        receiver.on_packet(now, rtx->original_sequence_number, packet->timestamp(), packet->marker(), rtx->payload);
  }
}

void Caller::receive_block(const rtcp::Block& block) {
  using rtcp::PacketType;
  if (block.is(PacketType::kReceiverReport)) ++receiver_reports_;
  if (block.is(PacketType::kSenderReport)) ++sender_reports_;
  if (block.is(PacketType::kTransportLayerFeedback, rtcp::TransportFeedback::kFormat)) ++transport_feedbacks_;
  if (block.is(PacketType::kTransportLayerFeedback, rtcp::Nack::kFormat)) {
    if (const auto nack = rtcp::Nack::parse(block))
      for (auto& source : sources_)
        if (source.options().ssrc == nack->sources.media)
          nack->each_lost([&](uint16_t n) {
            if (const auto again = source.retransmit(n)) send(*again);
          });
  }
  if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::PictureLossIndication::kFormat)) {
    const auto pli = rtcp::PictureLossIndication::parse(block);
    for (auto& source : sources_)
      if (pli && source.options().ssrc == pli->sources.media) source.request_keyframe();
    ++keyframe_requests_;
  }
  if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::Remb::kFormat))
    if (const auto remb = rtcp::Remb::parse(block)) remb_ = remb->bitrate;
}

}  // namespace heliograph::sim
