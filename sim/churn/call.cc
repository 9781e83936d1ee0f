// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/call.h"

#include <algorithm>
#include <utility>

#include "rtcp/compound.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/sender_report.h"
#include "rtp/extensions.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"

namespace heliograph::sim {
namespace {

constexpr base::Duration kVideoInterval = base::Duration::millis(500);
constexpr base::Duration kAudioInterval = base::Duration::millis(250);
constexpr base::Duration kReportInterval = base::Duration::seconds(2);
constexpr size_t kPacketsAFrame = 2;
constexpr size_t kAudioBytes = 100;
// A gap longer than this is not asked for: somebody was away.
constexpr int64_t kLongestGap = 16;

}  // namespace

Call::Call(const CallerIdentity& identity, plan::IceParameters ice, base::SocketAddress self, uint64_t seed)
    : identity_(&identity), ice_(std::move(ice)), self_(self), rng_(seed) {
  offered_ = {.audio = base::Ssrc(rng_.u32()),
              .video = base::Ssrc(rng_.u32()),
              .video_rtx = base::Ssrc(rng_.u32()),
              .cname = "churn"};
  for (auto& index : index_) index = 0xff00 + rng_.below(0x80);  // wraps soon
}

void Call::begin(base::Timestamp now, const load::RemoteEnd& remote) {
  const transport::Peer::Calling calling{ice_, remote.transport, remote.candidates, rng_()};
  peer_.emplace(identity_->context, calling, now);
}

void Call::watch(std::vector<plan::DownlinkTrack> lines) {
  lines_.clear();
  for (auto& track : lines) {
    const auto clock = plan::clock_rate(track.codec.codec);
    lines_.push_back({std::move(track), {}, sfu::Reception(clock), {}});
  }
}

void Call::restart(base::Timestamp now, plan::IceParameters ice, const load::RemoteEnd& remote) {
  ice_ = std::move(ice);
  if (!peer_) return begin(now, remote);
  peer_->restart_ice(now, ice_, remote.transport.ice);
}

void Call::say_goodbye(base::Timestamp now, Pen& pen) {
  if (!peer_) return;
  pen.begin(self_);
  peer_->close(now, pen.out, pen.scratch);
}

void Call::receive(base::Timestamp now, base::Datagram datagram, Pen& pen) {
  if (!peer_) return;
  pen.begin(self_);
  const auto arrived = peer_->receive(now, datagram, pen.out, pen.scratch, pen.drops);
  if (arrived.content == transport::Peer::Content::kRtp) take_rtp(now, arrived.bytes, pen);
  if (arrived.content == transport::Peer::Content::kRtcp)
    rtcp::for_each(arrived.bytes, [&](const rtcp::Block& block) { take_block(block); });
}

void Call::on_time(base::Timestamp now, Pen& pen) {
  if (!peer_) return;
  pen.begin(self_);
  peer_->on_time(now, pen.out, pen.scratch);
  if (!peer_->can_send()) return;
  if (agreed_ && now >= next_video_) {
    next_video_ = now + kVideoInterval;
    send_frame(now, plan::Kind::kVideo, pen);
  }
  if (agreed_ && now >= next_audio_) {
    next_audio_ = now + kAudioInterval;
    send_frame(now, plan::Kind::kAudio, pen);
  }
  if (now >= next_report_) {
    next_report_ = now + kReportInterval;
    send_reports(now, pen);
  }
}

base::Timestamp Call::next_time() const {
  if (!peer_) return base::Timestamp::never();
  auto next = peer_->next_time();
  if (!peer_->can_send()) return next;
  if (agreed_) next = std::min({next, next_video_, next_audio_});
  return std::min(next, next_report_);
}

void Call::send_frame(base::Timestamp now, plan::Kind kind, Pen& pen) {
  const bool video = kind == plan::Kind::kVideo;
  if (!(video ? agreed_->video : agreed_->audio)) return;
  const bool keyframe = video && std::exchange(keyframe_due_, false);
  const auto& ids = video ? agreed_->video_extensions : agreed_->audio_extensions;
  const size_t count = video ? kPacketsAFrame * (keyframe ? 3 : 1) : 1;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t index = index_[static_cast<size_t>(kind)]++;
    rtp::Header header;
    header.marker = i + 1 == count;
    header.payload_type = video ? load::kH264PayloadType : load::kOpusPayloadType;
    header.sequence_number = static_cast<uint16_t>(index);
    header.timestamp = static_cast<uint32_t>(now.us() * (video ? 90 : 48) / 1000);
    header.ssrc = video ? *offered_.video : *offered_.audio;
    const auto sequence = rtp::TransportSequenceNumber{transport_sequence_++}.bytes();
    const rtp::Extension extensions[] = {{ids.transport_cc, sequence}};
    std::array<uint8_t, 64> bytes;
    const size_t size = rtp::write_header(bytes, header, extensions);
    std::array<uint8_t, 1100> payload{};
    payload[0] = keyframe && i == 0 ? 0x67 : 0x41;  // SPS, or a slice (ITU-T H.264 section 7.3.1)
    const size_t length = video ? 900 + rng_.below(200) : kAudioBytes;
    peer_->send_rtp({bytes.data(), size}, {}, base::ConstBytes(payload).first(length), index, pen.out, pen.drops);
  }
}

void Call::send_reports(base::Timestamp now, Pen& pen) {
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  rtcp::CompoundWriter compound(bytes);
  if (agreed_)
    for (const auto ssrc : {*offered_.audio, *offered_.video}) {
      rtcp::SenderReport report;
      report.sender = ssrc;
      report.ntp = base::NtpTime::from_unix_micros(1'700'000'000'000'000 + now.us());
      compound.append(report);
    }
  rtcp::ReceiverReport report;
  report.sender = base::Ssrc(1);
  for (auto& line : lines_)
    if (const auto block = line.reception.report(now, line.track.ssrc)) (void)report.reports.push_back(*block);
  if (!lines_.empty()) compound.append(report);
  if (!compound.empty()) peer_->send_rtcp(compound.written(), pen.out);
}

void Call::take_rtp(base::Timestamp now, base::ConstBytes bytes, Pen& pen) {
  const auto packet = rtp::PacketView::parse(bytes);
  if (!packet) return;
  ++pen.received;
  for (auto& line : lines_) {
    if (packet->ssrc() != line.track.ssrc) continue;
    const int64_t number = line.unwrapper.unwrap(packet->sequence_number());
    line.reception.on_packet(now, number, packet->timestamp());
    if (line.highest && number > *line.highest + 1) ask_for(line, *line.highest + 1, number, pen);
    line.highest = std::max(line.highest.value_or(number), number);
  }
}

void Call::ask_for(const Line& line, int64_t from, int64_t to, Pen& pen) {
  if (!line.track.codec.nack || to - from > kLongestGap || !peer_->can_send()) return;
  std::array<uint16_t, kLongestGap> lost;
  size_t count = 0;
  for (int64_t n = from; n < to; ++n) lost[count++] = static_cast<uint16_t>(n);
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  rtcp::CompoundWriter compound(bytes);
  compound.append(rtcp::Nack::pack({base::Ssrc(1), line.track.ssrc}, std::span(lost).first(count)));
  peer_->send_rtcp(compound.written(), pen.out);
}

void Call::take_block(const rtcp::Block& block) {
  if (block.is(rtcp::PacketType::kPayloadSpecificFeedback, rtcp::PictureLossIndication::kFormat)) keyframe_due_ = true;
}

}  // namespace heliograph::sim
