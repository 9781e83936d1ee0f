// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"
#include "server/admin_command.h"
#include "server/options.h"
#include "server/server.h"
#include "server/token_command.h"

namespace {

using namespace heliograph;  // NOLINT

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT: read before any thread is there
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> variables() {
  std::vector<std::string> names;
  for (char** at = environ; *at != nullptr; ++at) names.emplace_back(*at, std::strcspn(*at, "="));
  return names;
}

// SIGINT and SIGTERM are taken by one thread, by waiting: nothing runs in a signal handler. SIGUSR1 ends the wait.
sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&set, s);
  return set;
}

void wait_for_signal(server::Server& server) {
  const auto set = ending_signals();
  int which = 0;
  if (sigwait(&set, &which) == 0 && which != SIGUSR1) server.drain();
}

// Each WebSocket is a file: as many as we are allowed.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(const server::Options& options) {
  base::log::configure(options.log_level, options.log_format);
  for (const auto& name : server::unknown_variables(variables()))
    base::log::warn("an environment variable that means nothing", {{"name", name}});
  raise_file_limit();
  const auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  auto server = server::Server::create(options);
  if (!server) {
    std::fprintf(stderr, "heliograph: %s: %s\n", server.error().where.c_str(), server.error().error.message().c_str());
    return 1;
  }
  base::log::info("serving", {{"url", (*server)->url()}});
  std::printf("%s\n", (*server)->url().c_str());
  std::fflush(stdout);
  std::thread waiter([&] { wait_for_signal(**server); });
  (*server)->run();
  pthread_kill(waiter.native_handle(), SIGUSR1);
  waiter.join();
  return 0;
}

int end(const server::Exit& exit) {
  std::fputs(exit.text.c_str(), exit.code == 0 ? stdout : stderr);
  return exit.code;
}

}  // namespace

int main(int argc, char** argv) {
  if (server::is_admin_command(argc, argv)) return end(server::admin_command(argc, argv, environment));
  if (server::is_token_command(argc, argv))
    return end(server::token_command(argc, argv, environment, io::unix_micros() / 1'000'000));
  const auto options = server::parse(argc, argv, environment);
  if (!options) return end(options.error());
  return serve(*options);
}
