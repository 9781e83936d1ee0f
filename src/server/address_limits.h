// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/socket_address.h"
#include "base/time.h"

namespace heliograph::server {

// How many connections an address has, and how fast it makes new ones: a token bucket each. Addresses are those of
// network_of(). At most kMaxAddresses are known one by one; while that many have connections or an unfilled bucket, the
// ones that come share one place.
class AddressLimits {
 public:
  static constexpr size_t kMaxAddresses = 100'000;

  struct Rules {
    size_t connections = 0;  // 0: any number
    int64_t per_second = 0;  // 0: any rate
    int64_t burst = 1;
  };
  explicit AddressLimits(Rules rules) : rules_(rules) {}

  // Zero: a connection may be made now, and counts as one that was. Otherwise how long to wait.
  base::Duration take(base::Timestamp now, const base::IpAddress& address);
  bool is_full(const base::IpAddress& address) const;
  void opened(base::Timestamp now, const base::IpAddress& address);
  void closed(const base::IpAddress& address);

  size_t known() const { return places_.size(); }
  size_t full() const;  // addresses that have all the connections they may have

 private:
  struct Place {
    base::Timestamp at;  // when the bucket held `micros`
    int64_t micros = 0;  // of a connection: a million is one
    size_t connections = 0;
  };
  struct Hash {
    size_t operator()(const base::IpAddress& ip) const { return std::hash<base::SocketAddress>()({ip, 0}); }
  };

  Place& place_of(base::Timestamp now, const base::IpAddress& address);
  void refill(base::Timestamp now, Place& place) const;
  void sweep(base::Timestamp now);

  Rules rules_;
  std::unordered_map<base::IpAddress, Place, Hash> places_;
  Place shared_;
  size_t sweep_at_ = 1'024;
  base::Timestamp next_sweep_;
};

}  // namespace heliograph::server
