// SPDX-License-Identifier: Apache-2.0
#include "control/watches.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "control/downlinks.h"
#include "control/peers.h"
#include "control/settle.h"
#include "signal/write.h"

namespace heliograph::control {
namespace {

using base::Code;
using base::Refusal;

const Refusal kTargetLeft{Code::kUserLeft, "the session to watch is not in the room"};
const Refusal kTooMany{Code::kInternalServerError, "the session would watch more others than it may; UNWATCH some"};
const Refusal kNotPublishing{Code::kInternalServerError, "the session to watch does not publish yet; try again later"};

bool is_here(const OpenRoom& room, const signal::Target& to) {
  if (to.session_id) return room.room.session({to.user_id, *to.session_id}) != nullptr;
  return room.room.user(to.user_id) != nullptr;
}

// B-30: with a userId only, each of that user's publishing sessions; never the viewer's own.
std::vector<room::Listed> targets(const OpenRoom& room, const signal::Target& to, const SessionKey& viewer) {
  std::vector<room::Listed> result;
  const auto* user = room.room.user(to.user_id);
  if (user == nullptr) return result;
  for (const auto& [session_id, session] : user->sessions) {
    const SessionKey key{to.user_id, session_id};
    if (!is_of(to, key) || key == viewer) continue;
    if (auto listed = room::listed(room.room, key)) result.push_back(std::move(*listed));
  }
  return result;
}

// All of them or none: an offer that nobody hears of would wait in vain.
bool has_room_for(const Turn& turn, const OpenRoom& room, const SessionKey& viewer,
                  const std::vector<room::Listed>& list) {
  const auto& downlinks = room.sessions.at(viewer).downlinks;
  const auto fresh = std::ranges::count_if(list, [&](const auto& listed) { return !downlinks.contains(listed.key); });
  return downlinks.size() + static_cast<size_t>(fresh) <= turn.state.config.limits.downlinks_per_session;
}

void answer(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
            const signal::Watch& watch, const std::vector<room::Listed>& list) {
  const auto viewer = key_of(header.from);
  if (!has_room_for(turn, room, viewer, list)) return turn.refuse(connection, header, kTooMany);
  std::vector<signal::Entry> entries;
  for (const auto& listed : list) {
    auto sdp = offer_downlink(turn, room, viewer, listed.key, watch.restarting);
    entries.push_back(to_entry(room, listed));
    entries.back().sdp = std::move(sdp);
  }
  turn.send(connection, signal::watch_ack(header, entries));
}

TimerKey held_timer(const OpenRoom& room, const SessionKey& viewer, uint64_t number) {
  return {.kind = TimerKind::kHeldWatch, .number = number, .rid = room.rid, .session = viewer};
}

void refuse_unpublished(Turn& turn, ConnectionId connection, const signal::Header& header) {
  turn.refuse(connection, header, kNotPublishing, turn.state.config.timeouts.retry_after);
}

void hold(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
          const signal::Watch& watch) {
  const auto viewer = key_of(header.from);
  auto& held = room.sessions.at(viewer).held_watches;
  if (held.size() >= turn.state.config.limits.held_watches_per_session)
    return refuse_unpublished(turn, connection, header);
  const auto number = fresh_number(turn.state);
  held.push_back({number, header, watch});
  room.holding.insert(viewer);
  turn.state.timers.set(held_timer(room, viewer, number), turn.now + turn.state.config.timeouts.held_watch);
}

// Takes out of every session's held WATCHes those that `of` says, in the order in which each session sent them.
template <class Of>
std::vector<std::pair<SessionKey, HeldWatch>> take_held(Turn& turn, OpenRoom& room, Of of) {
  std::vector<std::pair<SessionKey, HeldWatch>> taken;
  for (auto it = room.holding.begin(); it != room.holding.end();) {
    const auto& viewer = *it;
    auto& all = room.sessions.at(viewer).held_watches;
    std::erase_if(all, [&](HeldWatch& held) {
      if (!of(viewer, held)) return false;
      turn.state.timers.cancel(held_timer(room, viewer, held.number));
      taken.emplace_back(viewer, std::move(held));
      return true;
    });
    it = all.empty() ? room.holding.erase(it) : std::next(it);
  }
  return taken;
}

}  // namespace

bool is_of(const signal::Target& to, const SessionKey& key) {
  return to.user_id == key.user_id && (!to.session_id || *to.session_id == key.session_id);
}

void receive_watch(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                   const signal::Watch& watch) {
  if (!is_here(room, watch.to)) return turn.refuse(connection, header, kTargetLeft);  // B-16
  const auto list = targets(room, watch.to, key_of(header.from));
  if (list.empty()) return hold(turn, room, connection, header, watch);
  answer(turn, room, connection, header, watch, list);
}

void answer_watches_of(Turn& turn, OpenRoom& room, const SessionKey& target) {
  const auto waiting = take_held(turn, room, [&](const SessionKey& viewer, const HeldWatch& held) {
    return is_of(held.watch.to, target) && viewer != target;
  });
  for (const auto& [viewer, held] : waiting) {
    const auto& session = room.sessions.at(viewer);
    if (session.connection)
      answer(turn, room, *session.connection, held.header, held.watch, targets(room, held.watch.to, viewer));
  }
}

void refuse_watches_of(Turn& turn, OpenRoom& room, const SessionKey& target) {
  const auto waiting = take_held(turn, room, [&](const SessionKey&, const HeldWatch& held) {
    return is_of(held.watch.to, target) && !is_here(room, held.watch.to);
  });
  for (const auto& [viewer, held] : waiting) {
    const auto& session = room.sessions.at(viewer);
    if (session.connection) turn.refuse(*session.connection, held.header, kTargetLeft);
  }
}

void withdraw_watches(Turn& turn, OpenRoom& room, const SessionKey& viewer, const signal::Target& target) {
  auto& all = room.sessions.at(viewer).held_watches;
  std::erase_if(all, [&](const HeldWatch& held) {
    const bool meant = held.watch.to == target ||
                       (held.watch.to.session_id && is_of(target, {held.watch.to.user_id, *held.watch.to.session_id}));
    if (meant) turn.state.timers.cancel(held_timer(room, viewer, held.number));
    return meant;
  });
  if (all.empty()) room.holding.erase(viewer);
}

void drop_held_watches(Turn& turn, OpenRoom& room, const SessionKey& viewer) {
  auto& held = room.sessions.at(viewer).held_watches;
  for (const auto& watch : held) turn.state.timers.cancel(held_timer(room, viewer, watch.number));
  held.clear();
  room.holding.erase(viewer);
}

void watch_timed_out(Turn& turn, OpenRoom& room, const SessionKey& viewer, uint64_t number) {
  auto* session = Turn::session(room, viewer);
  if (session == nullptr) return;
  const auto it = std::ranges::find(session->held_watches, number, &HeldWatch::number);
  if (it == session->held_watches.end()) return;
  const auto held = std::move(*it);
  session->held_watches.erase(it);
  if (session->held_watches.empty()) room.holding.erase(viewer);
  if (session->connection) refuse_unpublished(turn, *session->connection, held.header);
}

}  // namespace heliograph::control
