// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/crowd.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "sim/churn/heap.h"

namespace heliograph::sim {
namespace {

constexpr base::Duration kTick = base::Duration::millis(1);
constexpr double kSecondsUntilTheNext = 2;  // on average, when somebody has left
constexpr double kPublishers = 0.35;
constexpr size_t kIdentities = 4;
// Longer than the longest way to go and every deadline of control/ after it (B-13, B-16, B-17).
constexpr base::Duration kEbb = base::Duration::seconds(240);
// A bounded cache of control/: with its real size it would grow for most of an hour, and then stop.
constexpr size_t kRateBuckets = 16;

double exponential(base::Rng& rng, double mean) {
  return -mean * std::log((static_cast<double>(rng.below(1'000'000)) + 1) / 1'000'001);
}

}  // namespace

Crowd::Crowd(const Options& options) : options_(options), rng_(options.seed), network_(rng_()) {
  House::Options house{.shards = options.shards, .seed = rng_(), .limits = {}};
  house.limits.rate_buckets = kRateBuckets;
  house_ = std::make_unique<House>(house, *this);
  for (size_t i = 0; i < kIdentities; ++i) {
    auto made = crypto::Certificate::generate("caller", base::Duration::seconds(86'400), 1'800'000'000);
    identities_.push_back(std::make_unique<CallerIdentity>(std::move(made.value())));
  }
  around_ = std::make_unique<Surroundings>(
      Surroundings{*house_, rng_, identities_, pen_, deeds_, base::Timestamp::from_micros(1'000'000)});
}

Crowd::~Crowd() = default;

void Crowd::hear(control::ConnectionId connection, std::string text) {
  texts_.emplace_back(connection, std::move(text));
}
void Crowd::close(control::ConnectionId connection) { closed_.push_back(connection); }

void Crowd::carry(const base::SocketAddress& from, const base::SocketAddress& to, base::ConstBytes datagram) {
  network_.send(now(), {.delay = base::Duration::millis(10), .jitter = {}, .loss = options_.loss}, from, to, datagram);
}

void Crowd::drain(void* context, const base::SendBatch& batch) {
  auto& self = *static_cast<Crowd*>(context);
  for (const auto& m : batch.messages())
    for (size_t at = 0; at < m.size; at += m.segment)
      self.carry(self.pen_.self, m.path.remote,
                 {batch.block() + m.offset + at, std::min<size_t>(m.segment, m.size - at)});
}

// A room's name lives for a while, so that rooms come and go too.
std::string Crowd::room() {
  const uint64_t which = rng_.below(options_.rooms);
  const auto offset = base::Duration::micros(options_.room_age.us() * static_cast<int64_t>(which) /
                                             static_cast<int64_t>(options_.rooms));
  return fmt::format("room-{}-{}", which, (now() + offset).us() / options_.room_age.us());
}

void Crowd::arrive() {
  const uint32_t number = ++last_number_;
  auto& place = places_[number];
  const load::Session who{.room = room(), .user = fmt::format("user-{}", number), .session = "s"};
  const auto stay = base::Duration::from_seconds(exponential(rng_, options_.mean_stay.to_seconds()));
  place.participant = std::make_unique<Participant>(*around_, number, who, rng_.chance(kPublishers), stay);
  if (options_.leak != 0) {
    const InServer in;
    [[maybe_unused]] static void* volatile lost = nullptr;
    lost = ::operator new(options_.leak);
  }
  schedule(number, *place.participant);
}

Participant* Crowd::find(uint32_t number) {
  const auto found = places_.find(number);
  return found == places_.end() ? nullptr : found->second.participant.get();
}

void Crowd::schedule(uint32_t number, Participant& participant) {
  auto next = participant.next_time();
  participant.each_call([&](const Call& call) { next = std::min(next, call.next_time()); });
  auto& scheduled = places_.at(number).scheduled;
  if (next >= scheduled) return;
  scheduled = next;
  due_.emplace(next, number);
}

void Crowd::look_after(uint32_t number) {
  const auto found = places_.find(number);
  if (found == places_.end()) return;
  auto& place = found->second;
  place.scheduled = base::Timestamp::never();
  place.participant->on_time();
  place.participant->each_call([&](Call& call) {
    if (call.next_time() <= now()) call.on_time(now(), pen_);
  });
  schedule(number, *place.participant);
}

void Crowd::deliver(Network::Flight flight) {
  if (house_->receive(now(), flight.from, flight.to, flight.bytes)) return;
  const uint32_t number = Participant::number_of(flight.to);
  auto* participant = find(number);
  if (participant == nullptr) return;
  participant->each_call([&](Call& call) {
    if (call.address() == flight.to) call.receive(now(), {{flight.from, 0}, flight.bytes}, pen_);
  });
  schedule(number, *participant);
}

// What one hears may make it say something that others hear.
void Crowd::deliver_texts() {
  while (!texts_.empty()) {
    const auto connection = texts_.front().first;
    const auto text = std::move(texts_.front().second);
    texts_.pop_front();
    const uint32_t number = Participant::number_of(connection);
    auto* participant = find(number);
    if (participant == nullptr || participant->connection() != connection) continue;
    participant->hear(text);
    schedule(number, *participant);
  }
  for (; !closed_.empty(); closed_.pop_front()) {
    auto* participant = find(Participant::number_of(closed_.front()));
    if (participant != nullptr && participant->connection() == closed_.front()) participant->socket_closed();
  }
}

base::Timestamp Crowd::next_time() const {
  auto next = std::min(network_.next_time(), house_->next_time());
  if (!due_.empty()) next = std::min(next, due_.top().first);
  if (open_ && !arrivals_.empty()) next = std::min(next, arrivals_.top());
  return next;
}

void Crowd::step(base::Timestamp until) {
  around_->now = std::min(until, std::max(next_time(), now() + kTick));
  while (auto flight = network_.take_due(now())) deliver(std::move(*flight));
  house_->on_time(now());
  for (; open_ && !arrivals_.empty() && arrivals_.top() <= now(); arrivals_.pop()) arrive();
  while (!due_.empty() && due_.top().first <= now()) {
    const auto number = due_.top().second;
    due_.pop();
    look_after(number);
  }
  house_->settle(now());
  deliver_texts();
  house_->settle(now());
  out_.flush();
  clear_away();
}

// Whoever is over is followed by another; what is left of them may go on for a while.
void Crowd::clear_away() {
  for (auto it = places_.begin(); it != places_.end();) {
    auto& place = it->second;
    if (place.participant->over() && !std::exchange(place.followed, true))
      arrivals_.push(now() + base::Duration::from_seconds(exponential(rng_, kSecondsUntilTheNext)));
    it = place.participant->gone() ? places_.erase(it) : std::next(it);
  }
}

void Crowd::run_for(base::Duration span) {
  const auto end = now() + span;
  while (now() < end) step(end);
}

void Crowd::ebb() {
  open_ = false;
  for (auto& [number, place] : places_) {
    place.participant->end();
    schedule(number, *place.participant);
  }
  run_for(kEbb);
  arrivals_ = {};
}

void Crowd::flood(size_t participants) {
  open_ = true;
  for (size_t i = 0; i < participants; ++i) arrivals_.push(now());
}

}  // namespace heliograph::sim
