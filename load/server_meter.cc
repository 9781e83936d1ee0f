// SPDX-License-Identifier: Apache-2.0
#include "load/server_meter.h"

#include <utility>

#include <fmt/format.h>

#include "io/clock.h"

namespace heliograph::load {

std::expected<std::unique_ptr<ServerMeter>, std::string> ServerMeter::create(std::optional<pid_t> pid,
                                                                             std::optional<Url> metrics) {
  if (pid && !ProcessUsage::of(*pid))
    return std::unexpected(fmt::format("--server-pid {}: there is no such process on this machine", *pid));
  if (metrics && !pid) {
    const auto counters = fetch_counters(*metrics);
    if (!counters)
      return std::unexpected("--metrics-url: no Prometheus page came from " + metrics->authority() + metrics->target +
                             "; is the address right?");
    if (!usage_in(*counters))
      return std::unexpected("--metrics-url: the page has no process_cpu_seconds_total; give --server-pid instead");
  }
  return std::unique_ptr<ServerMeter>(new ServerMeter(pid, pid ? std::nullopt : std::move(metrics)));
}

ServerMeter::ServerMeter(std::optional<pid_t> pid, std::optional<Url> metrics)
    : pid_(pid), metrics_(std::move(metrics)) {
  if (metrics_) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ServerMeter::~ServerMeter() = default;

void ServerMeter::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (asked_.wait(lock, stop, [this] { return pending_; })) {
    lock.unlock();
    const auto counters = fetch_counters(*metrics_);
    const auto usage = counters ? usage_in(*counters) : std::nullopt;
    lock.lock();
    if (usage) reading_ = ServerReading{io::now(), *usage};
    pending_ = false;
  }
}

void ServerMeter::ask() {
  if (pid_) {
    const auto usage = ProcessUsage::of(*pid_);
    reading_ = usage ? std::optional(ServerReading{io::now(), *usage}) : std::nullopt;
    return;
  }
  if (!metrics_) return;
  const std::lock_guard lock(mutex_);
  pending_ = true;
  asked_.notify_one();
}

bool ServerMeter::answered() const {
  const std::lock_guard lock(mutex_);
  return !pending_;
}

std::optional<ServerReading> ServerMeter::reading() const {
  const std::lock_guard lock(mutex_);
  return reading_;
}

}  // namespace heliograph::load
