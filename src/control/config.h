// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "crypto/fingerprint.h"
#include "room/room.h"
#include "signal/write.h"

namespace heliograph::control {

// Deadlines of behaviour.md; each names its clause.
struct Timeouts {
  base::Duration heartbeat_interval = base::Duration::seconds(3);  // told in the JOIN ack
  base::Duration heartbeat = base::Duration::seconds(10);          // B-13: a heartbeat is young for this long
  base::Duration session_grace = base::Duration::seconds(10);      // B-13, B-56
  base::Duration empty_room = base::Duration::seconds(60);         // B-17
  base::Duration left_remembered = base::Duration::seconds(60);    // B-16
  base::Duration identical_offer = base::Duration::seconds(15);    // B-9
  base::Duration uplink_connect = base::Duration::seconds(15);     // B-26
  base::Duration held_watch = base::Duration::seconds(3);          // B-32
  base::Duration retry_after = base::Duration::seconds(2);         // B-32: b.retryAfter
  base::Duration same_offer = base::Duration::seconds(15);         // B-33
  base::Duration unanswered_offer = base::Duration::seconds(30);   // B-33
  base::Duration downlink_connect = base::Duration::seconds(30);   // answered, but ICE and DTLS never came up
  base::Duration gone_peer =
      base::Duration::seconds(10);  // PeerGone without PeerRevived or a restart: the connection is freed
  base::Duration hls_held = base::Duration::seconds(30);     // for a publisher who is gone; the packager waits less
  base::Duration keep_alive = base::Duration::seconds(300);  // section 5
  base::Duration token = base::Duration::seconds(10);        // B-59: a connection without one is let in for this long
};

// How large each table may grow. What comes when it is full is refused with 500 unless said otherwise.
struct Limits {
  size_t rooms = 100'000;
  size_t sessions_per_room = 20'000;
  size_t sessions_per_user = 32;  // in one room
  size_t sessions_per_connection = 64;
  size_t downlinks_per_session = 256;
  size_t held_watches_per_session = 64;
  size_t left_sessions_per_room = 4'096;    // the oldest is forgotten
  size_t gone_downlinks_per_session = 256;  // the oldest is forgotten
  size_t publishing_users = 9;              // m2m and a2m (section 3)
  size_t held_requests_per_room = 64;       // PUBLISH_REQUESTs while there is no owner; one a user
  // How fast a user, or an address whose connections have no user of their own, may send; 0: as fast as they like.
  struct Rate {
    uint32_t messages_per_second = 0;
    uint32_t messages_burst = 0;
  };
  Rate user_rate = {100, 500};
  Rate address_rate = {1'000, 5'000};
  size_t rate_buckets = 100'000;       // whoever comes when all are taken shares one
  uint32_t refusals_in_a_row = 1'000;  // for their rate; then the connection is closed
  size_t hls_streams = 1'000;          // one more publication is not forwarded: its OFFER succeeds, without `hls`
};

// Who speaks on a connection, as its token says (section 6 of behaviour.md).
struct Identity {
  // `sub`. Empty: in open mode whoever `ss.userId` says (B-11), else nobody until a JOIN brings a token.
  std::string user_id = {};
  std::string username = {};
  std::string fullname = {};
  std::string avatar = {};
  std::optional<room::Role> role = {};                 // wins over the default (B-59)
  std::vector<std::string> rooms = {};                 // `rid`: globs of rooms that may be joined; empty: any (B-59)
  bool create = false;                                 // may create rooms (B-59); open mode lets everyone
  base::Timestamp expires = base::Timestamp::never();  // no JOIN after it
};

struct Config {
  // The addresses that stand as candidates in the SDP of peers on each shard, best first; one inner list a shard, at
  // least one shard.
  std::vector<std::vector<base::SocketAddress>> shards;
  crypto::Fingerprint fingerprint;  // of the DTLS certificate
  // What a user is told in icfg, with credentials of their own; empty: nothing.
  std::function<std::vector<signal::IceServer>(const std::string& user_id)> ice_servers;
  // Reads the token that a JOIN brings; the error says in one sentence what is wrong with it. Unused in open mode.
  std::function<std::expected<Identity, std::string>(std::string_view token)> verify;
  // Open development mode: no tokens; everyone is who they say, named as op.name of JOIN says.
  bool open_mode = false;
  // Of who JOINs another's room in open mode. While all publishers' places are taken they become viewers.
  room::Role open_mode_role = room::Role::kPublisher;
  // Fills with unpredictable bytes: ICE credentials come from it.
  std::function<void(base::Bytes)> entropy;
  uint64_t seed = 0;  // for what need not be secret (SSRCs)
  // Whether there is HLS at all. Without it op.hlsForwarding has no effect, and no `hls` is in any list (B-25).
  bool hls = true;
  // What stands before "/hls/…" in the URLs of playlists ("https://cdn.example.org"). Empty: they are absolute paths,
  // which clients resolve against the server that they speak to.
  std::string hls_url;
  bool hls_tokens = false;  // of rooms for which an operator says nothing: only who has a token may watch by HLS
  Timeouts timeouts;
  Limits limits;
};

}  // namespace heliograph::control
