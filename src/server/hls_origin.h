// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/gateway.h"
#include "origin/origin.h"
#include "server/options.h"
#include "server/token_gate.h"

namespace heliograph::server {

// Whether a stream that asks for tokens is for who brings this one: as a JOIN of its room would be let in (B-59). In
// open mode it is for everybody.
std::expected<void, gateway::Denial> admit_player(TokenGate& gate, int64_t now_unix, const plan::HlsStream& stream,
                                                  const std::string& token);

// The origin between the gateway that asks it, the packager that fills it and the metrics page. It lives on one thread,
// that of a gateway.
class HlsOrigin {
 public:
  struct Around {
    std::function<void(std::function<void()>)> post;  // runs something on its thread, later; from any thread
    std::function<void()> rearm;                      // next_time() may be another one now
  };
  // gate, disk: used on its thread; outlive it. disk may be null.
  HlsOrigin(const Options& options, TokenGate& gate, origin::Disk* disk, Around around);

  // What answers everything under /hls.
  std::vector<gateway::Route> routes();
  void on_time(base::Timestamp now);
  base::Timestamp next_time() const;

  // Any thread; in order.
  void apply(std::vector<hls::StreamUpdates> updates);
  // Any thread: `done` is called on the origin's when all that was given to apply() before has taken effect.
  void after_all(std::function<void()> done) { around_.post(std::move(done)); }
  // Any thread: as it was a second ago, or now.
  origin::Numbers numbers() const;

 private:
  void note_change(base::Timestamp now);
  void take_numbers();

  Around around_;
  origin::Origin origin_;
  base::Timestamp next_numbers_ = base::Timestamp::never();
  mutable std::mutex mutex_;
  origin::Numbers numbers_;
};

// The same on a thread of its own, with a gateway of its own that serves nothing else (hls_listen).
class HlsGateway {
 public:
  static std::expected<std::unique_ptr<HlsGateway>, base::Trouble> create(const Options& options, TokenGate gate,
                                                                          origin::Disk* disk);
  ~HlsGateway();
  void start();
  void stop();

  HlsOrigin& origin() { return *origin_; }
  void post(std::function<void()> work) { gateway_->post(std::move(work)); }
  std::vector<base::SocketAddress> bound() const { return gateway_->bound(); }

 private:
  explicit HlsGateway(TokenGate gate) : gate_(std::move(gate)) {}
  gateway::Callbacks callbacks();
  void rearm();

  TokenGate gate_;  // its own: the other one is used on the thread of control
  base::Timestamp next_key_check_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<HlsOrigin> origin_;  // goes first: what waits in it answers through the gateway
  std::thread thread_;
};

}  // namespace heliograph::server
