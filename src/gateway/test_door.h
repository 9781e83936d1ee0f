// SPDX-License-Identifier: Apache-2.0
// For tests: a gateway on a port of its own with a thread of its own, that notes what it is told.
#pragma once

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/test_client.h"
#include "gtest/gtest.h"

namespace heliograph::gateway::test {

inline constexpr int kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
inline constexpr Asset kAssets[] = {{"/index.html", "text/html; charset=utf-8", "<p>hello</p>", "\"v1\""}};

class Door {
 public:
  explicit Door(Limits limits = {}, std::string certificate = {}, std::string key = {}, std::vector<Route> more = {})
      : gateway({.listen = {"127.0.0.1:0"},
                 .tls_certificate = std::move(certificate),
                 .tls_key = std::move(key),
                 .limits = limits,
                 .routes = with_echo(std::move(more)),
                 .assets = kAssets},
                {.admit = [this](const Upgrade& upgrade) { return admit(upgrade); },
                 .on_open = [this](const Upgrade& upgrade) { note([&] { opened.push_back(upgrade); }); },
                 .on_text = [this](ConnectionId id, std::string_view text) { on_text(id, text); },
                 .on_closed = [this](ConnectionId id) { note([&] { closed.push_back(id); }); },
                 .on_time = [this](base::Timestamp now) { note([&] { times.push_back(now); }); },
                 .metrics = [] { return std::string("up 1\n"); }}) {
    const auto started = gateway.start();
    EXPECT_TRUE(started) << started.error().where << ": " << started.error().error.message();
    if (started) port = gateway.bound().front().port;
    thread_ = std::jthread([this] { gateway.run(); });
  }
  ~Door() { gateway.stop(); }

  // Runs on the gateway's thread, and is waited for.
  template <class Work>
  auto ask(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto answer = task.get_future();
    gateway.post([&task] { task(); });
    return answer.get();
  }
  Counters counters() {
    return ask([this] { return gateway.counters(); });
  }
  template <class Condition>
  bool eventually(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), condition);
  }
  // For what the gateway tells nobody: asks again until it is so.
  template <class Condition>
  bool comes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      if (ask(condition)) return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::vector<Upgrade> opened;
  std::vector<std::string> texts;
  std::vector<ConnectionId> closed;
  std::vector<base::Timestamp> times;
  std::optional<Denial> denial;
  uint16_t port = 0;
  Gateway gateway;

 private:
  std::expected<void, Denial> admit(const Upgrade&) {
    if (denial) return std::unexpected(*denial);
    return {};
  }
  static std::vector<Route> with_echo(std::vector<Route> routes) {
    routes.push_back({.method = "GET", .path = "/v1/echo", .below = true, .answer = echo});
    return routes;
  }
  static Response echo(const Request& r) {
    return {.content_type = "text/plain",
            .body = r.path + '|' + r.query + '|' + r.accept + '|' + r.origin + '|' + r.forwarded_for};
  }
  // "echo …" comes back; "close" is closed.
  void on_text(ConnectionId id, std::string_view text) {
    if (text.starts_with("echo ")) gateway.send(id, std::string(text.substr(5)));
    if (text == "close") {
      gateway.send(id, "last words");
      gateway.send(id, "the very last");
      gateway.close(id, 1008, "as you wish");
      gateway.send(id, "never sent");
    }
    note([&] { texts.emplace_back(text); });
  }
  template <class Act>
  void note(Act act) {
    const std::lock_guard lock(mutex_);
    act();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::jthread thread_;
};

}  // namespace heliograph::gateway::test
