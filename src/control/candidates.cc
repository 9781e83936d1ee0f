// SPDX-License-Identifier: Apache-2.0
#include "control/candidates.h"

#include <algorithm>

#include "negotiation/candidate.h"
#include "signal/parse.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;

// The session whose connection the candidate is for; nullopt: the sender's own uplink.
std::optional<SessionKey> target_of(const signal::Header& header, const signal::To& to) {
  const auto* target = std::get_if<signal::Target>(&to);
  if (target == nullptr || !target->session_id) return std::nullopt;
  const SessionKey key{target->user_id, *target->session_id};
  return key == key_of(header.from) ? std::nullopt : std::optional(key);
}

bool waits_for(const Session& session, const SessionKey& target) {
  return std::ranges::any_of(session.held_watches, [&](const HeldWatch& held) {
    const auto& to = held.watch.to;
    return to.user_id == target.user_id && (!to.session_id || *to.session_id == target.session_id);
  });
}

bool just_gone(const Turn& turn, const OpenRoom& room, const Session& session, const SessionKey& target) {
  const auto memory = turn.state.config.timeouts.left_remembered;
  const auto it = session.downlinks_gone.find(target);
  if (it != session.downlinks_gone.end() && turn.now - it->second < memory) return true;
  return room.room.has_left(turn.now, memory, target);
}

// "" when the candidate can be read: names (.local), TCP and families that we lack included, they are only of no use.
std::string content_error(const std::string& sdp) {
  const auto attribute = signal::candidate_attribute(sdp);
  if (!attribute) return attribute.error();
  if (attribute->empty() || negotiation::is_candidate(*attribute)) return {};
  return "sdp is no candidate that can be read (RFC 8839 section 5.1)";
}

}  // namespace

void receive_candidate(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                       const signal::Ice& ice) {
  const auto& session = room.sessions.at(key_of(header.from));
  const auto target = target_of(header, ice.to);
  if (target && !session.downlinks.contains(*target) && !waits_for(session, *target)) {
    if (just_gone(turn, room, session, *target)) return;  // B-41, B-53
    return turn.refuse(connection, header,
                       {Code::kInvalidSignal, "there is no connection to that session; WATCH it first"});
  }
  if (auto error = content_error(ice.sdp); !error.empty())
    turn.refuse(connection, header, {Code::kInvalidSignal, std::move(error)});
}

}  // namespace heliograph::control
