// SPDX-License-Identifier: Apache-2.0
#include "control/moderation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "control/p2p.h"
#include "control/sessions.h"
#include "control/uplinks.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;

const Refusal kNotMember{Code::kNotRoomMember, "data.to names no user or session that is in the room"};

// B-57: any publisher kicks, but only the owner and admins kick the owner or an admin.
bool may_kick(const room::Room& room, const std::string& who, const std::string& whom) {
  const auto rank = [&](const std::string& user) {
    return room.role_of(user) == room::Role::kAdmin || room.owner() == user;
  };
  return who == whom || rank(who) || !rank(whom);
}

// To whom an ACCEPT or REJECT goes: nobody when they are not in the room.
std::vector<SessionKey> requesters(const OpenRoom& room, const signal::Target& to) {
  return addressed(room, to.user_id, to.session_id);
}

// Their request is answered or of no use any more.
void forget_requests_of(OpenRoom& room, const std::string& user_id) {
  std::erase_if(room.held_requests, [&](const HeldRequest& held) { return held.from.user_id == user_id; });
}

}  // namespace

bool kick(Turn& turn, OpenRoom& room, const SessionKey& key, std::string_view by) {
  const auto* session = Turn::session(room, key);
  if (session == nullptr) return false;
  turn.send(*session, signal::kicked(room.rid, key.session_id, by));
  base::log::info("session kicked",
                  {{"rid", room.rid}, {"userId", key.user_id}, {"sessionId", key.session_id}, {"by", by}});
  end_session(turn, room, key, Ending::kMeant);
  return true;
}

bool kick_user(Turn& turn, OpenRoom& room, const std::string& user_id, std::string_view by) {
  const auto keys = addressed(room, user_id, std::nullopt);
  for (const auto& key : keys) kick(turn, room, key, by);
  return !keys.empty();
}

std::expected<void, Refusal> ban(Turn& turn, OpenRoom& room, const std::string& user_id, std::string_view by) {
  if (auto barred = room.room.ban(user_id); !barred) return barred;
  base::log::info("user banned", {{"rid", room.rid}, {"userId", user_id}, {"by", by}});
  kick_user(turn, room, user_id, by);
  return {};
}

void unban(Turn&, OpenRoom& room, const std::string& user_id) { room.room.unban(user_id); }

std::expected<void, Refusal> give_role(Turn& turn, OpenRoom& room, const std::string& user_id, room::Role role) {
  if (room.room.rules().everyone_publishes)
    return std::unexpected(Refusal{Code::kUnsupportedChannel, "both users of a p2p room are publishers"});
  if (const auto given = room.room.assign(user_id, role); !given) return given;
  base::log::info("role given", {{"rid", room.rid}, {"userId", user_id}, {"role", room::to_text(role)}});
  if (room::may_publish(role)) {
    forget_requests_of(room, user_id);
  } else {
    for (const auto& key : addressed(room, user_id, std::nullopt)) end_uplink(turn, room, key, Ending::kMeant);
  }
  return {};
}

void receive_kick(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                  const signal::Kick& signal) {
  const auto& by = header.from.user_id;
  const auto& [user_id, session_id] = signal.to;
  if (!may_kick(room.room, by, user_id))
    return turn.refuse(connection, header,
                       {Code::kPermissionNotFound, "only the owner and admins may kick the owner or an admin"});
  if (addressed(room, user_id, session_id).empty()) return turn.refuse(connection, header, kNotMember);
  if (signal.ban) {
    if (const auto barred = ban(turn, room, user_id, by); !barred)
      return turn.refuse(connection, header, barred.error());
  } else if (session_id) {
    kick(turn, room, {user_id, *session_id}, by);
  } else {
    kick_user(turn, room, user_id, by);
  }
  turn.send(connection, signal::kick_ack(header));
}

void receive_publish_request(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header) {
  const auto& user = header.from.user_id;
  if (room::may_publish(*room.room.role_of(user)))
    return turn.refuse(connection, header,
                       {Code::kAlreadyIsPublisher, "the user is a publisher already and may OFFER at once"});
  forget_requests_of(room, user);  // one a user: the last
  if (room.held_requests.size() >= turn.state.config.limits.held_requests_per_room)
    return turn.refuse(connection, header,
                       {Code::kInternalServerError, "as many requests wait for an owner of this room as may"},
                       turn.state.config.timeouts.retry_after);
  room.held_requests.push_back({key_of(header.from), header.data});
  deliver_requests(turn, room);
}

void receive_publish_accept(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                            const signal::PublishAccept& accept) {
  const auto to = requesters(room, accept.to);
  if (to.empty()) return turn.refuse(connection, header, kNotMember);
  if (!room::may_publish(*room.room.role_of(accept.to.user_id))) {
    const auto given = give_role(turn, room, accept.to.user_id, room::Role::kPublisher);
    if (!given) return turn.refuse(connection, header, given.error());
  }
  pass_on(turn, room, to, header.data);
}

void receive_publish_reject(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                            const signal::PublishReject& reject) {
  const auto to = requesters(room, reject.to);
  if (to.empty()) return turn.refuse(connection, header, kNotMember);
  forget_requests_of(room, reject.to.user_id);
  pass_on(turn, room, to, header.data);
}

void deliver_requests(Turn& turn, OpenRoom& room) {
  if (room.held_requests.empty()) return;
  const auto owner = addressed(room, std::string(room.room.owner()), std::nullopt);
  const auto is_reachable = [&](const SessionKey& key) { return room.sessions.at(key).connection.has_value(); };
  if (std::ranges::none_of(owner, is_reachable)) return;
  for (const auto& held : std::exchange(room.held_requests, {})) pass_on(turn, room, owner, held.text);
}

}  // namespace heliograph::control
