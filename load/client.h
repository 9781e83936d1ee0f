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
};

struct Room {
  std::string name;
  std::vector<Session> publishers;  // whom viewers watch; complete before anybody watches
};

// One participant: its WebSocket, its session in the room, and its PeerConnections: one to publish, and one for each
// publication that it watches (B-30). Lives on the media thread.
class Client {
 public:
  struct Part {
    bool publishes = false;
    bool creates_room = false;
    Wave wave = Wave::kRunning;
  };
  static constexpr base::Duration kHeartbeatInterval = base::Duration::seconds(3);
  // The number of the PeerConnection that publishes; those that watch count from 0.
  static constexpr uint32_t kUplink = UINT32_MAX;

  // number: of its WebSocket, which is opened at `url`.
  Client(uint32_t number, Part part, Session session, const Room& room, std::string target, uint64_t seed, Stage& stage,
         base::Timestamp now);

  bool publishes() const { return part_.publishes; }
  bool watches() const { return watching_; }
  Wave wave() const { return part_.wave; }
  // A publisher that watches the others of its room from now on. A viewer does so by itself.
  void watch_others(base::Timestamp now);

  void on_signalling(base::Timestamp now, const SocketEvent& event);
  // link: as in take_new_links(). True: on_time() has something to do for it soon, whatever next_time() was.
  bool receive(base::Timestamp now, uint32_t link);
  void on_time(base::Timestamp now, base::NtpTime ntp_now);
  // When a packet of a publisher is due, to the microsecond.
  base::Timestamp next_frame() const { return publisher_ ? publisher_->next_time() : base::Timestamp::never(); }
  // When on_time() is due for anything else: a few milliseconds do no harm.
  base::Timestamp next_time() const;

  bool joined() const { return joined_; }
  // All its PeerConnections are up.
  bool connected() const;
  // And media of everyone whom it watches has come.
  bool complete() const;
  // Why it is not what it should be; empty while nothing went wrong.
  const std::string& trouble() const { return trouble_; }

  const Session& session() const { return session_; }
  const std::optional<Publisher>& publisher() const { return publisher_; }
  const std::vector<Viewer>& viewers() const { return viewers_; }
  // File descriptors of the links that came up since the last call, with their numbers.
  std::vector<std::pair<int, uint32_t>> take_new_links() { return std::exchange(new_links_, {}); }

  void stop_publishing();
  void say_goodbye(base::Timestamp now);

 private:
  void send(std::string text) { stage_->websockets->send(number_, std::move(text)); }
  void fail(std::string why);
  void on_ack(base::Timestamp now, const Heard& heard);
  void on_refusal(base::Timestamp now, const Heard& heard);
  void retry();
  void send_offer();
  void watch_next();
  size_t others() const { return room_->publishers.size() - (part_.publishes ? 1 : 0); }
  void take_answer(base::Timestamp now, const Heard& heard);
  void take_offer(base::Timestamp now, const Heard::Entry& entry);
  LocalEnd new_local_end();

  uint32_t number_;
  Part part_;
  Session session_;
  const Room* room_;
  Stage* stage_;
  base::Rng rng_;
  bool joined_ = false;
  bool watching_ = false;
  bool ending_ = false;
  std::string trouble_;
  Viewer::Beginning beginning_;
  base::Timestamp next_heartbeat_ = base::Timestamp::never();
  base::Timestamp retry_at_ = base::Timestamp::never();
  LocalEnd local_;  // of the offer that waits for its answer
  OfferedStreams offered_;
  size_t watched_ = 0;  // of room_->publishers: one WATCH at a time
  std::optional<Publisher> publisher_;
  std::vector<Viewer> viewers_;
  std::vector<std::pair<int, uint32_t>> new_links_;
};

}  // namespace heliograph::load
