// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "control/control.h"
#include "crypto/certificate.h"
#include "gateway/gateway.h"
#include "rest/routes.h"
#include "server/door.h"
#include "server/hls.h"
#include "server/ice_servers.h"
#include "server/memory_trim.h"
#include "server/options.h"
#include "server/shard_thread.h"
#include "server/token_gate.h"
#include "shard/crossing.h"

namespace heliograph::server {

// Everything wired together: the gateway's thread, on which control runs, a thread for each shard, and those of HLS.
// The only place that sees io, gateway, shard and control.
class Server {
 public:
  // Binds every socket. Trouble says which address or file is wrong.
  static std::expected<std::unique_ptr<Server>, base::Trouble> create(const Options& options);
  ~Server();

  // Serves until it was drained.
  void run();
  // Any thread: no new sessions, running ones told and closed; run() returns when they are gone or the grace period is
  // over.
  void drain();
  // "http://127.0.0.1:8080/"
  std::string url() const;

 private:
  Server(const Options& options, TokenGate gate, IceServers ice_servers);
  void say_who_gets_in() const;
  gateway::Callbacks callbacks();
  std::vector<gateway::Route> routes();
  std::expected<void, base::Trouble> open_hls();
  std::expected<void, base::Trouble> open_gateway();
  std::expected<void, base::Trouble> open_shards(const crypto::Certificate& certificate);
  void open_control(const crypto::Certificate& certificate);
  void wire_crossings();
  shard::Crossings crossings_of(size_t end) const;
  std::vector<std::vector<base::SocketAddress>> candidates() const;

  // All on the gateway's thread.
  std::expected<rest::Operator, gateway::Denial> operator_of(const gateway::Request& request);
  void speak(control::Out& out);
  void hear_shards();
  void hear_packagers(const std::vector<plan::HlsChanged>& changes);
  void on_time(base::Timestamp now);
  void begin_drain();
  void finish_if_drained(base::Timestamp now);
  void measure(base::Timestamp now);
  void schedule();
  void rearm();
  std::string metrics() const;

  Options options_;
  TokenGate gate_;
  Door door_;
  IceServers ice_servers_;
  base::Timestamp next_key_check_;
  std::unique_ptr<gateway::Gateway> gateway_;
  size_t ends_ = 0;                                          // of rings: the shards', then the packager's
  std::vector<std::unique_ptr<shard::CrossingRing>> rings_;  // from i to j at [i * ends_ + j]
  std::vector<std::unique_ptr<ShardThread>> shards_;
  std::unique_ptr<control::Control> control_;
  std::unique_ptr<Hls> hls_;  // null: without
  std::optional<base::Timestamp> drain_until_;
  MemoryTrim trim_;
  base::Timestamp next_measure_;
  std::vector<uint64_t> packets_then_;  // that each shard had received and sent when they were last measured
  base::Timestamp due_;                 // when there is something to do but for HLS
};

}  // namespace heliograph::server
