// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "room/room.h"

namespace heliograph::control {

enum class TimerKind : uint8_t {
  kSessionEnd,   // rid, session
  kRoomEmpty,    // rid
  kHeldWatch,    // number of the WATCH, rid, session
  kHlsHeld,      // rid, session
  kKeepAlive,    // number of the connection
  kToken,        // number of the connection
  kPeerConnect,  // the rest: number of the peer
  kOfferUnanswered,
  kPeerGone,
};

struct TimerKey {
  TimerKind kind = TimerKind::kSessionEnd;
  uint64_t number = 0;
  std::string rid;
  room::SessionKey session;

  auto operator<=>(const TimerKey&) const = default;
};

// Of kKeepAlive and kToken.
inline TimerKey connection_timer(TimerKind kind, uint64_t connection) {
  return {.kind = kind, .number = connection, .rid = {}, .session = {}};
}

// Every deadline of the control plane, in order; one for each key.
class Timers {
 public:
  void set(const TimerKey& key, base::Timestamp when);  // moves one that is set already
  void cancel(const TimerKey& key);
  bool is_set(const TimerKey& key) const { return when_.contains(key); }
  base::Timestamp next() const { return order_.empty() ? base::Timestamp::never() : order_.begin()->first; }
  // The first one that is due, taken out.
  std::optional<TimerKey> take_due(base::Timestamp now);

 private:
  // A deadline and its key in when_, which stays where it is.
  using Due = std::pair<base::Timestamp, const TimerKey*>;
  struct Earlier {
    bool operator()(const Due& a, const Due& b) const {
      return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    }
  };

  std::map<TimerKey, base::Timestamp> when_;
  std::set<Due, Earlier> order_;
};

}  // namespace heliograph::control
