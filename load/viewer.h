// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "load/inbound.h"
#include "load/link.h"
#include "load/network.h"
#include "load/signals.h"
#include "load/totals.h"

namespace heliograph::load {

// The PeerConnection of a viewer to one publication: decrypts everything, asks again, reports, and keeps count.
class Viewer {
 public:
  // joined: when JOIN was sent.
  Viewer(Link link, Session publisher, const std::vector<plan::DownlinkTrack>& lines, base::Timestamp joined,
         uint64_t seed, base::Timestamp now);

  const Link& link() const { return link_; }
  const Session& publisher() const { return publisher_; }
  bool connected() const { return link_.peer().can_send(); }
  bool has_media() const { return has_media_; }
  void receive(base::Timestamp now, Network& network, Totals& totals);
  void on_time(base::Timestamp now, Network& network, Totals& totals);
  void close(base::Timestamp now, Network& network) { link_.close(now, network); }

  const std::vector<Inbound>& streams() const { return streams_; }
  // Datagrams that the kernel dropped because this program did not read them in time.
  uint64_t socket_drops() const;

 private:
  void receive_rtp(base::Timestamp now, base::ConstBytes bytes, Totals& totals);
  void take(base::Timestamp now, const Inbound& stream, const Inbound::Arrival& arrival, size_t size, Totals& totals);
  void receive_reports(base::Timestamp now, base::ConstBytes compound);
  void send_feedback(base::Timestamp now, Network& network, Totals& totals);

  Link link_;
  Session publisher_;
  std::vector<Inbound> streams_;
  base::Ssrc sender_;
  base::Timestamp joined_;
  base::Timestamp next_report_;
  bool has_video_ = false;
  bool has_media_ = false;
};

}  // namespace heliograph::load
