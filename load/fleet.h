// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "io/file_descriptor.h"
#include "load/client.h"
#include "load/options.h"
#include "load/report.h"

namespace heliograph::load {

// All rooms and clients of a run, and the loop that serves their sockets. All media is on the calling thread; signals
// have a thread of their own.
class Fleet {
 public:
  // So many publishers are on their way in at a time.
  static constexpr size_t kPublishersAtOnce = 16;

  // The error is a sentence.
  static std::expected<std::unique_ptr<Fleet>, std::string> create(const Options& options);

  // Lets publishers come in, those who create the rooms first. True: all are up.
  bool bring_publishers(base::Timestamp now);
  // Lets the first `count` of those watch who should; with a mesh the publishers are the first of them.
  void let_watch(size_t count, base::Timestamp now);
  size_t watchers() const { return mesh_watchers_ + viewers_; }
  // Lets `count` viewers of the burst join.
  void let_burst(size_t count, base::Timestamp now);
  // Everybody who was let in is complete().
  bool all_complete();
  std::string first_trouble() const;  // empty: none
  size_t burst() const { return burst_; }
  // When the newest one was let in.
  base::Timestamp last_let_in() const { return last_let_in_; }
  void stop_publishing();
  void say_goodbye();

  // Serves sockets and publishers' frames, `until` at the latest; then clients whose time has come.
  void serve(base::Timestamp until);
  void look_after(base::Timestamp now);

  const std::string& failure() const { return failure_; }
  const Totals& totals() const { return totals_; }
  Totals& totals() { return totals_; }
  // Of those who watch.
  struct Presence {
    int joined = 0, connected = 0, complete = 0;
    uint64_t missing = 0;  // packets, so far
  };
  Presence presence(Wave wave) const;
  size_t connections() const;  // PeerConnections that watch
  void count_into(Report& report) const;

 private:
  Fleet(const Options& options, Tokens tokens, crypto::Certificate certificate, std::unique_ptr<Websockets> websockets,
        io::FileDescriptor epoll);
  void add_client(Client::Part part, size_t room, base::Timestamp now);
  void on_ready(uint64_t token);
  void take_signalling(base::Timestamp now);
  void send_frames(base::Timestamp now);
  void count_stream(const Session& publisher, const Inbound& stream, Report& report) const;

  const Options options_;
  const Tokens tokens_;
  crypto::Certificate certificate_;
  std::unique_ptr<Websockets> websockets_;
  io::FileDescriptor epoll_;
  Network network_;
  Totals totals_;
  Stage stage_;
  base::Rng rng_;
  std::vector<Room> rooms_;
  std::vector<std::unique_ptr<Client>> clients_;  // publishers first
  // By client, beside each other so that to look through thousands of them costs nothing.
  std::vector<base::Timestamp> due_;
  std::vector<base::Timestamp> frames_due_;       // by publisher
  std::map<std::string, const Client*> by_user_;  // publishers
  size_t mesh_watchers_ = 0;                      // publishers that were told to watch
  size_t viewers_ = 0;                            // of the first wave
  size_t burst_ = 0;
  base::Timestamp last_let_in_;
  size_t complete_ = 0;  // the first so many clients were complete when last seen
  std::string failure_;
};

}  // namespace heliograph::load
