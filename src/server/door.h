// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/socket_address.h"
#include "control/config.h"
#include "gateway/upgrade.h"
#include "server/address_limits.h"
#include "server/client_address.h"
#include "server/token_gate.h"

namespace heliograph::server {

struct DoorRules {
  std::vector<std::string> allowed_origins;  // globs; empty: any
  std::vector<AddressRange> trusted_proxies;
  AddressLimits::Rules addresses;

  static DoorRules of(const Options& options);
};

enum class TurnedAway : uint8_t { kOrigin, kRate, kConnections };
inline constexpr size_t kTurnedAwayCount = 3;
constexpr const char* name_of(TurnedAway reason) {
  constexpr const char* kNames[kTurnedAwayCount] = {"origin", "rate", "connections"};
  return kNames[static_cast<size_t>(reason)];
}

// Who may open a WebSocket, and who they are: page, address, token, in this order, the cheapest first (B-2). Sans-IO;
// on the thread of control.
class Door {
 public:
  // `gate` outlives the door.
  Door(DoorRules rules, TokenGate& gate);

  std::expected<void, gateway::Denial> admit(Moment at, const gateway::Upgrade& upgrade);
  struct Guest {
    control::Identity identity;  // nobody yet where no token was brought (B-59)
    base::IpAddress address;     // behind trusted proxies too
  };
  // Once for an upgrade that was admitted and went well.
  Guest opened(const gateway::Upgrade& upgrade);
  void closed(gateway::ConnectionId id);

  // May a page of this origin talk to this server? `host` is what the Host header says.
  bool allows_origin(std::string_view origin, std::string_view host) const;
  const std::array<uint64_t, kTurnedAwayCount>& turned_away() const { return turned_away_; }
  const AddressLimits& addresses() const { return addresses_; }

 private:
  // Admitted and not open yet, but counted already, so that many at once are no way around the limit. The gateway gives
  // an upgrade seconds; who is not there after kPatience never came.
  struct Expected {
    Guest guest;
    base::Timestamp since;
  };

  void forget_who_never_came(base::Timestamp now);
  std::unexpected<gateway::Denial> turn_away(TurnedAway reason, gateway::Denial denial);

  DoorRules rules_;
  TokenGate& gate_;
  AddressLimits addresses_;
  std::map<gateway::ConnectionId, Expected> expected_;  // ids grow: the first is the oldest
  std::unordered_map<gateway::ConnectionId, base::IpAddress> open_;
  std::array<uint64_t, kTurnedAwayCount> turned_away_{};
};

// Why a token is not let in, as HTTP says it: 403 for a good one that is of other people's making or for others.
gateway::Denial denial_of(const token::Refused& refused);

}  // namespace heliograph::server
