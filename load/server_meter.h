// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <sys/types.h>

#include "load/server_probe.h"
#include "load/url.h"

namespace heliograph::load {

// What the server has used up so far: of a process of this machine at once; else what its metrics page says, which a
// thread of its own asks for, so that media never waits for it.
class ServerMeter {
 public:
  // Neither: there is never a reading. The error is a sentence.
  static std::expected<std::unique_ptr<ServerMeter>, std::string> create(std::optional<pid_t> pid,
                                                                         std::optional<Url> metrics);
  ~ServerMeter();

  bool works() const { return pid_.has_value() || metrics_.has_value(); }
  void ask();
  // The answer to ask() is there, or nothing is to be had.
  bool answered() const;
  // The newest; nullopt: none yet.
  std::optional<ServerReading> reading() const;

 private:
  ServerMeter(std::optional<pid_t> pid, std::optional<Url> metrics);
  void run(const std::stop_token& stop);

  const std::optional<pid_t> pid_;
  const std::optional<Url> metrics_;
  mutable std::mutex mutex_;
  std::condition_variable_any asked_;
  bool pending_ = false;                  // under mutex_
  std::optional<ServerReading> reading_;  // under mutex_
  std::jthread thread_;                   // only with metrics_
};

}  // namespace heliograph::load
