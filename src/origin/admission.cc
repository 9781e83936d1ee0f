// SPDX-License-Identifier: Apache-2.0
#include "origin/admission.h"

#include <algorithm>

namespace heliograph::origin {
namespace {

constexpr std::string_view kCookie = "hls_token";

// RFC 6265 section 4.2.1: "a=b; c=d".
std::string cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    auto pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return std::string(pair.substr(name.size() + 1));
  }
  return {};
}

// Of a token (RFC 6750 section 2.1: b64token) and of a path as RFC 3986 writes it, but for the semicolon.
bool is_sayable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ';' && c != ',' && c != '"'; });
}

}  // namespace

Brought brought_by(const gateway::Request& request) {
  if (auto token = gateway::query_value(request.query, "token"); !token.empty()) return {std::move(token), true};
  if (auto token = gateway::token_of({}, request.authorization); !token.empty()) return {std::move(token), false};
  return {cookie_value(request.cookie, kCookie), false};
}

// Lax: a player on another site has no use for it, as browsers keep such cookies from it; there the query goes on.
std::string cookie_of(const std::string& token, std::string_view path) {
  if (!is_sayable(token) || !is_sayable(path)) return {};
  return std::string(kCookie) + "=" + token + "; Path=" + std::string(path) + "; HttpOnly; SameSite=Lax";
}

std::expected<void, gateway::Denial> Admission::check(base::Timestamp now, const plan::HlsStream& stream,
                                                      const std::string& token) {
  if (token.empty())
    return std::unexpected(gateway::Denial{.status = 401, .sentence = "This stream asks for a token of its room."});
  if (const auto known = good_.find(token); known != good_.end() && known->second > now) return {};
  const auto admitted = admit_(stream, token);
  if (!admitted) return admitted;
  if (good_.size() >= kMaxTokens) good_.clear();
  good_[token] = now + kGoodFor;
  return {};
}

void Admission::sweep(base::Timestamp now) {
  std::erase_if(good_, [now](const auto& entry) { return entry.second <= now; });
}

}  // namespace heliograph::origin
