// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <utility>

#include "base/refusal.h"
#include "load/descriptions.h"
#include "load/network.h"
#include "transport/peer.h"

namespace heliograph::load {

// One PeerConnection on a UDP socket of its own, as every real client has.
class Link {
 public:
  // local: what the description said of us. The socket is bound in the family of the server's first candidate.
  static std::expected<Link, base::Trouble> open(const LocalEnd& local, const RemoteEnd& remote, uint64_t seed,
                                                 base::Timestamp now, Network& network);

  int fd() const { return socket_.fd(); }
  transport::Peer& peer() { return peer_; }
  const transport::Peer& peer() const { return peer_; }
  io::UdpSocket& socket() { return socket_; }

  // visit(const transport::Peer::Arrived&, base::Timestamp came) for each packet that came, decrypted.
  template <class Visit>
  void receive(base::Timestamp now, Network& network, Visit&& visit) {
    network.begin(socket_);
    network.receiver.receive_all(fd(), now, [&](const base::Datagram& datagram, base::Timestamp came) {
      const auto arrived = peer_.receive(now, datagram, network.out, network.scratch, network.drops);
      if (arrived.content != transport::Peer::Content::kNone) visit(arrived, came);
    });
    network.flush();
  }
  void on_time(base::Timestamp now, Network& network);
  void close(base::Timestamp now, Network& network);

 private:
  Link(io::UdpSocket socket, transport::Peer peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

  io::UdpSocket socket_;
  transport::Peer peer_;
};

}  // namespace heliograph::load
