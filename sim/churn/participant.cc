// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/participant.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"

namespace heliograph::sim {
namespace {

constexpr base::Duration kHeartbeat = base::Duration::seconds(3);
// The gateway closes a socket that is silent for this long (B-56).
constexpr base::Duration kSilentSocket = base::Duration::seconds(30);
constexpr base::Duration kLongestFade = base::Duration::seconds(60);
constexpr double kDeedEvery = 10;          // seconds, on average
constexpr uint32_t kNetwork = 0x0b000000;  // 11.0.0.0/8: each has a host of its own
constexpr uint32_t kNumberMask = 0x00ffffff;
constexpr size_t kMostWatched = 4;

}  // namespace

uint32_t Participant::number_of(const base::SocketAddress& address) {
  return base::load_be<uint32_t>(address.ip.bytes().data()) & kNumberMask;
}

Participant::Participant(Surroundings& around, uint32_t number, Session who, bool publishes, base::Duration lifetime)
    : around_(around), number_(number), who_(std::move(who)), publishes_(publishes), ends_at_(around.now + lifetime) {
  next_deed_ = around_.now + around_seconds(kDeedEvery);
  connect();
}

base::Duration Participant::around_seconds(double mean) {
  const double even = (static_cast<double>(around_.rng.below(1'000'000)) + 1) / 1'000'001;
  return base::Duration::from_seconds(-mean * std::log(even));
}

void Participant::say(const std::string& text) {
  if (connection_ != 0) around_.house.receive(around_.now, connection_, text);
}

base::SocketAddress Participant::fresh_address() {
  return {base::IpAddress::v4(kNetwork | number_), static_cast<uint16_t>(5000 + ports_++)};
}

void Participant::connect() {
  connection_ = uint64_t{number_} << 32 | ++sockets_;
  around_.house.connected(around_.now, connection_, fresh_address().ip);
  next_heartbeat_ = around_.now + kHeartbeat;
  say(load::join(who_, creating_));
}

void Participant::lose_socket() {
  if (connection_ == 0) return;
  around_.house.disconnected(around_.now, std::exchange(connection_, 0));
}

plan::IceParameters Participant::credentials() {
  return {fmt::format("u{:08x}", around_.rng.u32()), fmt::format("p{:016x}{:016x}", around_.rng(), around_.rng())};
}

std::unique_ptr<Call> Participant::new_call() {
  const auto& identity = *around_.identities[around_.rng.below(around_.identities.size())];
  return std::make_unique<Call>(identity, credentials(), fresh_address(), around_.rng());
}

void Participant::hear(const std::string& text) {
  const auto heard = load::hear(text);
  if (!heard || over_) return;
  if (heard->name == "KICKED" || heard->name == "ROOM_CLOSED") {
    if (heard->name == "KICKED") ++around_.deeds.kicked;
    return end();
  }
  if (heard->code != 200) ++around_.deeds.refused;
  if (heard->name == "JOIN") joined(*heard);
  if (heard->name == "PUBLISH_LIST_CHANGED") list_changed(heard->publications);
  if (heard->name == "OFFER") answered(*heard);
  if (heard->name == "WATCH" && heard->code == 200)
    for (const auto& entry : heard->publications) offered(entry);
}

void Participant::joined(const load::Heard& heard) {
  if (heard.code == 4001 || heard.code == 4022) {  // no such room yet, or somebody was faster
    creating_ = heard.code == 4001;
    return say(load::join(who_, creating_));
  }
  if (heard.code != 200) return end();
  list_changed(heard.publications);
  if (std::exchange(joined_, true)) return;
  ++around_.deeds.joins;
  if (publishes_) offer(Asked::kFresh);
  watch_somebody();
}

void Participant::list_changed(const std::vector<load::Heard::Entry>& list) {
  publishing_.clear();
  for (const auto& entry : list)
    if (entry.user != who_.user) publishing_.push_back({who_.room, entry.user, entry.session});
  std::erase_if(downlinks_, [&](const auto& downlink) {
    return std::ranges::none_of(publishing_, [&](const Session& s) {
      return s.user == downlink.first.first && s.session == downlink.first.second;
    });
  });
}

void Participant::offer(Asked what) {
  if (asked_ != Asked::kNothing || !joined_) return;
  asked_ = what;
  ++around_.deeds.offers;
  if (what == Asked::kIceRestart) {
    next_ice_ = credentials();
    ++around_.deeds.ice_restarts;
    return say(restarting_offer(who_, load::publisher_offer(uplink_->offered(), uplink_->renewed(next_ice_))));
  }
  next_uplink_ = new_call();
  const auto sdp = load::publisher_offer(next_uplink_->offered(), next_uplink_->local());
  if (what == Asked::kSwap) ++around_.deeds.new_peer_connections;
  if (what == Asked::kNever) ++around_.deeds.never_connected;
  say(what == Asked::kSwap ? restarting_offer(who_, sdp) : load::offer(who_, sdp));
}

void Participant::answered(const load::Heard& heard) {
  const auto what = std::exchange(asked_, Asked::kNothing);
  const auto agreed = heard.code == 200 ? load::read_answer(heard.sdp) : std::unexpected(heard.message);
  if (heard.code == 4051) publishes_ = false;  // all publishers' places are taken
  if (!agreed) return next_uplink_.reset();
  if (what == Asked::kIceRestart && uplink_) {
    uplink_->move_to(fresh_address());
    return uplink_->restart(around_.now, next_ice_, agreed->remote);
  }
  if (!next_uplink_) return;
  if (what == Asked::kNever) return next_uplink_.reset();
  next_uplink_->publish(*agreed);
  next_uplink_->begin(around_.now, agreed->remote);
  uplink_ = std::move(next_uplink_);
}

void Participant::watch_somebody() {
  if (publishing_.empty() || downlinks_.size() >= kMostWatched) return;
  const auto& whom = publishing_[around_.rng.below(publishing_.size())];
  if (downlinks_.contains({whom.user, whom.session})) return;
  ++around_.deeds.watches;
  say(load::watch(who_, whom));
}

// The server's offer of somebody's media: taken, taken and never connected, or never answered.
void Participant::offered(const load::Heard::Entry& entry) {
  const Session whom{who_.room, entry.user, entry.session};
  const uint64_t fate = around_.rng.below(20);
  if (entry.sdp.empty()) return;
  if (fate == 0) {
    ++around_.deeds.never_connected;
    return;
  }
  auto& call = downlinks_[{entry.user, entry.session}];
  const bool restart = call != nullptr;
  if (!restart) call = new_call();
  auto ice = restart ? credentials() : call->local().ice;
  const auto agreed = load::answer_offer(entry.sdp, call->renewed(ice));
  if (!agreed) return;
  say(load::answer(who_, whom, agreed->answer));
  if (fate == 1) ++around_.deeds.never_connected;
  if (fate == 1) return;
  call->watch(agreed->lines);
  restart ? call->restart(around_.now, std::move(ice), agreed->remote) : call->begin(around_.now, agreed->remote);
  say(end_of_candidates(who_, whom));
}

std::optional<Session> Participant::somebody_watched() {
  if (downlinks_.empty()) return std::nullopt;
  const auto found = std::next(downlinks_.begin(), static_cast<int64_t>(around_.rng.below(downlinks_.size())));
  return Session{who_.room, found->first.first, found->first.second};
}

void Participant::act() {
  next_deed_ = around_.now + around_seconds(kDeedEvery);
  if (connection_ == 0 || !joined_) return;
  const uint64_t which = around_.rng.below(10);
  if (which == 0) {
    ++around_.deeds.sockets_lost;
    lose_socket();
    returns_at_ = around_.now + around_seconds(3);
  } else if (publishes_ && which < 5) {
    act_as_publisher(around_.rng.below(8));
  } else {
    act_as_viewer(around_.rng.below(8));
  }
}

void Participant::act_as_publisher(uint64_t which) {
  if (!uplink_) return offer(Asked::kFresh);
  switch (which) {
    case 0:
      ++around_.deeds.unpublished;
      uplink_.reset();
      return say(unpublish(who_));
    case 1:
      return offer(Asked::kFresh);  // another PeerConnection, and another publication (B-23)
    case 2:
    case 3:
      return offer(Asked::kSwap);
    case 4:
    case 5:
      return offer(Asked::kIceRestart);
    case 6:
      if (around_.rng.chance(0.3)) return offer(Asked::kNever);
      return say(update(who_, around_.rng.chance(0.5), around_.rng.chance(0.5)));
    default:
      if (!publishing_.empty() && around_.rng.chance(0.2))
        say(kick(who_, publishing_[around_.rng.below(publishing_.size())]));
  }
}

void Participant::act_as_viewer(uint64_t which) {
  const auto whom = somebody_watched();
  if (!whom || which < 3) return watch_somebody();
  switch (which) {
    case 3:
      ++around_.deeds.unwatches;
      downlinks_.erase({whom->user, whom->session});
      return say(unwatch(who_, *whom));
    case 4:
      ++around_.deeds.ice_restarts;
      return say(restarting_watch(who_, *whom));
    case 5:  // a new downlink instead of the one that there is
      ++around_.deeds.watches;
      downlinks_.erase({whom->user, whom->session});
      return say(load::watch(who_, *whom));
    default: {
      constexpr std::string_view kLayers[] = {"h", "m", "l", "auto"};
      return say(simulcast_update(who_, *whom, kLayers[around_.rng.below(4)], around_.rng.chance(0.3)));
    }
  }
}

void Participant::on_time() {
  const auto now = around_.now;
  if (!over_ && now >= ends_at_) end();
  if (now >= fades_at_) {
    fades_at_ = base::Timestamp::never();
    go_quiet();
    lose_socket();
  }
  if (over_) return;
  if (now >= returns_at_) {
    returns_at_ = base::Timestamp::never();
    connect();
  }
  if (connection_ != 0 && now >= next_heartbeat_) {
    next_heartbeat_ = now + kHeartbeat;
    say(load::heartbeat(who_));
  }
  if (now >= next_deed_) act();
}

base::Timestamp Participant::next_time() const {
  if (over_) return fades_at_;
  return std::min({ends_at_, next_deed_, returns_at_, connection_ == 0 ? base::Timestamp::never() : next_heartbeat_});
}

void Participant::go_quiet() {
  uplink_.reset();
  next_uplink_.reset();
  downlinks_.clear();
}

void Participant::end() {
  if (std::exchange(over_, true)) return;
  returns_at_ = base::Timestamp::never();
  const uint64_t how = around_.rng.below(20);
  how < 9 ? ++around_.deeds.leaves : ++around_.deeds.crashes;
  if (how < 9) {
    each_call([&](Call& call) { call.say_goodbye(around_.now, around_.pen); });
    say(load::leave(who_));
    go_quiet();
    lose_socket();
  } else if (how < 14) {  // the process is gone, and the kernel closes its socket
    go_quiet();
    lose_socket();
  } else if (how < 17) {  // the network is gone: the socket looks alive for a while
    go_quiet();
    fades_at_ = around_.now + kSilentSocket;
  } else {  // signalling is gone for good, and media a while later
    lose_socket();
    fades_at_ = around_.now + std::min(around_seconds(20), kLongestFade);
  }
}

}  // namespace heliograph::sim
