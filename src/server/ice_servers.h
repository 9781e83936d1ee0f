// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "control/config.h"
#include "server/options.h"

namespace heliograph::server {

// What clients are told in icfg: STUN servers, and TURN servers with credentials of coturn's REST scheme
// (draft-uberti-behave-turn-rest-00): the user name is the time it ends, a colon and the user's id; the password the
// base64 of its HMAC-SHA1 under the secret that the TURN server knows too.
class IceServers {
 public:
  // The error names the file of the secret.
  static std::expected<IceServers, std::string> create(const Options& options);

  std::vector<signal::IceServer> of(const std::string& user_id, int64_t now_unix) const;

 private:
  std::vector<std::string> stun_;
  std::vector<std::string> turn_;
  std::string secret_;
  int64_t ttl_ = 0;  // seconds
};

}  // namespace heliograph::server
