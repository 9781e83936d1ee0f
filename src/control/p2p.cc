// SPDX-License-Identifier: Apache-2.0
#include "control/p2p.h"

#include <utility>
#include <vector>

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;

const Refusal kNotMember{Code::kRecipientNotMember, "the user or session addressed is not in the room"};
const Refusal kUnreachable{Code::kRecipientNotMember, "the user or session addressed cannot be reached"};

void forget_old(Turn& turn, Session& session) {
  auto& held = session.held_messages;
  std::erase_if(held, [&](const HeldMessage& message) { return turn.now - message.at >= kHeldMessageLife; });
}

// False when as many wait as may.
bool hold(Turn& turn, Session& session, const std::string& text) {
  forget_old(turn, session);
  if (session.held_messages.size() >= kMaxHeldMessages) return false;
  session.held_messages.push_back({turn.now, text});
  return true;
}

std::string other_user(const OpenRoom& room, const std::string& user_id) {
  for (const auto& [id, user] : room.room.users())
    if (id != user_id) return id;
  return {};
}

struct Address {
  std::string user_id;
  std::optional<std::string> session_id;
};

Address address_of(const OpenRoom& room, const signal::Header& header, const signal::To& to) {
  if (const auto* target = std::get_if<signal::Target>(&to)) return {target->user_id, target->session_id};
  if (const auto* user = std::get_if<signal::UserTarget>(&to)) return {user->user_id, std::nullopt};
  return {other_user(room, header.from.user_id), std::nullopt};
}

// B-53: an ANSWER to who was here and left is told so.
Refusal absence(const Turn& turn, const OpenRoom& room, const signal::Header& header, const Address& address) {
  if (header.name != signal::Name::kAnswer) return kNotMember;
  const auto memory = turn.state.config.timeouts.left_remembered;
  const bool left = address.session_id ? room.room.has_left(turn.now, memory, {address.user_id, *address.session_id})
                                       : room.room.user_has_left(turn.now, memory, address.user_id);
  return left ? Refusal{Code::kUserLeft, "the user or session addressed has left the room"} : kNotMember;
}

std::set<ConnectionId> sockets(OpenRoom& room, const std::vector<SessionKey>& keys,
                               std::optional<ConnectionId> except) {
  std::set<ConnectionId> result;
  for (const auto& key : keys)
    if (const auto& c = room.sessions.at(key).connection; c && c != except) result.insert(*c);
  return result;
}

bool hold_for_one(Turn& turn, OpenRoom& room, const std::vector<SessionKey>& keys, const std::string& text) {
  for (const auto& key : keys)
    if (auto& session = room.sessions.at(key); !session.connection) return hold(turn, session, text);
  return false;
}

}  // namespace

std::vector<SessionKey> addressed(const OpenRoom& room, const std::string& user_id,
                                  const std::optional<std::string>& session_id) {
  std::vector<SessionKey> keys;
  const auto* user = room.room.user(user_id);
  if (user == nullptr) return keys;
  for (const auto& [id, session] : user->sessions)
    if (!session_id || *session_id == id) keys.push_back({user_id, id});
  return keys;
}

bool pass_on(Turn& turn, OpenRoom& room, const std::vector<SessionKey>& to, const std::string& text,
             std::optional<ConnectionId> except) {
  const auto reached = sockets(room, to, except);
  for (const auto connection : reached) turn.send(connection, text);
  return !reached.empty() || hold_for_one(turn, room, to, text);
}

void forward(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header, const signal::To& to) {
  const auto address = address_of(room, header, to);
  const auto keys = addressed(room, address.user_id, address.session_id);
  if (keys.empty()) return turn.refuse(connection, header, absence(turn, room, header, address));
  // Nothing goes back to the sender's own socket unless it is addressed by its session (B-55).
  const auto own = address.session_id ? std::nullopt : std::optional(connection);
  if (!pass_on(turn, room, keys, header.data, own)) turn.refuse(connection, header, kUnreachable);
}

void deliver_held(Turn& turn, Session& session) {
  forget_old(turn, session);
  for (auto& message : session.held_messages) turn.send(session, std::move(message.text));
  session.held_messages = {};  // the memory too: most sessions never need it
}

}  // namespace heliograph::control
