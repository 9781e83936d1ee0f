// SPDX-License-Identifier: Apache-2.0
#include "server/token_gate.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "fmt/format.h"
#include "server/key_files.h"

namespace heliograph::server {
namespace {

constexpr int64_t kLongest = 365LL * 24 * 3'600;  // further ahead, in seconds, a deadline is as good as none

std::optional<room::Role> role_of(const std::optional<token::Role>& role) {
  if (!role) return std::nullopt;
  switch (*role) {
    case token::Role::kViewer:
      return room::Role::kViewer;
    case token::Role::kPublisher:
      return room::Role::kPublisher;
    case token::Role::kAdmin:
      break;
  }
  return room::Role::kAdmin;
}

}  // namespace

std::expected<TokenGate, std::string> TokenGate::open(const Options& options) {
  TokenGate gate(options);
  gate.snapshot_ = snapshot_of_key_files(options);
  auto keys = read_keys(options);
  if (!keys) return std::unexpected(keys.error());
  gate.keys_ = *std::move(keys);
  return gate;
}

std::expected<token::Claims, token::Refused> TokenGate::check(std::string_view token, int64_t now_unix) {
  auto claims = token::verify(token, keys_, {options_.token_issuer, options_.token_audience}, now_unix);
  if (!claims) ++refused_[static_cast<size_t>(claims.error().reason)];
  return claims;
}

std::vector<std::string> TokenGate::warnings() const {
  std::vector<std::string> sentences;
  for (const auto& kid : keys_.weak_secrets())
    sentences.push_back(fmt::format("the secret \"{}\" is shorter than {} bytes", kid, token::kRecommendedSecret));
  if (keys_.has_public_keys() && options_.token_audience.empty())
    sentences.emplace_back("token_audience is not set: every token that the public keys' owner signed is let in");
  if (!is_open() && options_.dev)
    sentences.emplace_back("dev is set and does nothing: there are keys, so everyone must bring a token");
  return sentences;
}

void TokenGate::refresh() {
  auto snapshot = snapshot_of_key_files(options_);
  if (snapshot == snapshot_) return;
  snapshot_ = std::move(snapshot);
  auto keys = read_keys(options_);
  if (!keys) {
    base::log::error("keys not read again: the old ones stay in force", {{"reason", keys.error()}});
    return;
  }
  keys_ = *std::move(keys);
  base::log::info("keys read again");
}

control::Identity identity_of(const token::Claims& claims, Moment at) {
  control::Identity identity;
  identity.user_id = claims.subject;
  identity.username = claims.username;
  identity.fullname = claims.fullname;
  identity.avatar = claims.avatar;
  identity.role = role_of(claims.role);
  identity.rooms = claims.rooms;
  identity.create = claims.create.value_or(false);
  const auto left = claims.expires - at.unix + token::kLeeway;
  if (left < kLongest) identity.expires = at.now + base::Duration::seconds(left);
  return identity;
}

}  // namespace heliograph::server
