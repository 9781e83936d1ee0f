// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/data_rate.h"
#include "load/descriptions.h"
#include "load/link.h"
#include "load/network.h"
#include "load/outbound.h"
#include "load/totals.h"

namespace heliograph::load {

// What each publisher sends.
struct PublishedMedia {
  base::DataRate video_rate = base::DataRate::kbps(2500);  // zero: no video
  double fps = 30;
  bool audio = true;
};

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

  const Outbound* stream(plan::Kind kind) const;

 private:
  void send_frame(base::Timestamp now, Outbound& stream, Network& network, Totals& totals);
  void send(base::Timestamp now, const OutboundPacket& packet, plan::Kind kind, Network& network);
  void receive_block(base::Timestamp now, const rtcp::Block& block, Network& network, Totals& totals);
  void resend(base::Timestamp now, const rtcp::Block& block, Network& network, Totals& totals);
  void request_keyframe(base::Ssrc source, Totals& totals);
  void send_reports(base::Timestamp now, base::NtpTime ntp_now, Network& network);

  Link link_;
  plan::ExtensionIds extensions_[2];  // by Kind
  std::vector<Outbound> streams_;
  uint16_t transport_sequence_ = 0;
  base::Timestamp next_report_;
  bool stopped_ = false;
};

}  // namespace heliograph::load
