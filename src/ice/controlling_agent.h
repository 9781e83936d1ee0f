// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "ice/datagram.h"
#include "stun/message.h"

namespace heliograph::ice {

// A small full agent, always controlling, for what calls a server: load tools, simulations, tests. It checks each
// remote candidate, nominates the first that answers, and then keeps consent fresh.
class ControllingAgent {
 public:
  static constexpr base::Duration kPace = base::Duration::millis(50);             // Ta, RFC 8445 section 14.2
  static constexpr base::Duration kFirstTimeout = base::Duration::millis(500);    // RTO, RFC 8445 section 14.3
  static constexpr int kMaxSends = 7;                                             // Rc, RFC 8489 section 6.2.1
  static constexpr base::Duration kConsentInterval = base::Duration::seconds(5);  // ±20 %, RFC 7675 section 5.1
  static constexpr base::Duration kConsentTimeout = base::Duration::seconds(30);
  static constexpr size_t kMaxRemotes = 16;  // further ones are not taken

  struct Options {
    // USE-CANDIDATE in the first check already, as Firefox does.
    bool nominate_at_once = false;
  };

  ControllingAgent(Credentials local, Credentials remote, uint64_t rng_seed, Options options);
  ControllingAgent(Credentials local, Credentials remote, uint64_t rng_seed)
      : ControllingAgent(std::move(local), std::move(remote), rng_seed, Options()) {}

  // A candidate of the other side; false when it is known or there are too many.
  bool add_remote(base::Timestamp now, const base::SocketAddress& remote);
  // Both sides' new credentials: all candidates are checked anew, the selected one stays until another is nominated.
  void restart(base::Timestamp now, Credentials local, Credentials remote);

  // Answers checks and takes answers. False when the datagram was not for us.
  bool receive(base::Timestamp now, base::ConstBytes stun, const base::SocketAddress& from, uint8_t local, Out& out);
  // Sends what is due.
  void on_time(base::Timestamp now, Out& out);
  base::Timestamp next_time() const;

  // The nominated path, once the other side has accepted the nomination.
  std::optional<Path> selected() const { return selected_; }
  // Every check failed, or consent ran out.
  bool failed(base::Timestamp now) const;

 private:
  enum class State : uint8_t { kInProgress, kSucceeded, kFailed };
  struct Check {
    Path path;
    State state = State::kInProgress;
    bool nominating = false;  // the transaction under way carries USE-CANDIDATE
    int sends = 0;
    stun::TransactionId id{};
    base::Timestamp next_send;
  };

  void begin(Check& check, base::Timestamp at, bool nominating);
  void send(Check& check, base::Timestamp now, Out& out);
  void send_consent(base::Timestamp now, Out& out);
  void write_check(const Path& path, const stun::TransactionId& id, bool use_candidate, Out& out);
  bool take_success(base::Timestamp now, const stun::MessageView& response, const base::SocketAddress& from);
  void succeed(Check& check, base::Timestamp now);
  void select(const Path& path, base::Timestamp now);
  bool answer(const stun::MessageView& request, const Path& path, Out& out);

  Credentials local_;
  Credentials remote_;
  Options options_;
  base::Rng rng_;
  uint64_t tie_breaker_;
  std::vector<Check> checks_;
  std::optional<Path> selected_;
  bool nominated_ = false;  // since the last restart
  stun::TransactionId consent_id_{};
  base::Timestamp next_consent_ = base::Timestamp::never();
  base::Timestamp consent_ends_ = base::Timestamp::never();
};

}  // namespace heliograph::ice
