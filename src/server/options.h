// SPDX-License-Identifier: Apache-2.0
// The settings of `heliograph serve`. One table in settings.cc gives each of them its TOML key, flag, environment
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

// What the sound of HLS streams is coded as.
enum class HlsAudio { kAac, kOpus, kBoth };
// Which library ciphers packets.
enum class PacketCrypto { kAuto, kIpsecMb, kOpenSsl };

struct Options {
  // HTTP and WebSocket
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::string tls_cert;
  std::string tls_key;
  int64_t max_connections = 20'000;
  int64_t connections_per_address = 2'000;    // 0: any number; so are the rates below
  int64_t connection_rate_per_address = 100;  // a second
  int64_t connection_burst_per_address = 1'000;
  std::vector<std::string> allowed_origins;
  std::vector<std::string> trusted_proxies;
  base::Duration ping_interval = base::Duration::seconds(10);
  base::Duration silence_timeout = base::Duration::seconds(30);

  // tokens
  std::vector<std::string> token_secrets;       // kid:secret
  std::vector<std::string> token_secret_files;  // kid:path
  std::vector<std::string> token_public_keys;
  std::string token_jwks;
  std::string token_issuer;
  std::string token_audience;

  // media
  int64_t udp_port = 40'000;  // shard i listens on udp_port + i
  std::vector<std::string> bind_ip;
  std::vector<std::string> announce_ip;
  int64_t shards = 0;  // 0: as many as the machine has cores
  PacketCrypto crypto = PacketCrypto::kAuto;

  std::vector<std::string> stun_urls;
  std::vector<std::string> turn_urls;
  std::string turn_secret;
  std::string turn_secret_file;
  base::Duration turn_ttl = base::Duration::seconds(12 * 3'600);

  // rooms
  int64_t max_rooms = 100'000;
  int64_t room_max_publishers = 9;
  int64_t room_max_sessions = 20'000;
  int64_t user_max_sessions = 32;  // in one room
  base::Duration room_empty_timeout = base::Duration::seconds(60);
  base::Duration heartbeat_timeout = base::Duration::seconds(10);
  base::Duration session_grace = base::Duration::seconds(10);

  int64_t messages_per_second = 100;  // by user; 0: any number
  int64_t messages_burst = 500;
  int64_t address_messages_per_second = 1'000;  // by address, of connections without a user
  int64_t address_messages_burst = 5'000;

  // HLS
  bool hls = true;
  std::vector<std::string> hls_listen;  // empty: on `listen`
  std::string hls_url;
  bool hls_tokens = false;
  HlsAudio hls_audio = HlsAudio::kAac;
  base::Duration hls_segment = base::Duration::seconds(2);
  base::Duration hls_part = base::Duration::millis(500);
  base::Duration hls_return = base::Duration::seconds(10);
  base::Duration hls_dvr;
  bool hls_record = false;
  std::string hls_dir = "/var/lib/heliograph/hls";
  int64_t hls_max_streams = 1'000;
  int64_t hls_max_waiting = 50'000;
  int64_t hls_max_memory = 2'048;  // MiB

  // operation
  bool dev = false;
  base::log::Level log_level = base::log::Level::kInfo;
  base::log::Form log_format = base::log::Form::kText;
  base::Duration grace_period = base::Duration::seconds(10);

  // Keys for tokens are configured: then nobody is let in without one, whatever `dev` says.
  bool has_keys() const {
    return !token_secrets.empty() || !token_secret_files.empty() || !token_public_keys.empty() || !token_jwks.empty();
  }
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

// The settings for a command that is not `serve`: of the file (`config`; empty: HELIOGRAPH_CONFIG's) and the
// environment.
std::expected<Options, std::string> settings_around(const std::string& config, const Environment& environment);

// Of all names of environment variables those that begin with HELIOGRAPH_ and mean nothing: misspelled, most likely.
std::vector<std::string> unknown_variables(const std::vector<std::string>& names);

// The commented file with every setting and its default, as packaging/heliograph.toml.
std::string sample_config();

}  // namespace heliograph::server
