// SPDX-License-Identifier: Apache-2.0
#include "server/door.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/glob.h"

namespace heliograph::server {
namespace {

constexpr base::Duration kPatience = base::Duration::seconds(60);
constexpr size_t kMaxExpected = 65'536;  // then the oldest is forgotten
// When somebody closes is not known; a client that asks again after this long is no burden.
constexpr base::Duration kRetryWhenFull = base::Duration::seconds(10);

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string as_sentence(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + ".";
}

}  // namespace

DoorRules DoorRules::of(const Options& options) {
  DoorRules rules;
  rules.allowed_origins = options.allowed_origins;
  for (const auto& text : options.trusted_proxies)
    if (const auto range = AddressRange::parse(text)) rules.trusted_proxies.push_back(*range);
  rules.addresses = {.connections = static_cast<size_t>(options.connections_per_address),
                     .per_second = options.connection_rate_per_address,
                     .burst = options.connection_burst_per_address};
  return rules;
}

gateway::Denial denial_of(const token::Refused& refused) {
  const bool foreign = refused.reason == token::Reason::kForeign;
  return {.status = foreign ? 403U : 401U,
          .sentence = as_sentence(refused.sentence),
          .error = foreign ? "insufficient_scope" : "invalid_token"};  // RFC 6750 section 3.1
}

Door::Door(DoorRules rules, TokenGate& gate) : rules_(std::move(rules)), gate_(gate), addresses_(rules_.addresses) {}

// A token is sent by the page's script and never by the browser of its own accord, so other pages cannot use it:
// without a list any page may talk to us.
bool Door::allows_origin(std::string_view origin, std::string_view host) const {
  if (origin.empty() || rules_.allowed_origins.empty()) return true;
  const auto scheme = origin.find("://");
  if (scheme != origin.npos && equal_ignoring_case(origin.substr(scheme + 3), host)) return true;
  return std::ranges::any_of(rules_.allowed_origins,
                             [origin](const auto& pattern) { return base::glob_matches(pattern, origin); });
}

std::unexpected<gateway::Denial> Door::turn_away(TurnedAway reason, gateway::Denial denial) {
  ++turned_away_[static_cast<size_t>(reason)];
  return std::unexpected(std::move(denial));
}

std::expected<void, gateway::Denial> Door::admit(Moment at, const gateway::Upgrade& upgrade) {
  forget_who_never_came(at.now);
  Guest guest{.identity = {},
              .address = client_address(upgrade.address, upgrade.forwarded_for, rules_.trusted_proxies)};
  const auto network = network_of(guest.address);
  if (!allows_origin(upgrade.origin, upgrade.host))
    return turn_away(
        TurnedAway::kOrigin,
        {.status = 403, .sentence = "Pages of this origin may not connect: it is not in allowed_origins."});
  if (const auto wait = addresses_.take(at.now, network); wait.us() > 0)
    return turn_away(TurnedAway::kRate,
                     {.status = 429,
                      .sentence = "Too many new connections from this address (connection_rate_per_address).",
                      .retry_after = wait});
  if (addresses_.is_full(network))
    return turn_away(TurnedAway::kConnections,
                     {.status = 429,
                      .sentence = "This address has all the connections that it may have (connections_per_address).",
                      .retry_after = kRetryWhenFull});
  if (!gate_.is_open() && !upgrade.token.empty()) {
    const auto claims = gate_.check(upgrade.token, at.unix);
    if (!claims) return std::unexpected(denial_of(claims.error()));
    guest.identity = identity_of(*claims, at);
  }
  addresses_.opened(at.now, network);
  expected_.emplace(upgrade.id, Expected{std::move(guest), at.now});
  return {};
}

Door::Guest Door::opened(const gateway::Upgrade& upgrade) {
  Guest guest{.identity = {}, .address = upgrade.address};
  if (auto found = expected_.extract(upgrade.id)) guest = std::move(found.mapped().guest);
  open_.emplace(upgrade.id, network_of(guest.address));
  return guest;
}

void Door::closed(gateway::ConnectionId id) {
  if (const auto found = open_.extract(id)) addresses_.closed(found.mapped());
}

void Door::forget_who_never_came(base::Timestamp now) {
  while (expected_.size() >= kMaxExpected ||
         (!expected_.empty() && now - expected_.begin()->second.since > kPatience)) {
    addresses_.closed(network_of(expected_.begin()->second.guest.address));
    expected_.erase(expected_.begin());
  }
}

}  // namespace heliograph::server
