// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/refusal.h"
#include "io/wake.h"
#include "server/packaging.h"

namespace heliograph::server {

// Gives Packaging a thread, in the background, and the time. Commands come by a queue, media by the rings, which it
// looks at every kPoll: no shard ever spends a system call on it.
class HlsThread {
 public:
  static constexpr base::Duration kPoll = base::Duration::millis(10);

  struct Options {
    Packaging::Options packaging;
    std::function<void(PackagingOut)> on_out;          // on this thread; never with nothing
    std::function<void(plan::ShardIndex)> wake_shard;  // the same
  };
  static std::expected<std::unique_ptr<HlsThread>, base::Trouble> create(Options options);
  ~HlsThread();

  void start();
  // Ends every stream, then the thread, and waits for it.
  void stop();

  // Any thread.
  void post(plan::HlsCommand command);
  // Any thread: no command waits and no stream goes on, and on_out was told of it.
  bool idle() const;
  Packaging::Numbers numbers() const;

 private:
  HlsThread(Options options, io::Wake wake);
  void run();
  void wait();
  void turn();
  void deliver(PackagingOut out);

  std::function<void(PackagingOut)> on_out_;
  std::function<void(plan::ShardIndex)> wake_shard_;
  io::Wake wake_;
  Packaging packaging_;
  bool more_ = false;  // crossed already
  base::Timestamp next_numbers_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<plan::HlsCommand> commands_;  // as many as control has to say; guarded, as are the next two
  bool busy_ = false;
  Packaging::Numbers numbers_;
  std::thread thread_;
};

}  // namespace heliograph::server
