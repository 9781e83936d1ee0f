// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/data_rate.h"
#include "base/datagrams.h"
#include "crypto/certificate.h"
#include "rtcp/block.h"
#include "sim/media.h"
#include "transport/peer.h"

namespace heliograph::sim {

// A model client: one PeerConnection to the server over real ICE, DTLS and SRTP, which publishes or watches.
class Caller {
 public:
  static constexpr base::Duration kFrameInterval = base::Duration::micros(33'333);
  static constexpr base::Duration kAudioInterval = base::Duration::millis(20);
  static constexpr base::Duration kFeedbackInterval = base::Duration::millis(20);

  Caller(const dtls::Context& context, const transport::Peer::Calling& calling, base::SocketAddress self, uint64_t seed,
         base::Timestamp now);

  const base::SocketAddress& address() const { return self_; }
  void add_source(const Source::Options& options);
  void add_receiver(plan::DownlinkTrack line) { receivers_.emplace_back(std::move(line)); }
  std::vector<Source>& sources() { return sources_; }
  std::vector<Receiver>& receivers() { return receivers_; }
  // Not sent any more, as when a browser stops a simulcast layer.
  void pause_layer(uint8_t layer, bool paused);
  bool connected() const { return peer_.can_send(); }
  // New ICE credentials on both sides (RFC 8445 section 9), DTLS and SRTP as they are.
  void restart_ice(base::Timestamp now, const plan::IceParameters& local, const plan::IceParameters& remote) {
    peer_.restart_ice(now, local, remote);
  }
  // Media is prepared and not sent, as by an encoder that takes its time; feedback goes on.
  void set_muted(bool video, bool audio) { muted_ = {audio, video}; }
  // As a device that moved to another network.
  void move_to(const base::SocketAddress& self) { self_ = self; }
  void set_silent(bool silent) { silent_ = silent; }  // as a device that lost its network

  void receive(base::Timestamp now, base::Datagram datagram);
  void on_time(base::Timestamp now);
  base::Timestamp next_time() const;
  // What it wants sent since the last call.
  std::vector<std::vector<uint8_t>> take_sent();
  uint64_t keyframe_requests() const { return keyframe_requests_; }
  std::optional<base::DataRate> remb() const { return remb_; }
  uint64_t transport_feedbacks() const { return transport_feedbacks_; }
  uint64_t receiver_reports() const { return receiver_reports_; }
  uint64_t sender_reports() const { return sender_reports_; }

 private:
  void send(const Packet& packet);
  void send_rtcp_reports(base::Timestamp now);
  void send_nacks(base::Timestamp now);
  void receive_rtp(base::Timestamp now, base::ConstBytes bytes);
  void receive_block(const rtcp::Block& block);
  static void drain(void* context, const base::SendBatch& batch);

  base::SocketAddress self_;
  base::Rng rng_;
  std::vector<std::vector<uint8_t>> sent_;
  base::SendBatch out_;
  transport::Scratch scratch_;
  transport::Drops drops_;
  transport::Peer peer_;
  std::vector<Source> sources_;
  std::vector<Receiver> receivers_;
  std::array<bool, 16> paused_{};
  std::array<bool, 2> muted_{};  // by plan::Kind
  bool silent_ = false;
  uint16_t transport_sequence_ = 0;
  base::Timestamp next_frame_;
  base::Timestamp next_audio_;
  base::Timestamp next_feedback_;
  base::Timestamp next_report_;
  uint64_t keyframe_requests_ = 0;
  uint64_t transport_feedbacks_ = 0;
  uint64_t receiver_reports_ = 0;
  uint64_t sender_reports_ = 0;
  std::optional<base::DataRate> remb_;
};

// The extension ids and payload types that model callers negotiate.
inline constexpr plan::ExtensionIds kCallerExtensions{
    .mid = 4, .rid = 10, .repaired_rid = 11, .transport_cc = 3, .audio_level = 1};

}  // namespace heliograph::sim
