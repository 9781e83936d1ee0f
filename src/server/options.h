// SPDX-License-Identifier: Apache-2.0
// The settings of `heliograph serve`. One table in options.cc gives each of them its TOML key, flag, environment
// variable, help text and place in the sample file; its default is the one here.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"

namespace heliograph::server {

struct Options {
  // HTTP and WebSocket
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::string tls_cert;
  std::string tls_key;
  int64_t max_connections = 20'000;
  base::Duration ping_interval = base::Duration::seconds(10);
  base::Duration silence_timeout = base::Duration::seconds(30);

  // media
  int64_t udp_port = 40'000;  // shard i listens on udp_port + i
  std::vector<std::string> bind_ip;
  std::vector<std::string> announce_ip;
  int64_t shards = 0;  // 0: as many as the machine has cores

  // rooms
  int64_t room_max_publishers = 9;
  base::Duration room_empty_timeout = base::Duration::seconds(60);
  base::Duration heartbeat_timeout = base::Duration::seconds(10);
  base::Duration session_grace = base::Duration::seconds(10);

  // operation
  bool dev = false;
  base::log::Level log_level = base::log::Level::kInfo;
  base::log::Form log_format = base::log::Form::kText;
  base::Duration grace_period = base::Duration::seconds(10);
};

// The program ends here: 0 with text for standard output (--help, --version, `config …`), 2 with a sentence for
// standard error.
struct Exit {
  int code = 0;
  std::string text;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Reads the command line, the environment and the file of --config; the first of them that names a setting wins, then
// the default. Options come back for `serve` only; every other command is answered with Exit.
std::expected<Options, Exit> parse(int argc, const char* const* argv, const Environment& environment);

// The commented file with every setting and its default, as packaging/heliograph.toml.
std::string sample_config();

}  // namespace heliograph::server
