// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "base/unwrapper.h"
#include "bwe/remb_estimator.h"
#include "bwe/transport_feedback_builder.h"
#include "plan/media.h"
#include "rtcp/compound.h"
#include "rtcp/nack.h"
#include "rtcp/remb.h"
#include "rtcp/sender_report.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"
#include "sfu/keyframe_gate.h"
#include "sfu/media_packet.h"
#include "sfu/nack_tracker.h"
#include "sfu/reception.h"
#include "sfu/sender_clock.h"
#include "sfu/stream_table.h"

namespace heliograph::sfu {

// What a publisher's peer sends, made into MediaPackets: streams told apart, retransmissions unwrapped, doubles
// dropped, extensions renumbered. And what the publisher is told in return: NACK, PLI or FIR, receiver reports,
// transport-cc or REMB. One per publishing peer, on its shard.
class Uplink {
 public:
  static constexpr base::Duration kReportInterval = base::Duration::seconds(1);

  // sender: the SSRC under which we send feedback. first_source: where its sources' numbers begin, with room for as
  // many as it has packets, so that none comes back in another uplink of the publication (B-22).
  Uplink(std::vector<plan::UplinkTrack> tracks, base::Ssrc sender, uint64_t first_source);

  const std::vector<plan::UplinkTrack>& tracks() const { return tracks_; }

  // The packet and its track; its views point into `packet` and into this object, until the next call. nullopt: nothing
  // for viewers (double, probing padding, a stream that was not negotiated).
  struct Accepted {
    uint8_t track = 0;
    MediaPacket packet;
  };
  std::optional<Accepted> receive(base::Timestamp now, const rtp::PacketView& packet);

  // Whose clock this report sets; nullopt for an SSRC that is none of ours.
  struct ClockReport {
    uint8_t track = 0;
    uint8_t layer = 0;
    uint64_t source = 0;
    SenderClock::Report report;
  };
  std::optional<ClockReport> on_sender_report(base::Timestamp now, const rtcp::SenderReport& report);
  // A viewer needs a keyframe on this layer.
  void request_keyframe(base::Timestamp now, uint8_t track, uint8_t layer);

  // Feedback that is due, as blocks of one compound; call again while it returns true (it did not all fit).
  bool write_feedback(base::Timestamp now, rtcp::CompoundWriter& out);
  base::Timestamp next_time() const;

  uint64_t nacks_sent() const { return nacks_sent_; }
  uint64_t keyframe_requests_sent() const { return keyframe_requests_sent_; }

 private:
  // One encoding of one track, as it comes in.
  struct Layer {
    Layer(base::Ssrc s, uint32_t clock_rate, uint64_t src) : ssrc(s), source(src), reception(clock_rate) {}
    base::Ssrc ssrc;
    uint64_t source;
    base::Unwrapper<uint16_t> sequence;
    Reception reception;
    NackTracker nack;
    KeyframeGate keyframes;
    uint8_t fir_sequence = 0;
  };
  using Layers = std::array<std::optional<Layer>, kMaxLayers>;

  void note_transport(base::Timestamp now, const rtp::PacketView& packet);
  Layer* layer_for(const StreamTable::Found& found, base::Ssrc ssrc);
  std::optional<Accepted> receive_media(base::Timestamp now, const rtp::PacketView& packet, Stream stream,
                                        Layer& layer);
  std::optional<Accepted> receive_rtx(base::Timestamp now, const rtp::PacketView& packet, Stream stream, Layer& layer);
  Accepted accept(base::Timestamp now, const rtp::PacketView& packet, Stream stream, const Layer& layer,
                  int64_t sequence, base::ConstBytes payload);
  void renumber(const rtp::PacketView& packet, const plan::ExtensionIds& from, MediaPacket& out);
  void note_descriptor(std::span<const rtp::Extension> written, MediaPacket& out) const;
  bool write_losses(base::Timestamp now, rtcp::CompoundWriter& out);
  void write_keyframe_requests(base::Timestamp now, rtcp::CompoundWriter& out);
  void write_report(base::Timestamp now, rtcp::CompoundWriter& out);
  bool write_estimates(base::Timestamp now, rtcp::CompoundWriter& out);
  template <class Visit>
  void each_layer(Visit&& visit);

  std::vector<plan::UplinkTrack> tracks_;
  std::vector<Layers> layers_;  // by track
  StreamTable streams_;
  base::Ssrc sender_;
  uint64_t next_source_;
  uint8_t transport_cc_id_ = 0;
  bool remb_ = false;
  std::optional<bwe::TransportFeedbackBuilder> transport_feedback_;
  // Blocks that did not fit the compound before.
  std::optional<rtcp::TransportFeedback> unsent_feedback_;
  std::optional<rtcp::Nack> unsent_nack_;
  std::optional<rtcp::Remb> unsent_remb_;
  bwe::RembEstimator remb_estimator_;
  base::Timestamp next_report_;
  std::vector<uint16_t> to_ask_;
  std::array<uint8_t, rtp::kFixedHeaderSize + kMaxExtensions> extensions_{};
  uint64_t nacks_sent_ = 0;
  uint64_t keyframe_requests_sent_ = 0;
};

}  // namespace heliograph::sfu
