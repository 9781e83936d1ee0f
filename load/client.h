// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "load/publisher.h"
#include "load/signals.h"
#include "load/viewer.h"
#include "load/websockets.h"

namespace heliograph::load {

// Common to all clients of a run.
struct Stage {
  Websockets* websockets = nullptr;
  Network* network = nullptr;
  Totals* totals = nullptr;
  crypto::Fingerprint fingerprint;
  PublishedMedia media;
  std::vector<Session> publishers;  // whom viewers watch
};

// One participant: its WebSocket, its session in the room, and its PeerConnections. A publisher has one; a viewer one
// for each publication (B-30). Lives on the media thread.
class Client {
 public:
  enum class Role : uint8_t { kPublisher, kViewer };
  static constexpr base::Duration kHeartbeatInterval = base::Duration::seconds(3);

  // number: of its WebSocket. creates_room: the first publisher does.
  Client(uint32_t number, Role role, Session session, bool creates_room, uint64_t seed, Stage& stage);

  Role role() const { return role_; }
  void on_signalling(base::Timestamp now, const SocketEvent& event);
  // link: as in take_new_links().
  void receive(base::Timestamp now, size_t link);
  void on_time(base::Timestamp now, base::NtpTime ntp_now);
  // When a publisher's next packet is due; everything else is content with a look every few milliseconds.
  base::Timestamp next_time() const { return publisher_ ? publisher_->next_time() : base::Timestamp::never(); }

  bool joined() const { return joined_; }
  // All its PeerConnections are up.
  bool connected() const;
  // Publisher: connected. Viewer: media of everyone has come.
  bool complete() const;
  // Why it is not what it should be; empty while nothing went wrong.
  const std::string& trouble() const { return trouble_; }

  const std::optional<Publisher>& publisher() const { return publisher_; }
  const std::vector<Viewer>& viewers() const { return viewers_; }
  // File descriptors of the links that came up since the last call, with their numbers.
  std::vector<std::pair<int, size_t>> take_new_links() { return std::exchange(new_links_, {}); }

  void stop_publishing();
  void say_goodbye(base::Timestamp now);

 private:
  void send(std::string text) { stage_->websockets->send(number_, std::move(text)); }
  void fail(std::string why);
  void on_ack(base::Timestamp now, const Heard& heard);
  void on_refusal(base::Timestamp now, const Heard& heard);
  void send_offer();
  void watch_next();
  void take_answer(base::Timestamp now, const Heard& heard);
  void take_offer(base::Timestamp now, const Heard::Entry& entry);
  LocalEnd new_local_end();

  uint32_t number_;
  Role role_;
  Session session_;
  bool creates_room_;
  Stage* stage_;
  base::Rng rng_;
  bool joined_ = false;
  bool ending_ = false;
  std::string trouble_;
  base::Timestamp joined_at_;  // when JOIN was sent
  base::Timestamp next_heartbeat_ = base::Timestamp::never();
  base::Timestamp retry_at_ = base::Timestamp::never();
  LocalEnd local_;  // of the offer that waits for its answer
  OfferedStreams offered_;
  size_t watched_ = 0;  // of stage_->publishers: one WATCH at a time
  std::optional<Publisher> publisher_;
  std::vector<Viewer> viewers_;
  std::vector<std::pair<int, size_t>> new_links_;
};

}  // namespace heliograph::load
