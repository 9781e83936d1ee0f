// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "sim/churn/participant.h"
#include "sim/network.h"

namespace heliograph::sim {

// A house and the street before it: participants who come and go, their datagrams and texts on the way, all in one
// virtual time from one seed.
class Crowd : public Street {
 public:
  struct Options {
    uint64_t seed = 1;
    size_t shards = 2;
    size_t rooms = 10;
    base::Duration mean_stay = base::Duration::seconds(120);
    base::Duration room_age = base::Duration::seconds(900);  // then a room is followed by another, as people move on
    double loss = 0.005;
    size_t leak = 0;  // bytes that the server loses with each participant: to see that it is found
  };
  explicit Crowd(const Options& options);
  ~Crowd() override;

  void run_for(base::Duration span);
  // Everybody leaves, nobody comes, and every deadline passes.
  void ebb();
  // As many come at once; from then on each is followed by another.
  void flood(size_t participants);

  base::Timestamp now() const { return around_->now; }
  const House& house() const { return *house_; }
  const Deeds& deeds() const { return deeds_; }
  uint64_t received() const { return pen_.received; }

 private:
  using Due = std::pair<base::Timestamp, uint32_t>;

  void hear(control::ConnectionId connection, std::string text) override;
  void close(control::ConnectionId connection) override;
  void carry(const base::SocketAddress& from, const base::SocketAddress& to, base::ConstBytes datagram) override;
  static void drain(void* context, const base::SendBatch& batch);

  void step(base::Timestamp until);
  void arrive();
  void deliver(Network::Flight flight);
  void deliver_texts();
  void clear_away();
  void look_after(uint32_t number);
  void schedule(uint32_t number, Participant& participant);
  Participant* find(uint32_t number);
  std::string room();
  base::Timestamp next_time() const;

  Options options_;
  base::Rng rng_;
  Network network_;
  std::unique_ptr<House> house_;
  std::vector<std::unique_ptr<CallerIdentity>> identities_;
  base::SendBatch out_{&Crowd::drain, this};
  Pen pen_{out_};
  Deeds deeds_;
  std::unique_ptr<Surroundings> around_;
  struct Place {
    std::unique_ptr<Participant> participant;
    base::Timestamp scheduled = base::Timestamp::never();
    bool followed = false;  // by another, since it is over
  };
  std::map<uint32_t, Place> places_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::priority_queue<base::Timestamp, std::vector<base::Timestamp>, std::greater<>> arrivals_;
  std::deque<std::pair<control::ConnectionId, std::string>> texts_;
  std::deque<control::ConnectionId> closed_;
  uint32_t last_number_ = 0;
  bool open_ = true;
};

}  // namespace heliograph::sim
