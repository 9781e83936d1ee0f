// SPDX-License-Identifier: Apache-2.0
#include "load/inbound.h"

#include <utility>

#include "rtcp/nack.h"
#include "rtp/h264.h"
#include "rtp/rtx.h"

namespace heliograph::load {
namespace {

// Nothing measures the round trip of this connection; on a longer one a packet is asked for a few times more.
constexpr base::Duration kAssumedRoundTrip = base::Duration::millis(50);

}  // namespace

Inbound::Inbound(plan::DownlinkTrack line) : line_(std::move(line)), reception_(plan::clock_rate(line_.codec.codec)) {}

std::optional<Inbound::Arrival> Inbound::receive(base::Timestamp now, const rtp::PacketView& packet) {
  if (packet.payload().empty()) return std::nullopt;
  if (packet.ssrc() == line_.ssrc)
    return take(now, packet.sequence_number(), packet.timestamp(), packet.payload(), false);
  if (line_.rtx_ssrc != packet.ssrc()) return std::nullopt;
  const auto rtx = rtp::RtxPayload::parse(packet.payload());
  if (!rtx || rtx->payload.empty()) return std::nullopt;
  return take(now, rtx->original_sequence_number, packet.timestamp(), rtx->payload, true);
}

Inbound::Arrival Inbound::take(base::Timestamp now, uint16_t sequence_number, uint32_t timestamp,
                               base::ConstBytes payload, bool by_rtx) {
  const int64_t number = unwrapper_.unwrap(sequence_number);
  const auto arrival = sequence_.add(number);
  const bool fresh = arrival != Completeness::Arrival::kDuplicate;
  if (line_.codec.nack) (void)nack_.on_packet(now, number);
  if (!fresh) return {.fresh = false, .by_rtx = by_rtx, .starts_keyframe = false, .stamp = std::nullopt};
  by_rtx ? reception_.on_recovered(number) : reception_.on_packet(now, number, timestamp);
  if (by_rtx) ++recovered_;
  const auto stamp = Stamp::read(payload, now);
  if (stamp) add_stamp(*stamp, arrival != Completeness::Arrival::kLate);
  if (!stamp) ++foreign_;
  const bool keyframe = line_.kind == plan::Kind::kVideo && rtp::h264_starts_keyframe(payload);
  return {.fresh = true, .by_rtx = by_rtx, .starts_keyframe = keyframe, .stamp = stamp};
}

// newest: nothing that the server sent later has come. Only that can be a switch.
void Inbound::add_stamp(const Stamp& stamp, bool newest) {
  if (stamps_.received() == 0) layer_ = stamp.layer();
  if (stamp.layer() == layer_) {
    (void)stamps_.add(stamp.number_in_layer());
  } else if (newest) {
    left_expected_ += before_.expected();
    left_missing_ += before_.missing();
    before_ = std::exchange(stamps_, {});
    layer_before_ = std::exchange(layer_, stamp.layer());
    ++switches_;
    (void)stamps_.add(stamp.number_in_layer());
  } else if (stamp.layer() == layer_before_) {
    (void)before_.add(stamp.number_in_layer());
  }
}

void Inbound::on_sender_report(base::Timestamp now, const rtcp::SenderReport& report) {
  if (report.sender == line_.ssrc) reception_.on_sender_report(now, report.ntp);
}

void Inbound::write_nack(base::Timestamp now, base::Ssrc sender, rtcp::CompoundWriter& out) {
  if (nack_.next_time() > now) return;
  to_ask_.clear();
  (void)nack_.collect(now, kAssumedRoundTrip, to_ask_);
  nacked_ += to_ask_.size();
  if (!to_ask_.empty()) out.append(rtcp::Nack::pack({sender, line_.ssrc}, to_ask_));
}

}  // namespace heliograph::load
