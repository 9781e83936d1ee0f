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
  // Of the client that watches.
  struct Beginning {
    Wave wave = Wave::kRunning;
    base::Timestamp opened;  // its WebSocket's connect()
    base::Timestamp joined;  // its JOIN
  };
  Viewer(Link link, Session publisher, const std::vector<plan::DownlinkTrack>& lines, const Beginning& beginning,
         uint64_t seed, base::Timestamp now);

  const Link& link() const { return link_; }
  const Session& publisher() const { return publisher_; }
  bool connected() const { return connected_; }
  bool has_media() const { return has_media_; }
  void receive(base::Timestamp now, Network& network, Totals& totals);
  void on_time(base::Timestamp now, Network& network, Totals& totals);
  // When on_time() is due.
  base::Timestamp next_time() const;
  // The part of it that what is received can bring forward.
  base::Timestamp next_nack() const;
  void close(base::Timestamp now, Network& network) { link_.close(now, network); }

  const std::vector<Inbound>& streams() const { return streams_; }
  // Datagrams that the kernel dropped because this program did not read them in time.
  uint64_t socket_drops() const;

 private:
  void receive_rtp(base::Timestamp now, base::Timestamp came, base::ConstBytes bytes, Totals& totals);
  void take(base::Timestamp came, const Inbound& stream, const Inbound::Arrival& arrival, size_t size, Totals& totals);
  void receive_reports(base::Timestamp now, base::ConstBytes compound);
  void send_feedback(base::Timestamp now, Network& network, Totals& totals);

  Link link_;
  Session publisher_;
  std::vector<Inbound> streams_;
  base::Ssrc sender_;
  Beginning beginning_;
  base::Timestamp next_report_;
  bool has_video_ = false;
  bool connected_ = false;
  bool has_media_ = false;
};

}  // namespace heliograph::load
