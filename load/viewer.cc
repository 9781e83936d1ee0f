// SPDX-License-Identifier: Apache-2.0
#include "load/viewer.h"

#include <algorithm>
#include <array>

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "rtcp/receiver_report.h"

namespace heliograph::load {
namespace {

constexpr base::Duration kReportInterval = base::Duration::seconds(1);

}  // namespace

Viewer::Viewer(Link link, Session publisher, const std::vector<plan::DownlinkTrack>& lines, const Beginning& beginning,
               uint64_t seed, base::Timestamp now)
    : link_(std::move(link)), publisher_(std::move(publisher)), beginning_(beginning) {
  base::Rng rng(seed);
  sender_ = base::Ssrc(rng.u32());
  next_report_ = now + base::Duration::micros(static_cast<int64_t>(rng.below(kReportInterval.us())));
  for (const auto& line : lines) {
    streams_.emplace_back(line);
    has_video_ = has_video_ || line.kind == plan::Kind::kVideo;
  }
}

void Viewer::receive(base::Timestamp now, Network& network, Totals& totals) {
  link_.receive(now, network, [&](const transport::Peer::Arrived& arrived, base::Timestamp came) {
    if (arrived.content == transport::Peer::Content::kRtp) return receive_rtp(now, came, arrived.bytes, totals);
    receive_reports(now, arrived.bytes);
  });
  if (connected_ || !link_.peer().can_send()) return;
  connected_ = true;
  totals.of(beginning_.wave).join_to_connected.add(now - beginning_.joined);
}

void Viewer::receive_rtp(base::Timestamp now, base::Timestamp came, base::ConstBytes bytes, Totals& totals) {
  const auto packet = rtp::PacketView::parse(bytes);
  if (!packet) return;
  for (auto& stream : streams_) {
    const auto arrival = stream.receive(now, *packet);
    if (!arrival) continue;
    if (arrival->fresh) take(came, stream, *arrival, packet->payload().size(), totals);
    return;
  }
}

void Viewer::take(base::Timestamp came, const Inbound& stream, const Inbound::Arrival& arrival, size_t size,
                  Totals& totals) {
  ++totals.received;
  totals.received_bytes += size;
  if (arrival.by_rtx) ++totals.repaired;
  if (arrival.stamp) totals.recent_delay[static_cast<size_t>(beginning_.wave)].add(came - arrival.stamp->sent);
  if (has_media_) return;
  const bool shows = stream.line().kind == plan::Kind::kVideo ? arrival.starts_keyframe : !has_video_;
  if (!shows) return;
  has_media_ = true;
  totals.of(beginning_.wave).join_to_media.add(came - beginning_.joined);
  totals.of(beginning_.wave).open_to_media.add(came - beginning_.opened);
}

void Viewer::receive_reports(base::Timestamp now, base::ConstBytes compound) {
  rtcp::for_each(compound, [&](const rtcp::Block& block) {
    if (!block.is(rtcp::PacketType::kSenderReport)) return;
    const auto report = rtcp::SenderReport::parse(block);
    if (!report) return;
    for (auto& stream : streams_) stream.on_sender_report(now, *report);
  });
}

void Viewer::on_time(base::Timestamp now, Network& network, Totals& totals) {
  link_.on_time(now, network);
  if (connected_) send_feedback(now, network, totals);
}

void Viewer::send_feedback(base::Timestamp now, Network& network, Totals& totals) {
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  rtcp::CompoundWriter compound(bytes);
  if (now >= next_report_) {
    next_report_ = now + kReportInterval;
    rtcp::ReceiverReport report;
    report.sender = sender_;
    for (auto& stream : streams_)
      if (const auto block = stream.report(now)) (void)report.reports.push_back(*block);
    compound.append(report);
  }
  for (auto& stream : streams_) {
    const uint64_t before = stream.nacked();
    stream.write_nack(now, sender_, compound);
    if (stream.nacked() != before) ++totals.nacks;
  }
  if (compound.empty()) return;
  network.begin(link_.socket());
  link_.peer().send_rtcp(compound.written(), network.out);
  network.flush();
}

base::Timestamp Viewer::next_nack() const {
  auto next = base::Timestamp::never();
  for (const auto& stream : streams_) next = std::min(next, stream.next_nack());
  return next;
}

base::Timestamp Viewer::next_time() const {
  const auto next = std::min(link_.peer().next_time(), next_nack());
  return connected_ ? std::min(next, next_report_) : next;
}

uint64_t Viewer::socket_drops() const {
  std::array<uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (getsockopt(link_.fd(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

}  // namespace heliograph::load
