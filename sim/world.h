// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "shard/shard.h"
#include "sim/caller.h"
#include "sim/network.h"

namespace heliograph::sim {

// Real shards, model callers and a network between them, all in one virtual time from one seed.
class World {
 public:
  struct Options {
    uint64_t seed = 1;
    size_t shards = 1;
    Link link;
  };
  explicit World(const Options& options);
  ~World();

  // A publisher's wishes; simulcast when layers > 1.
  struct Uplink {
    plan::ShardIndex shard = 0;
    uint8_t layers = 1;
    bool audio = true;
    bool rtx = true;
    bool transport_cc = true;
    bool uneven = false;  // packets of a frame that differ by a few bytes, as browsers cut them
  };
  // Places of callers in callers().
  size_t publish(const Uplink& uplink);
  // Another PeerConnection under the same publication (B-22), perhaps with another number of layers.
  size_t republish(size_t publisher, std::optional<uint8_t> layers = {});
  // An ICE restart of the same PeerConnection (B-22), from another address.
  void restart_ice(size_t caller);
  size_t watch(size_t publisher, plan::ShardIndex shard = 0, bool rtx = true);
  // SIMULCAST_UPDATE.
  void wish(size_t viewer, const plan::Wish& wish);
  void leave(size_t caller);
  void unpublish(size_t publisher);

  void run_for(base::Duration span);
  bool run_until(const std::function<bool()>& condition, base::Duration limit);

  base::Timestamp now() const { return now_; }
  Caller& caller(size_t i) { return *entries_[i].caller; }
  plan::PeerId peer(size_t i) const { return entries_[i].peer; }
  shard::Shard& shard(size_t i) { return *shards_[i]->shard; }
  const std::vector<plan::Event>& events() const { return events_; }
  void set_link(const Link& link) { link_ = link; }
  void execute(const plan::Command& command);
  // Told when a shard begins (true) to take a datagram, what crossed to it or the time, and when it has done so
  // (false); not while what it sends is under way in the model. For tests and benchmarks that count what happens
  // inside.
  std::function<void(size_t shard, bool inside)> on_shard;
  // Everything that viewers found wrong, with who found it.
  std::vector<std::string> breaches();

 private:
  struct Entry {
    std::unique_ptr<Caller> caller;
    plan::PeerId peer;
    plan::PublicationId publication;
    Uplink uplink;
    uint8_t life = 0;
    std::vector<plan::DownlinkTrack> lines;
    bool publisher = false;
    bool gone = false;
  };
  struct Hall {  // a shard with what io and server would give it
    std::unique_ptr<shard::Shard> shard;
    std::unique_ptr<base::SendBatch> out;
    World* world = nullptr;
    size_t index = 0;
    bool inside = false;
    base::SocketAddress address;
  };
  bool is_told(const Hall& hall) const;
  template <class Call>
  void enter(Hall& hall, Call&& call);
  static void drain(void* context, const base::SendBatch& batch);
  size_t call(plan::ShardIndex shard, Entry entry);
  base::SocketAddress fresh_address() { return {base::IpAddress::v4(0x0a010000 + next_host_++), 5000}; }
  void add_sources(Entry& entry);
  std::vector<plan::UplinkTrack> tracks_of(const Entry& entry) const;
  void step(base::Timestamp until);
  void deliver(const Network::Flight& flight);
  void collect();
  base::Timestamp next_time() const;
  plan::IceParameters credentials();

  base::Rng rng_;
  base::Timestamp now_ = base::Timestamp::from_micros(1'000'000);
  Link link_;
  Network network_;
  crypto::Certificate certificate_;
  crypto::Certificate caller_certificate_;
  dtls::Context caller_context_;
  std::vector<std::unique_ptr<shard::CrossingRing>> rings_;
  std::vector<std::unique_ptr<Hall>> shards_;
  std::vector<Entry> entries_;
  std::unordered_map<base::SocketAddress, size_t> callers_by_address_;
  std::vector<plan::Event> events_;
  uint64_t next_number_ = 1;
  uint32_t next_host_ = 0;
};

}  // namespace heliograph::sim
