// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "control/state.h"
#include "signal/write.h"

namespace heliograph::control {

OpenRoom* Turn::room(const std::string& rid) const {
  const auto it = state.rooms.find(rid);
  return it == state.rooms.end() ? nullptr : &it->second;
}

Session* Turn::session(OpenRoom& room, const SessionKey& key) {
  const auto it = room.sessions.find(key);
  return it == room.sessions.end() ? nullptr : &it->second;
}

void Turn::send(ConnectionId to, std::shared_ptr<const std::string> text) const {
  if (state.connections.contains(to)) out.messages.push_back(Send{to, std::move(text)});
}

void Turn::send(ConnectionId to, std::string text) const {
  send(to, std::make_shared<const std::string>(std::move(text)));
}

void Turn::send(const Session& to, std::string text) const {
  if (to.connection) send(*to.connection, std::move(text));
}

bool Turn::is_stranger(ConnectionId connection) const {
  return !state.config.open_mode && state.connections.at(connection).identity.user_id.empty();
}

std::vector<signal::IceServer> Turn::ice_servers(const std::string& user_id) const {
  return state.config.ice_servers ? state.config.ice_servers(user_id) : std::vector<signal::IceServer>();
}

void Turn::refuse(ConnectionId to, const signal::Header& header, const base::Refusal& refusal,
                  std::optional<base::Duration> retry_after) const {
  ++state.refusals[refusal.code];
  base::log::debug("signal refused", {{"s", to_text(header.name)},
                                      {"code", static_cast<int>(refusal.code)},
                                      {"why", refusal.sentence},
                                      {"rid", header.rid},
                                      {"userId", header.from.user_id},
                                      {"sessionId", header.from.session_id}});
  send(to, signal::refusal(header.name, refusal, header.data, header.tid, retry_after));
}

}  // namespace heliograph::control
