// SPDX-License-Identifier: Apache-2.0
#include "server/ice_servers.h"

#include "base/bytes.h"
#include "crypto/base64.h"
#include "crypto/hmac.h"
#include "fmt/format.h"
#include "server/key_files.h"

namespace heliograph::server {

std::expected<IceServers, std::string> IceServers::create(const Options& options) {
  IceServers servers;
  servers.stun_ = options.stun_urls;
  servers.turn_ = options.turn_urls;
  servers.secret_ = options.turn_secret;
  servers.ttl_ = options.turn_ttl.ms() / 1'000;
  if (!options.turn_secret_file.empty()) {
    const auto secret = read_secret_file(options.turn_secret_file);
    if (!secret) return std::unexpected(secret.error());
    if (secret->empty()) return std::unexpected(fmt::format("{}: holds no secret", options.turn_secret_file));
    servers.secret_ = *secret;
  }
  return servers;
}

std::vector<signal::IceServer> IceServers::of(const std::string& user_id, int64_t now_unix) const {
  std::vector<signal::IceServer> servers;
  if (!stun_.empty()) servers.push_back({.urls = stun_, .username = {}, .credential = {}});
  if (!turn_.empty()) {
    const auto username = fmt::format("{}:{}", now_unix + ttl_, user_id);
    const auto digest = crypto::hmac_sha1(base::as_bytes(secret_), base::as_bytes(username));
    servers.push_back({.urls = turn_, .username = username, .credential = crypto::base64(digest)});
  }
  return servers;
}

}  // namespace heliograph::server
