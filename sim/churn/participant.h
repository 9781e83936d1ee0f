// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/churn/call.h"
#include "sim/churn/house.h"
#include "sim/churn/words.h"

namespace heliograph::sim {

// What has happened, to be seen that it did.
struct Deeds {
  uint64_t joins = 0;
  uint64_t leaves = 0;
  uint64_t crashes = 0;  // without a word: the socket closed, or open and nobody there
  uint64_t sockets_lost = 0;
  uint64_t offers = 0;
  uint64_t ice_restarts = 0;
  uint64_t new_peer_connections = 0;  // under the same publication
  uint64_t unpublished = 0;
  uint64_t watches = 0;
  uint64_t unwatches = 0;
  uint64_t never_connected = 0;  // offers and answers after which nothing came
  uint64_t kicked = 0;
  uint64_t refused = 0;  // acks that are not 200
};

// What a participant finds around them.
struct Surroundings {
  House& house;
  base::Rng& rng;
  const std::vector<std::unique_ptr<CallerIdentity>>& identities;
  Pen& pen;
  Deeds& deeds;
  base::Timestamp now;
};

// One session of one user, from JOIN to its end, which may be a crash: publishes or not, watches others, changes its
// mind.
class Participant {
 public:
  Participant(Surroundings& around, uint32_t number, Session who, bool publishes, base::Duration lifetime);
  // Whose an address or a connection is.
  static uint32_t number_of(const base::SocketAddress& address);
  static uint32_t number_of(control::ConnectionId connection) { return static_cast<uint32_t>(connection >> 32); }

  void hear(const std::string& text);
  void socket_closed() { connection_ = 0; }
  void on_time();
  base::Timestamp next_time() const;
  // Ends now, in one of the ways in which people leave.
  void end();

  control::ConnectionId connection() const { return connection_; }
  // Has ended, on the model's side: another may come.
  bool over() const { return over_; }
  // Nothing is left of it, its socket included.
  bool gone() const { return over_ && connection_ == 0 && fades_at_.is_never(); }
  // visit(Call&) for each.
  template <class Visit>
  void each_call(Visit&& visit) {
    if (uplink_) visit(*uplink_);
    if (next_uplink_) visit(*next_uplink_);
    for (auto& [name, call] : downlinks_) visit(*call);
  }

 private:
  enum class Asked : uint8_t { kNothing, kFresh, kIceRestart, kSwap, kNever };

  void say(const std::string& text);
  base::SocketAddress fresh_address();
  void connect();
  void lose_socket();
  plan::IceParameters credentials();
  std::unique_ptr<Call> new_call();
  void joined(const load::Heard& heard);
  void list_changed(const std::vector<load::Heard::Entry>& list);
  void offer(Asked what);
  void answered(const load::Heard& heard);
  void watch_somebody();
  void offered(const load::Heard::Entry& entry);
  void act();
  void act_as_publisher(uint64_t which);
  void act_as_viewer(uint64_t which);
  void go_quiet();
  std::optional<Session> somebody_watched();
  base::Duration around_seconds(double mean);

  Surroundings& around_;
  uint32_t number_;
  Session who_;
  bool publishes_;
  uint32_t sockets_ = 0;  // that it has had
  uint16_t ports_ = 0;
  control::ConnectionId connection_ = 0;  // none: 0
  bool creating_ = false;
  bool joined_ = false;
  bool over_ = false;
  Asked asked_ = Asked::kNothing;
  plan::IceParameters next_ice_;
  std::unique_ptr<Call> uplink_;
  std::unique_ptr<Call> next_uplink_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Call>> downlinks_;  // by userId and sessionId
  std::vector<Session> publishing_;                                                 // others, as the list says
  base::Timestamp ends_at_;
  base::Timestamp next_deed_;
  base::Timestamp next_heartbeat_;
  base::Timestamp returns_at_ = base::Timestamp::never();  // with a new socket
  base::Timestamp fades_at_ = base::Timestamp::never();    // what still goes on after the end stops
};

}  // namespace heliograph::sim
