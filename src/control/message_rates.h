// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/socket_address.h"
#include "base/time.h"
#include "control/config.h"

namespace heliograph::control {

// How fast users, and addresses of connections without a user, send: token buckets. A message that is refused takes a
// token too, down to one second's worth below nothing, so that whoever does not slow down is refused again and again,
// and whoever pauses for a second is heard.
class MessageRates {
 public:
  explicit MessageRates(const Limits& limits) : limits_(limits) {}

  // Zero: the message may pass. Otherwise how long to wait until one may.
  base::Duration of_user(base::Timestamp now, const std::string& user_id);
  base::Duration of_address(base::Timestamp now, const base::IpAddress& address);
  size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    base::Timestamp at;  // when there were so many
    bool by_user = false;
  };

  const Limits::Rate& rate(bool by_user) const { return by_user ? limits_.user_rate : limits_.address_rate; }
  double capacity(bool by_user) const { return std::max(rate(by_user).messages_burst, 1U); }
  base::Duration take(base::Timestamp now, const std::string& key, bool by_user);
  Bucket& bucket(base::Timestamp now, const std::string& key, bool by_user);
  void refill(base::Timestamp now, Bucket& bucket) const;
  // Forgets those that are full again: they are as good as new.
  void sweep(base::Timestamp now);

  Limits limits_;
  std::unordered_map<std::string, Bucket> buckets_;
  Bucket shared_[2];  // of those who find no place, by_user or not
  size_t sweep_at_ = 1'024;
  base::Timestamp next_sweep_;
};

}  // namespace heliograph::control
