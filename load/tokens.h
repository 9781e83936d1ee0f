// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "load/signals.h"
#include "token/jwt.h"

namespace heliograph::load {

// What signs the clients' tokens; nothing: the server asks for none.
struct TokenChoice {
  std::string secret_file;  // [KID:]FILE, HS256
  std::string key_file;     // PEM of a private key
  std::string kid;
  std::string issuer;
  std::string audience;
};

// Makes a token for each client, since the server knows a user by the token's subject.
class Tokens {
 public:
  // The error is a sentence.
  static std::expected<Tokens, std::string> create(const TokenChoice& choice);

  // Path and query of the server's URL with a token of this user for this room in it, good for a day and a little.
  // Without a key as it is. now: seconds since 1970.
  std::string add_to(const std::string& target, const Session& who, bool publishes, int64_t now) const;

 private:
  std::optional<token::Signer> signer_;
  token::Expected expected_;
};

}  // namespace heliograph::load
