// SPDX-License-Identifier: Apache-2.0
#include "control/membership.h"

#include <algorithm>
#include <utility>

#include "base/glob.h"
#include "base/log.h"
#include "base/percent.h"
#include "control/sessions.h"
#include "control/settle.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;
using signal::Channel;

room::Rules rules_of(Channel channel, const Limits& limits) {
  room::Rules rules;
  rules.publishing_users = limits.publishing_users;
  rules.sessions = limits.sessions_per_room;
  rules.sessions_per_user = limits.sessions_per_user;
  rules.left_sessions = limits.left_sessions_per_room;
  rules.audio_only = channel == Channel::kA2m;
  if (channel == Channel::kP2p) {
    rules.users = 2;
    rules.everyone_publishes = true;
    rules.lists_sessions = true;
  }
  return rules;
}

Refusal unauthorized(std::string sentence) { return {Code::kUnauthorized, std::move(sentence)}; }

// Who JOINs: as the token says that the JOIN brings, else as the connection is known (B-59). In open mode tokens are
// not read. Refused with 4052, or with 2001 when the token is another user's (B-11).
std::expected<Identity, Refusal> identify(const Turn& turn, ConnectionId connection, const signal::Header& header,
                                          const signal::Join& join) {
  const auto& config = turn.state.config;
  const auto& known = turn.state.connections.at(connection).identity;
  if (config.open_mode || (join.token.empty() && !known.user_id.empty())) return known;
  if (join.token.empty())
    return std::unexpected(unauthorized("neither the connection nor this JOIN brought a token; send it as data.token"));
  if (!config.verify) return std::unexpected(unauthorized("this server cannot read tokens"));
  auto brought = config.verify(join.token);
  if (!brought) return std::unexpected(unauthorized(brought.error()));
  if (brought->user_id.empty()) return std::unexpected(unauthorized("the token names no user (sub)"));
  if (brought->user_id != header.from.user_id)
    return std::unexpected(Refusal{Code::kInvalidSignal, "data.ss.userId is not the user of data.token"});
  return std::move(*brought);
}

// The connection is that user's from now on.
void adopt(Turn& turn, ConnectionId connection, const Identity& identity) {
  turn.state.connections.at(connection).identity = identity;
  turn.state.timers.cancel(connection_timer(TimerKind::kToken, connection));
}

// Of a user's tokens the one that is good for longest stays: a JOIN may bring one for its room alone.
void refresh(Turn& turn, ConnectionId connection, const Identity& identity) {
  if (identity.expires > turn.state.connections.at(connection).identity.expires) adopt(turn, connection, identity);
}

// B-59: what the token allows.
std::optional<Refusal> token_refusal(const Turn& turn, const Identity& identity, const std::string& rid, bool creates) {
  if (turn.state.config.open_mode && identity.user_id.empty()) return std::nullopt;
  if (identity.expires <= turn.now) return unauthorized("the token has expired; JOIN with a new one as data.token");
  const auto allows = [&](const std::string& glob) { return base::glob_matches(glob, rid); };
  if (!identity.rooms.empty() && std::ranges::none_of(identity.rooms, allows))
    return unauthorized("the token is not for this room (rid)");
  if (creates && !identity.create && !turn.state.config.open_mode)
    return unauthorized("the room does not exist, and the token does not allow to create it (create)");
  return std::nullopt;
}

// 500: what the server has no place for.
std::optional<Refusal> server_refusal(const Turn& turn, ConnectionId connection, const SessionRef& ref, bool creates) {
  const auto& limits = turn.state.config.limits;
  if (turn.state.draining) return Refusal{Code::kInternalServerError, "the server is about to stop"};
  const auto& sessions = turn.state.connections.at(connection).sessions;
  if (!sessions.contains(ref) && sessions.size() >= limits.sessions_per_connection)
    return Refusal{Code::kInternalServerError, "the connection carries all the sessions that it may carry"};
  if (creates && turn.state.rooms.size() >= limits.rooms)
    return Refusal{Code::kInternalServerError, "the server has all the rooms that it may have"};
  return std::nullopt;
}

room::Claim claim_of(const Config& config, const Identity& identity) {
  return {.claimed = identity.role, .otherwise = config.open_mode ? config.open_mode_role : room::Role::kViewer};
}

// All that is asked before anybody comes in, in the order of B-52 (B-58). A room that is not there will be made.
std::optional<Refusal> join_refusal(const Turn& turn, ConnectionId connection, const signal::Header& header,
                                    const signal::Join& join, const std::expected<Identity, Refusal>& identity) {
  const auto* room = turn.room(header.rid);
  if (!identity && identity.error().code == Code::kInvalidSignal) return identity.error();
  if (room == nullptr && !join.room_creating)
    return Refusal{Code::kRoomNotFound, "the room does not exist; JOIN with op.roomCreating makes it"};
  if (room != nullptr && room->channel != header.channel)
    return Refusal{Code::kUnsupportedChannel,
                   "data.ch is not the type of this room, which is " + std::string(to_text(room->channel))};
  if (!identity) return identity.error();
  if (auto refusal = token_refusal(turn, *identity, header.rid, room == nullptr)) return refusal;
  if (room != nullptr && room->room.is_banned(header.from.user_id))
    return Refusal{Code::kBanned, "the user is banned from this room for as long as it exists"};
  if (room != nullptr && join.room_creating && room->room.creator() != header.from.user_id)
    return Refusal{Code::kAlreadyExistRoom,
                   "the room exists already and was not created by this user; JOIN without "
                   "op.roomCreating"};
  const auto key = key_of(header.from);
  if (room != nullptr)
    if (auto admitted = room->room.admission(key, claim_of(turn.state.config, *identity)); !admitted)
      return admitted.error();
  return server_refusal(turn, connection, {header.rid, key}, room == nullptr);
}

room::Profile profile_of(const Turn& turn, const Identity& identity, const signal::Join& join) {
  const bool open = turn.state.config.open_mode && identity.user_id.empty();
  return {open ? join.name : identity.username, identity.fullname, identity.avatar};  // B-12
}

std::expected<void, Refusal> enter(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                                   const signal::Join& join, const Identity& identity) {
  const auto key = key_of(header.from);
  const auto claim = claim_of(turn.state.config, identity);
  const bool returns = room.room.session(key) != nullptr;
  const room::Traits traits{header.from.category, header.from.host, header.from.device_id};
  const auto role = room.room.join(key, profile_of(turn, identity, join), traits, claim);
  if (!role) return std::unexpected(role.error());
  if (!returns) {  // a JOIN repeated leaves the state as it is
    room.room.enable(key, join.video, join.audio);
    base::log::info("session joined", {{"rid", room.rid},
                                       {"userId", key.user_id},
                                       {"sessionId", key.session_id},
                                       {"category", traits.category},
                                       {"host", traits.host},
                                       {"role", room::to_text(*role)}});
  }
  room.sessions[key];
  attach(turn, room, key, connection);
  return {};
}

void acknowledge(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header) {
  refresh_list(room);
  const auto& config = turn.state.config;
  const auto ice_servers = turn.ice_servers(header.from.user_id);
  const signal::JoinAck ack{.role = room::to_text(*room.room.role_of(header.from.user_id)),
                            .owner = room.room.owner(),
                            .rev = room.rev,
                            .ice_servers = ice_servers,
                            .heartbeat_interval = config.timeouts.heartbeat_interval,
                            .heartbeat_timeout = config.timeouts.heartbeat,
                            .pps = room.pps};
  turn.send(connection, signal::join_ack(header, ack));
}

}  // namespace

std::expected<OpenRoom*, Refusal> open_room(Turn& turn, const std::string& rid, Channel channel, std::string creator) {
  auto& rooms = turn.state.rooms;
  if (turn.state.draining) return std::unexpected(Refusal{Code::kInternalServerError, "the server is about to stop"});
  if (rooms.size() >= turn.state.config.limits.rooms)
    return std::unexpected(Refusal{Code::kInternalServerError, "the server has all the rooms that it may have"});
  if (rooms.contains(rid)) return std::unexpected(Refusal{Code::kAlreadyExistRoom, "the room exists already"});
  base::log::info("room opened", {{"rid", rid}, {"ch", to_text(channel)}, {"by", creator}});
  room::Room made(rules_of(channel, turn.state.config.limits), std::move(creator));
  OpenRoom room{.rid = rid,
                .channel = channel,
                .room = std::move(made),
                .sessions = {},
                .held_requests = {},
                .hls = {},
                .hls_tokens = turn.state.config.hls_tokens,
                .hls_root = turn.state.config.hls_url + "/hls/" + base::percent_encoded(rid) + "/",
                .told = {}};
  return &rooms.emplace(rid, std::move(room)).first->second;
}

void receive_join(Turn& turn, ConnectionId connection, const signal::Header& header, const signal::Join& join) {
  const bool stranger = turn.is_stranger(connection);
  const auto identity = identify(turn, connection, header, join);
  if (stranger && identity) adopt(turn, connection, *identity);
  if (const auto refusal = join_refusal(turn, connection, header, join, identity)) {
    turn.refuse(connection, header, *refusal);
    const bool unknown = stranger && !identity && refusal->code == Code::kUnauthorized;  // B-59
    if (unknown) close_connection(turn, connection, kPolicyViolation, "the JOIN brought no token that is good");
    return;
  }
  refresh(turn, connection, *identity);
  auto* const there = turn.room(header.rid);
  const auto room = there != nullptr ? std::expected<OpenRoom*, Refusal>(there)
                                     : open_room(turn, header.rid, header.channel, header.from.user_id);
  if (!room) return turn.refuse(connection, header, room.error());
  if (const auto entered = enter(turn, **room, connection, header, join, *identity); !entered)
    return turn.refuse(connection, header, entered.error());
  acknowledge(turn, **room, connection, header);
  auto& session = (*room)->sessions.at(key_of(header.from));
  // Also to who asked before: what changed while its socket was away, it has not heard.
  if (join.members) send_members(turn, **room, session);
}

void receive_leave(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header) {
  end_session(turn, room, key_of(header.from), Ending::kMeant);
  turn.send(connection, signal::leave_ack(header));
}

void receive_heartbeat(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                       const signal::Heartbeat& heartbeat) {
  room.sessions.at(key_of(header.from)).heartbeat = turn.now;
  if (heartbeat.send_ack) turn.send(connection, signal::heartbeat_ack(header, heartbeat.bid, room.pps));
}

void receive_update(Turn&, OpenRoom& room, const signal::Header& header, const signal::Update& update) {
  room.room.enable(key_of(header.from), update.video, update.audio);
}

}  // namespace heliograph::control
