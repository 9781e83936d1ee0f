// SPDX-License-Identifier: Apache-2.0
// What the server says: acks and pushes, each `{"c":…,"s":…,"b":{…}}` (B-1). All return the whole text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/refusal.h"
#include "base/time.h"
#include "signal/signal.h"

namespace heliograph::signal {

// One element of `pps`. `id` and `userId` are both the user's (B-12).
struct Entry {
  std::string user_id;
  std::string session_id;
  std::string username;
  std::string fullname;
  std::string avatar;
  std::string category;
  std::string host;
  std::string device_id;
  bool video = false;
  bool audio = false;
  std::string hls = {};            // URL of the playlist, "" where there is none (B-25)
  std::optional<std::string> sdp;  // WATCH acks only

  bool operator==(const Entry&) const = default;
};

// One element of `members` (B-60).
struct MemberEntry {
  struct Session {
    std::string session_id;
    std::string category;
    std::string host;
    std::string device_id;
    bool publishing = false;
  };
  std::string user_id;
  std::string username;
  std::string fullname;
  std::string avatar;
  std::string_view role;
  std::vector<Session> sessions;
};

// An RTCIceServer for icfg; username and credential may be empty.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};

// An error ack: `{"c":…,"s":…,"b":{"req":…,"msg":"CONSTANT_NAME: …"}}` (B-5). `data` and `tid` are raw JSON; empty
// `data` is null.
std::string refusal(Name name, const base::Refusal& refusal, std::string_view data, std::string_view tid,
                    std::optional<base::Duration> retry_after = std::nullopt);

// `hls`: URL of the playlist, "" where there is none (B-25).
std::string offer_ack(const Header& to, std::string_view sdp, std::string_view hls = {});
std::string watch_ack(const Header& to, std::span<const Entry> entries);
std::string leave_ack(const Header& to);
// `pps` is a list already written by entries(): one list goes into many texts.
std::string heartbeat_ack(const Header& to, std::string_view bid, std::string_view pps);

std::string unpublish_ack(const Header& to);
std::string unwatch_ack(const Header& to, const Target& target);
std::string simulcast_ack(const Header& to, const Target& target, Layer layer);
std::string kick_ack(const Header& to);
std::string ice_servers_ack(const Header& to, std::span<const IceServer> servers);

struct JoinAck {
  std::string_view role;
  std::string_view owner;  // "" while there is none (B-57)
  uint64_t rev = 0;
  std::span<const IceServer> ice_servers;
  base::Duration heartbeat_interval;
  base::Duration heartbeat_timeout;
  std::string_view pps;  // written by entries()
};
std::string join_ack(const Header& to, const JoinAck& ack);

// The JSON arrays `pps` and `members`.
std::string entries(std::span<const Entry> list);
std::string members(std::span<const MemberEntry> list);

std::string publish_list_changed(std::string_view rid, uint64_t rev, std::string_view pps);
std::string member_list_changed(std::string_view rid, uint64_t rev, std::string_view members);
std::string session_replaced(std::string_view rid, std::string_view session_id);
std::string kicked(std::string_view rid, std::string_view session_id, std::string_view by);
std::string room_closed(std::string_view rid, std::string_view reason);
std::string hls_state(std::string_view rid, std::string_view user_id, std::string_view session_id,
                      std::string_view state, std::string_view url);
std::string keep_alive();

}  // namespace heliograph::signal
