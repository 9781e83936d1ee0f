// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <unordered_map>

#include "gateway/http.h"
#include "origin/origin.h"

namespace heliograph::origin {

// What a request brings to be let in.
struct Brought {
  std::string token;
  bool in_query = false;  // then the playlists' URIs carry it on
};
// ?token=…, Authorization: Bearer, or the cookie hls_token, in this order.
Brought brought_by(const gateway::Request& request);
// So that a player of the same site need not carry the token on itself. Empty: it cannot be said in a cookie.
std::string cookie_of(const std::string& token, std::string_view path);

// Who may see a stream that asks for tokens. What was good is good for a moment: a player asks eight times a second,
// and a signature costs more than the answer.
class Admission {
 public:
  static constexpr base::Duration kGoodFor = base::Duration::seconds(5);
  static constexpr size_t kMaxTokens = 20'000;  // remembered; one more: all are asked about again

  explicit Admission(const Admit& admit) : admit_(admit) {}

  std::expected<void, gateway::Denial> check(base::Timestamp now, const plan::HlsStream& stream,
                                             const std::string& token);
  void forget() { good_.clear(); }
  void sweep(base::Timestamp now);

 private:
  const Admit& admit_;
  std::unordered_map<std::string, base::Timestamp> good_;  // until then
};

}  // namespace heliograph::origin
