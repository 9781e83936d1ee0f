// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/datagrams.h"
#include "base/rng.h"
#include "base/unwrapper.h"
#include "crypto/certificate.h"
#include "dtls/context.h"
#include "load/descriptions.h"
#include "rtcp/block.h"
#include "sfu/reception.h"
#include "transport/peer.h"

namespace heliograph::sim {

// A certificate as a PeerConnection has it. Another one makes another PeerConnection in the server's eyes (B-22).
struct CallerIdentity {
  crypto::Certificate certificate;
  dtls::Context context{certificate};
};

// What the calls of one thread write with.
struct Pen {
  explicit Pen(base::SendBatch& batch) : out(batch) {}
  // What is written from now on comes from this address.
  void begin(const base::SocketAddress& from) {
    if (from != self) out.flush();
    self = from;
  }

  base::SendBatch& out;
  base::SocketAddress self;
  transport::Scratch scratch;
  transport::Drops drops;
  uint64_t received = 0;  // RTP packets, by all viewers
};

// One PeerConnection of a model client, with just enough media to move every part of the server that media moves:
// video of a few uneven packets a second that begins with a keyframe when asked, sound, losses that are asked for
// again, reports.
class Call {
 public:
  Call(const CallerIdentity& identity, plan::IceParameters ice, base::SocketAddress self, uint64_t seed);

  const base::SocketAddress& address() const { return self_; }
  void move_to(const base::SocketAddress& self) { self_ = self; }
  const CallerIdentity& identity() const { return *identity_; }
  load::LocalEnd local() const { return {ice_, identity_->certificate.fingerprint()}; }
  load::LocalEnd renewed(plan::IceParameters ice) const {
    return {std::move(ice), identity_->certificate.fingerprint()};
  }
  const load::OfferedStreams& offered() const { return offered_; }

  // The server's answer, or its offer, is here: ICE begins.
  void begin(base::Timestamp now, const load::RemoteEnd& remote);
  void publish(const load::PublisherAgreement& agreed) { agreed_ = agreed; }
  void watch(std::vector<plan::DownlinkTrack> lines);
  // RFC 8445 section 9.
  void restart(base::Timestamp now, plan::IceParameters ice, const load::RemoteEnd& remote);
  void say_goodbye(base::Timestamp now, Pen& pen);

  void receive(base::Timestamp now, base::Datagram datagram, Pen& pen);
  void on_time(base::Timestamp now, Pen& pen);
  base::Timestamp next_time() const;

 private:
  struct Line {
    plan::DownlinkTrack track;
    base::Unwrapper<uint16_t> unwrapper;
    sfu::Reception reception;
    std::optional<int64_t> highest;
  };
  void send_frame(base::Timestamp now, plan::Kind kind, Pen& pen);
  void send_reports(base::Timestamp now, Pen& pen);
  void take_rtp(base::Timestamp now, base::ConstBytes bytes, Pen& pen);
  void ask_for(const Line& line, int64_t from, int64_t to, Pen& pen);
  void take_block(const rtcp::Block& block);

  const CallerIdentity* identity_;
  plan::IceParameters ice_;
  base::SocketAddress self_;
  base::Rng rng_;
  load::OfferedStreams offered_;
  std::optional<load::PublisherAgreement> agreed_;
  std::vector<Line> lines_;
  std::optional<transport::Peer> peer_;
  std::array<uint64_t, 2> index_{};  // of the next packet, by plan::Kind
  bool keyframe_due_ = true;
  uint16_t transport_sequence_ = 0;
  base::Timestamp next_video_;
  base::Timestamp next_audio_;
  base::Timestamp next_report_;
};

}  // namespace heliograph::sim
