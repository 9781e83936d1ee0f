// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/refusal.h"
#include "base/time.h"
#include "control/config.h"
#include "plan/command.h"
#include "plan/hls.h"

namespace heliograph::control {

// An id and a way to send to it, never a socket: a gateway of another kind may stand in front. Never used twice.
using ConnectionId = uint64_t;

// Whoever is sent the same text shares it.
struct Send {
  ConnectionId to = 0;
  std::shared_ptr<const std::string> text;
};
// After what was sent before it. `code` is a WebSocket close code (RFC 6455 section 7.4).
struct Close {
  ConnectionId connection = 0;
  uint16_t code = 1000;
  std::string reason;
};
using Message = std::variant<Send, Close>;

// What a call leads to; each call appends. Each list is in order.
struct Out {
  std::vector<Message> messages;
  std::vector<plan::Command> commands;
  std::vector<plan::HlsCommand> hls;  // for the packager; once the shards were told their part
};
// The streams that the packager was told to make, with what it was told last of each.
using HlsStreams = std::map<plan::HlsStream, plan::StartHls>;

// For metrics: what there is now, and refusals since the start by code.
struct Numbers {
  size_t connections = 0;
  size_t rooms = 0;
  size_t sessions = 0;
  size_t publications = 0;
  size_t downlinks = 0;
  size_t hls_streams = 0;
  uint64_t hls_refused = 0;  // publications that are not forwarded because Limits::hls_streams are, since the start
  std::vector<size_t> peers_by_shard;
  std::vector<uint64_t> load_by_shard;  // in packets a second, as control expects or has been told
  std::map<base::Code, uint64_t> refusals;
};

struct State;

// The control plane: words → plan → routes → Commands. One thread owns it and calls it; it never blocks.
// A connection closed by a Close is still reported by disconnected(), or forgotten already: both are fine.
class Control {
 public:
  explicit Control(Config config);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // `address` is where it comes from, for the rate of its messages.
  void connected(base::Timestamp now, ConnectionId connection, Identity identity, base::IpAddress address, Out& out);
  void receive(base::Timestamp now, ConnectionId connection, std::string_view text, Out& out);
  void disconnected(base::Timestamp now, ConnectionId connection, Out& out);
  void on_event(base::Timestamp now, const plan::Event& event, Out& out);
  // The packager says how a stream is doing: HLS_STATE to the room (B-25). Of a stream or room that is gone: fine.
  void on_hls(base::Timestamp now, const plan::HlsChanged& changed, Out& out);
  void on_time(base::Timestamp now, Out& out);
  // How many packets each shard has received and sent a second, lately. Where new peers go depends on it; without it
  // they go by what control knows itself.
  void measured(std::span<const uint64_t> packets_per_second);
  // When on_time() wants to be called; Timestamp::never() when nothing waits.
  base::Timestamp next_time() const;
  // ROOM_CLOSED to everyone, every session and connection ended, and nobody let in from now on.
  void begin_drain(base::Timestamp now, Out& out);

  Numbers numbers() const;
  // For control/admin.h, which speaks for an operator; same thread.
  State& state() { return *state_; }
  // For tests and checkers: what the shards were told and what routes(room) says, over all rooms. Equal after every
  // call.
  room::Routes routes_told() const;
  room::Routes routes_wanted() const;
  // The same of the packager: what it was told, and what follows from the sessions. `prefix` aside, which is empty in
  // both, equal after every call.
  HlsStreams hls_told() const;
  HlsStreams hls_wanted() const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::control
