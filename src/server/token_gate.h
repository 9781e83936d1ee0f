// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/time.h"
#include "control/config.h"
#include "server/options.h"
#include "token/jwt.h"

namespace heliograph::server {

// The two clocks, read together: deadlines are on one, tokens speak of the other.
struct Moment {
  base::Timestamp now;
  int64_t unix = 0;  // seconds since 1970
};

// Checks every token that is brought to the server, in an upgrade, in a JOIN or to the API, and counts what is refused.
// Keeps the keys, and reads their files again when they change. Of one thread.
class TokenGate {
 public:
  // How often refresh() should be called.
  static constexpr base::Duration kLookAgain = base::Duration::seconds(5);

  // The error is a sentence that names the file.
  static std::expected<TokenGate, std::string> open(const Options& options);

  // No keys: everyone is who they say, and no token is looked at.
  bool is_open() const { return !options_.has_keys(); }
  std::expected<token::Claims, token::Refused> check(std::string_view token, int64_t now_unix);
  // For operators: what there is to say about the keys at start, a sentence each.
  std::vector<std::string> warnings() const;

  // Looks whether a file has changed. When it holds no good keys the old ones stay in force, and that is logged once.
  void refresh();

  const std::array<uint64_t, token::kReasonCount>& refused() const { return refused_; }

 private:
  explicit TokenGate(const Options& options) : options_(options) {}

  Options options_;
  token::Keys keys_;
  std::string snapshot_;
  std::array<uint64_t, token::kReasonCount> refused_{};
};

// What control is told of who brought the token (B-59). The leeway that let the token in lets its bearer JOIN too.
control::Identity identity_of(const token::Claims& claims, Moment at);

}  // namespace heliograph::server
