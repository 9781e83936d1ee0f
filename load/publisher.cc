// SPDX-License-Identifier: Apache-2.0
#include "load/publisher.h"

#include <algorithm>
#include <array>

#include "rtcp/compound.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtp/extensions.h"
#include "rtp/header_writer.h"

namespace heliograph::load {
namespace {

constexpr uint32_t kNamedPackets = 300;
constexpr base::Duration kReportInterval = base::Duration::seconds(1);

// Seconds in 6.18 fixed point, of any clock (the abs-send-time extension of libwebrtc).
std::array<uint8_t, 3> absolute_send_time(base::Timestamp now) {
  const auto value = static_cast<uint32_t>((static_cast<unsigned __int128>(now.us()) << 18) / 1'000'000);
  return {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

}  // namespace

Publisher::Publisher(Link link, const PublisherAgreement& agreed, const OfferedStreams& offered,
                     const PublishedMedia& media, uint64_t seed, base::Timestamp now)
    : link_(std::move(link)),
      extensions_{agreed.audio_extensions, agreed.video_extensions},
      video_mid_(agreed.video_mid),
      next_report_(now + kReportInterval) {
  base::Rng rng(seed);
  const auto phase = [&] { return now + base::Duration::micros(static_cast<int64_t>(rng.below(20'000))); };
  if (agreed.audio && offered.audio) {
    Outbound::Options audio;
    audio.kind = plan::Kind::kAudio;
    audio.ssrc = *offered.audio;
    audio.payload_type = kOpusPayloadType;
    audio.seed = rng();
    streams_.emplace_back(audio, phase());
  }
  if (agreed.video && offered.has_video()) add_video(offered, media, agreed.rtx, rng, phase());
}

// The encodings of a frame leave a browser together, so all layers share their times.
void Publisher::add_video(const OfferedStreams& offered, const PublishedMedia& media, bool rtx, base::Rng& rng,
                          base::Timestamp first_frame) {
  auto layers = offered.layers;
  if (layers.empty()) layers.push_back({"", *offered.video, offered.video_rtx});
  for (uint32_t i = 0; i < layers.size(); ++i) {
    Outbound::Options video;
    video.ssrc = layers[i].ssrc;
    video.payload_type = kH264PayloadType;
    if (rtx) video.rtx_ssrc = layers[i].rtx;
    if (rtx) video.rtx_payload_type = kH264RtxPayloadType;
    const double part = layers.size() > 1 ? kLayers[i].part : 1;
    video.rate = base::DataRate::bps(static_cast<int64_t>(static_cast<double>(media.video_rate.bps()) * part));
    video.fps = media.fps;
    video.seed = rng();
    video.layer = i;
    video.rid = layers[i].rid;
    video.recording = media.recording;
    streams_.emplace_back(video, first_frame);
  }
}

const Outbound* Publisher::stream(plan::Kind kind, uint32_t layer) const {
  const auto found = std::ranges::find_if(
      streams_, [&](const auto& s) { return s.options().kind == kind && s.options().layer == layer; });
  return found == streams_.end() ? nullptr : &*found;
}

void Publisher::receive(base::Timestamp now, Network& network, Totals& totals) {
  link_.receive(now, network, [&](const transport::Peer::Arrived& arrived, base::Timestamp) {
    if (arrived.content != transport::Peer::Content::kRtcp) return;
    rtcp::for_each(arrived.bytes, [&](const rtcp::Block& block) { receive_block(now, block, network, totals); });
  });
}

void Publisher::receive_block(base::Timestamp now, const rtcp::Block& block, Network& network, Totals& totals) {
  using rtcp::PacketType;
  if (block.is(PacketType::kTransportLayerFeedback, rtcp::Nack::kFormat)) resend(now, block, network, totals);
  if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::PictureLossIndication::kFormat))
    if (const auto pli = rtcp::PictureLossIndication::parse(block)) request_keyframe(pli->sources.media, totals);
  if (block.is(PacketType::kPayloadSpecificFeedback, rtcp::FullIntraRequest::kFormat))
    if (const auto fir = rtcp::FullIntraRequest::parse(block))
      for (const auto& item : fir->items) request_keyframe(item.source, totals);
}

void Publisher::request_keyframe(base::Ssrc source, Totals& totals) {
  for (auto& stream : streams_) {
    if (stream.options().ssrc != source) continue;
    stream.request_keyframe();
    ++totals.keyframe_requests;
  }
}

void Publisher::resend(base::Timestamp now, const rtcp::Block& block, Network& network, Totals& totals) {
  const auto nack = rtcp::Nack::parse(block);
  if (!nack) return;
  for (auto& stream : streams_) {
    if (stream.options().ssrc != nack->sources.media) continue;
    nack->each_lost([&](uint16_t number) {
      const auto again = stream.retransmit(number);
      if (!again) return;
      send(now, *again, stream, network);
      ++totals.resent;
    });
  }
}

void Publisher::on_time(base::Timestamp now, base::NtpTime ntp_now, Network& network, Totals& totals) {
  link_.on_time(now, network);
  if (!connected() || stopped_) return;
  network.begin(link_.socket());
  for (auto& stream : streams_)
    if (now >= stream.next_frame()) send_frame(now, stream, network, totals);
  if (now >= next_report_) send_reports(now, ntp_now, network);
  network.flush();
}

void Publisher::send_frame(base::Timestamp now, Outbound& stream, Network& network, Totals& totals) {
  for (const auto& packet : stream.frame(now)) {
    send(now, packet, stream, network);
    ++totals.sent;
    totals.sent_bytes += packet.payload.size();
  }
}

// Each packet by a system call of its own, as browsers send: the server must not see a whole frame at once because it
// came from this machine.
void Publisher::send(base::Timestamp now, const OutboundPacket& packet, const Outbound& stream, Network& network) {
  const auto& ids = extensions_[static_cast<size_t>(stream.options().kind)];
  const auto sequence = rtp::TransportSequenceNumber{transport_sequence_++}.bytes();
  const auto time = absolute_send_time(now);
  const uint8_t level[] = {0x80 | 30};  // voice, −30 dBov (RFC 6464)
  const bool repairs = packet.ssrc != stream.options().ssrc;
  // RFC 8852 section 3: names stand on packets until the other side can be thought to know them.
  const bool named = !stream.options().rid.empty() && (repairs || stream.sent() < kNamedPackets);
  const uint8_t rid_id = !named ? uint8_t{0} : repairs ? ids.repaired_rid : ids.rid;
  const rtp::Extension extensions[] = {{ids.abs_send_time, time},
                                       {ids.transport_cc, sequence},
                                       {ids.audio_level, level},
                                       {named ? ids.mid : uint8_t{0}, base::as_bytes(video_mid_)},
                                       {rid_id, base::as_bytes(stream.options().rid)}};
  rtp::Header header;
  header.marker = packet.marker;
  header.payload_type = packet.payload_type;
  header.sequence_number = static_cast<uint16_t>(packet.index);
  header.timestamp = packet.timestamp;
  header.ssrc = packet.ssrc;
  std::array<uint8_t, 64> bytes;
  const size_t size = rtp::write_header(bytes, header, extensions);
  link_.peer().send_rtp({bytes.data(), size}, {}, packet.payload, packet.index, network.out, network.drops);
  network.flush();
}

void Publisher::send_reports(base::Timestamp now, base::NtpTime ntp_now, Network& network) {
  next_report_ = now + kReportInterval;
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  rtcp::CompoundWriter compound(bytes);
  for (const auto& stream : streams_) compound.append(stream.report(now, ntp_now));
  if (!compound.empty()) link_.peer().send_rtcp(compound.written(), network.out);
}

base::Timestamp Publisher::next_time() const {
  auto next = link_.peer().next_time();
  if (!connected() || stopped_) return next;
  for (const auto& stream : streams_) next = std::min(next, stream.next_frame());
  return std::min(next, next_report_);
}

}  // namespace heliograph::load
