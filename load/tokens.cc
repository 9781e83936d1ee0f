// SPDX-License-Identifier: Apache-2.0
#include "load/tokens.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace heliograph::load {
namespace {

constexpr int64_t kGoodFor = 25 * 3600;  // the longest run is a day

std::expected<std::string, std::string> read(const std::string& path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file && text.empty()) return std::unexpected("cannot read " + path);
  return text;
}

// As the server reads such a file: a line end at its end is left out.
std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

std::expected<Tokens, std::string> Tokens::create(const TokenChoice& choice) {
  Tokens tokens;
  tokens.expected_ = {choice.issuer, choice.audience};
  if (!choice.secret_file.empty()) {
    const auto colon = choice.secret_file.find(':');
    const bool named = colon != std::string::npos;
    auto secret = read(named ? choice.secret_file.substr(colon + 1) : choice.secret_file);
    if (!secret) return std::unexpected("--token-secret-file: " + secret.error());
    tokens.signer_ = {without_line_end(std::move(*secret)), named ? choice.secret_file.substr(0, colon) : choice.kid};
  } else if (!choice.key_file.empty()) {
    const auto pem = read(choice.key_file);
    if (!pem) return std::unexpected("--token-key: " + pem.error());
    auto key = crypto::SigningKey::from_pem(*pem);
    if (!key) return std::unexpected("--token-key: " + choice.key_file + " " + key.error());
    tokens.signer_ = {std::move(*key), choice.kid};
  }
  return tokens;
}

std::string Tokens::add_to(const std::string& target, const Session& who, bool publishes, int64_t now) const {
  if (!signer_) return target;
  token::Claims claims;
  claims.subject = who.user;
  claims.expires = now + kGoodFor;
  claims.rooms = {who.room};
  claims.role = publishes ? token::Role::kPublisher : token::Role::kViewer;
  if (publishes) claims.create = true;
  const char* joint = target.find('?') == std::string::npos ? "?" : "&";
  return target + joint + "token=" + token::mint(claims, expected_, *signer_, now);  // base64url needs no escaping
}

}  // namespace heliograph::load
