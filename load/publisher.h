// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "load/descriptions.h"
#include "load/link.h"
#include "load/network.h"
#include "load/outbound.h"
#include "load/published_media.h"
#include "load/totals.h"

namespace heliograph::load {

// The PeerConnection of a publisher: made-up video and audio, sent as a browser sends them. It obeys PLI and FIR,
// answers NACK and reports; it does not adapt its rate.
class Publisher {
 public:
  Publisher(Link link, const PublisherAgreement& agreed, const OfferedStreams& offered, const PublishedMedia& media,
            uint64_t seed, base::Timestamp now);

  const Link& link() const { return link_; }
  bool connected() const { return link_.peer().can_send(); }
  void receive(base::Timestamp now, Network& network, Totals& totals);
  void on_time(base::Timestamp now, base::NtpTime ntp_now, Network& network, Totals& totals);
  base::Timestamp next_time() const;
  // Sends no more media; retransmissions are still answered.
  void stop() { stopped_ = true; }
  void close(base::Timestamp now, Network& network) { link_.close(now, network); }

  // layer: of simulcast, lowest first.
  const Outbound* stream(plan::Kind kind, uint32_t layer = 0) const;

 private:
  void send_frame(base::Timestamp now, Outbound& stream, Network& network, Totals& totals);
  void add_video(const OfferedStreams& offered, const PublishedMedia& media, bool rtx, base::Rng& rng,
                 base::Timestamp first_frame);
  void send(base::Timestamp now, const OutboundPacket& packet, const Outbound& stream, Network& network);
  void receive_block(base::Timestamp now, const rtcp::Block& block, Network& network, Totals& totals);
  void resend(base::Timestamp now, const rtcp::Block& block, Network& network, Totals& totals);
  void request_keyframe(base::Ssrc source, Totals& totals);
  void send_reports(base::Timestamp now, base::NtpTime ntp_now, Network& network);

  Link link_;
  plan::ExtensionIds extensions_[2];  // by Kind
  std::string video_mid_;
  std::vector<Outbound> streams_;
  uint16_t transport_sequence_ = 0;
  base::Timestamp next_report_;
  bool stopped_ = false;
};

}  // namespace heliograph::load
