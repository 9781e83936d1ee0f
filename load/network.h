// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/datagrams.h"
#include "dtls/context.h"
#include "io/udp_socket.h"
#include "load/receiver.h"
#include "transport/peer.h"

namespace heliograph::load {

// What all PeerConnections of a thread share: memory to receive into and to write into. What is written goes out on one
// socket at a time.
class Network {
 public:
  explicit Network(const crypto::Certificate& certificate) : dtls(certificate), out(&Network::drain, this) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // What is written until the next call is sent on this socket.
  void begin(io::UdpSocket& socket) { socket_ = &socket; }
  void flush() { out.flush(); }

  dtls::Context dtls;
  base::SendBatch out;
  transport::Scratch scratch;
  transport::Drops drops;
  Receiver receiver;
  io::UdpCounters udp;

 private:
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Network*>(context);
    self.socket_->send(batch, 0, self.udp);
  }

  io::UdpSocket* socket_ = nullptr;
};

}  // namespace heliograph::load
