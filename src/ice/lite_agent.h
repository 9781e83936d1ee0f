// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "ice/datagram.h"
#include "stun/message.h"

namespace heliograph::ice {

// What became of a datagram that was given to an agent.
enum class Verdict : uint8_t {
  kAnswered,          // an authenticated check: success was sent
  kMalformed,         // not a STUN message, or its FINGERPRINT is wrong: dropped
  kIgnored,           // an indication or a response: a lite agent asks nothing
  kBadRequest,        // no USERNAME or MESSAGE-INTEGRITY: 400 was sent
  kUnauthenticated,   // another's USERNAME or a wrong MESSAGE-INTEGRITY: 401 was sent
  kUnknownAttribute,  // 420 was sent
  kRoleConflict,      // the other side is controlled too: 487 was sent
};
inline constexpr size_t kVerdictCount = 7;

// The server's side of ICE for one peer: lite (RFC 8445 section 2.5), always controlled. It answers checks, remembers
// the addresses they come from, follows the other side's nomination and watches consent (RFC 7675). It never sends a
// check, so it has nothing to do on time but to notice that consent has run out. One peer on one shard owns it; nothing
// here allocates but restart(), set_remote(), a path that is new, and out.
class LiteAgent {
 public:
  // RFC 7675 section 5.1: consent is gone 30 s after its last sign.
  static constexpr base::Duration kConsentTimeout = base::Duration::seconds(30);
  // When there are more, the one silent for longest is forgotten; the selected one never is.
  static constexpr size_t kMaxPaths = 16;

  explicit LiteAgent(Credentials local, base::Duration consent_timeout = kConsentTimeout);

  // The other side's description came; checks may have been answered long before.
  void set_remote(Credentials remote) { remote_ = std::move(remote); }
  // New local credentials (RFC 8445 section 9). The old ones stay good until a check uses the new ones; the selected
  // path stays until a path is nominated under the new ones.
  void restart(Credentials local);

  // A datagram that looks like STUN, from `from`, on our socket number `local`. At most one answer is appended to out.
  Verdict receive(base::Timestamp now, base::ConstBytes stun, const base::SocketAddress& from, uint8_t local, Out& out);

  // Where to send: the path nominated last or, before any is, the first that passed a check. nullopt before that. A
  // path that was nominated earlier comes back at its second nomination in a row, so a late retransmission does not
  // move the selection.
  std::optional<Path> selected() const;
  bool nominated() const { return nominated_; }
  // A path that passed a check: what arrives there is the peer's.
  bool knows(const Path& path) const;

  // Consent was given once, and no authenticated check came on any path since then for the time-out. The next check
  // revives it.
  bool consent_expired(base::Timestamp now) const { return now >= next_time(); }
  // When consent will have run out if nothing comes; never() before the first check.
  base::Timestamp next_time() const;

  const Credentials& local() const { return local_; }
  const std::optional<Credentials>& remote() const { return remote_; }
  uint64_t count(Verdict verdict) const { return counts_[static_cast<size_t>(verdict)]; }

 private:
  struct KnownPath {
    Path path;
    base::Timestamp last_check;
    bool nominated = false;
    uint8_t renominations = 0;  // since the selected path was last nominated
  };

  Verdict take_check(base::Timestamp now, const stun::MessageView& check, const Path& path, Out& out);
  Verdict judge(const stun::MessageView& check, const Credentials*& signer) const;
  const Credentials* credentials_for(std::string_view username) const;
  void accept(base::Timestamp now, const stun::MessageView& check, const Path& path);
  void use_new_credentials();
  void nominate(size_t index);
  size_t remember(const Path& path, base::Timestamp now);
  size_t oldest() const;

  base::Duration consent_timeout_;
  Credentials local_;
  std::optional<Credentials> previous_;  // before a restart, until local_ is used
  std::optional<Credentials> remote_;
  std::vector<KnownPath> paths_;  // most peers have one
  size_t selected_ = 0;           // into paths_; means something once that has any
  bool nominated_ = false;
  std::optional<base::Timestamp> last_check_;
  std::array<uint64_t, kVerdictCount> counts_{};
};

// The part of a check's USERNAME that names the receiver: before the colon (RFC 8445 section 7.2.2). By it the first
// datagram of a peer finds its agent. nullopt when the datagram is no binding request with such a name.
std::optional<std::string_view> receiver_ufrag(base::ConstBytes stun);

}  // namespace heliograph::ice
