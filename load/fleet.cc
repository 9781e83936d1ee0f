// SPDX-License-Identifier: Apache-2.0
#include "load/fleet.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>

#include "crypto/random.h"
#include "io/clock.h"
#include "load/own_process.h"

namespace heliograph::load {
namespace {

constexpr uint64_t kSignallingToken = UINT64_MAX;

uint64_t random_seed() {
  uint64_t seed = 0;
  crypto::random_bytes({reinterpret_cast<uint8_t*>(&seed), sizeof seed});
  return seed;
}

bool watch(const io::FileDescriptor& epoll, int fd, uint64_t token, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

base::NtpTime ntp_now() { return base::NtpTime::from_unix_micros(io::unix_micros()); }

// A WebSocket and a UDP socket for each PeerConnection, of everyone.
size_t files_of(const Options& o) {
  const auto publishers = static_cast<size_t>(o.publishers), rooms = static_cast<size_t>(o.rooms);
  const size_t uplinks = rooms * publishers * (2 + (o.mesh ? publishers - 1 : 0));
  return uplinks + (rooms * static_cast<size_t>(o.viewers) + static_cast<size_t>(o.burst)) * (1 + publishers) + 64;
}

}  // namespace

std::expected<std::unique_ptr<Fleet>, std::string> Fleet::create(const Options& options) {
  using Sentence = std::unexpected<std::string>;
  if (auto wrong = ask_for_files(files_of(options)); !wrong.empty()) return Sentence(wrong);
  auto tokens = Tokens::create(options.tokens);
  if (!tokens) return Sentence(tokens.error());
  auto certificate =
      crypto::Certificate::generate("heliograph-load", base::Duration::seconds(86'400), io::unix_micros() / 1'000'000);
  if (!certificate) return Sentence(certificate.error().where + ": " + certificate.error().error.message());
  auto websockets = Websockets::create(options.url);
  if (!websockets) return Sentence(websockets.error().where + ": " + websockets.error().error.message());
  io::FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid() || !watch(epoll, (*websockets)->fd(), kSignallingToken, EPOLLIN))
    return Sentence("epoll does not work");
  return std::unique_ptr<Fleet>(
      new Fleet(options, std::move(*tokens), std::move(*certificate), std::move(*websockets), std::move(epoll)));
}

Fleet::Fleet(const Options& options, Tokens tokens, crypto::Certificate certificate,
             std::unique_ptr<Websockets> websockets, io::FileDescriptor epoll)
    : options_(options),
      tokens_(std::move(tokens)),
      certificate_(std::move(certificate)),
      websockets_(std::move(websockets)),
      epoll_(std::move(epoll)),
      network_(certificate_),
      rng_(random_seed()) {
  stage_ = {websockets_.get(), &network_, &totals_, certificate_.fingerprint(), options_.media};
  for (int i = 0; i < options_.rooms; ++i)
    rooms_.push_back({options_.rooms == 1 ? options_.room : fmt::format("{}-{}", options_.room, i), {}});
}

void Fleet::add_client(Client::Part part, size_t room, base::Timestamp now) {
  const auto number = static_cast<uint32_t>(clients_.size());
  Session session{.room = rooms_[room].name,
                  .user = fmt::format("{}-{}", part.publishes ? "publisher" : "viewer", number)};
  if (part.publishes) rooms_[room].publishers.push_back(session);
  auto target = tokens_.add_to(options_.url.target, session, part.publishes, io::unix_micros() / 1'000'000);
  clients_.push_back(
      std::make_unique<Client>(number, part, std::move(session), rooms_[room], std::move(target), rng_(), stage_, now));
  due_.push_back(base::Timestamp::never());
  if (part.publishes) {
    frames_due_.push_back(base::Timestamp::never());
    by_user_[clients_.back()->session().user] = clients_.back().get();
  }
  last_let_in_ = now;
}

bool Fleet::bring_publishers(base::Timestamp now) {
  const auto wanted = static_cast<size_t>(options_.rooms) * static_cast<size_t>(options_.publishers);
  const auto up = static_cast<size_t>(std::ranges::count_if(clients_, [](const auto& c) { return c->complete(); }));
  while (clients_.size() < std::min(wanted, up + kPublishersAtOnce)) {
    const size_t room = clients_.size() % rooms_.size();
    const bool creates = clients_.size() < rooms_.size();
    if (!creates && !clients_[room]->joined()) break;
    add_client({.publishes = true, .creates_room = creates, .wave = Wave::kRunning}, room, now);
  }
  return up == wanted;
}

void Fleet::let_watch(size_t count, base::Timestamp now) {
  const size_t publishers = frames_due_.size();
  for (; options_.mesh && mesh_watchers_ < std::min(count, publishers); ++mesh_watchers_) {
    clients_[mesh_watchers_]->watch_others(now);
    last_let_in_ = now;
    complete_ = 0;
  }
  for (; watchers() < count; ++viewers_) add_client({}, viewers_ % rooms_.size(), now);
}

void Fleet::let_burst(size_t count, base::Timestamp now) {
  for (; burst_ < count; ++burst_)
    add_client({.publishes = false, .creates_room = false, .wave = Wave::kBurst}, burst_ % rooms_.size(), now);
}

bool Fleet::all_complete() {
  while (complete_ < clients_.size() && clients_[complete_]->complete()) ++complete_;
  return complete_ == clients_.size();
}

void Fleet::serve(base::Timestamp until) {
  for (const auto due : frames_due_) until = std::min(until, due);
  const auto left = std::max(until - io::now(), base::Duration());
  const timespec timeout{left.us() / 1'000'000, (left.us() % 1'000'000) * 1000};
  std::array<epoll_event, 128> events;
  const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) on_ready(events[static_cast<size_t>(i)].data.u64);
  send_frames(io::now());
}

void Fleet::on_ready(uint64_t token) {
  const auto now = io::now();
  if (token == kSignallingToken) return take_signalling(now);
  const size_t client = token >> 32;
  if (clients_[client]->receive(now, static_cast<uint32_t>(token))) due_[client] = std::min(due_[client], now);
  if (client < frames_due_.size()) frames_due_[client] = clients_[client]->next_frame();
}

void Fleet::take_signalling(base::Timestamp now) {
  for (const auto& event : websockets_->take_events()) {
    auto& client = *clients_[event.connection];
    client.on_signalling(now, event);
    for (const auto& [fd, link] : client.take_new_links())
      // Edge-triggered: all that waits is read each time, and the kernel need not look twice.
      if (!watch(epoll_, fd, uint64_t{event.connection} << 32 | link, EPOLLIN | EPOLLET))
        failure_ = "a socket could not be watched";
    due_[event.connection] = now;
  }
}

void Fleet::send_frames(base::Timestamp now) {
  for (size_t i = 0; i < frames_due_.size(); ++i) {
    if (now < frames_due_[i]) continue;
    clients_[i]->on_time(now, ntp_now());
    frames_due_[i] = clients_[i]->next_frame();
    now = io::now();
  }
}

void Fleet::look_after(base::Timestamp now) {
  network_.receiver.set_wall_offset(base::Duration::micros(io::unix_micros() - io::now().us()));
  for (size_t i = 0; i < due_.size(); ++i) {
    if (now < due_[i]) continue;
    clients_[i]->on_time(now, ntp_now());
    due_[i] = clients_[i]->next_time();
    if (i < frames_due_.size()) frames_due_[i] = clients_[i]->next_frame();
  }
}

std::string Fleet::first_trouble() const {
  const auto found = std::ranges::find_if(clients_, [](const auto& c) { return !c->trouble().empty(); });
  return found == clients_.end() ? std::string() : (*found)->trouble();
}

void Fleet::stop_publishing() {
  for (const auto& client : clients_) client->stop_publishing();
}

void Fleet::say_goodbye() {
  for (const auto& client : clients_) client->say_goodbye(io::now());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // what was said goes out on the other thread
}

Fleet::Presence Fleet::presence(Wave wave) const {
  Presence p;
  for (const auto& client : clients_) {
    if (!client->watches() || client->wave() != wave) continue;
    p.joined += client->joined();
    p.connected += client->connected();
    p.complete += client->complete();
    for (const auto& viewer : client->viewers())
      for (const auto& stream : viewer.streams()) p.missing += stream.missing();
  }
  return p;
}

size_t Fleet::connections() const {
  size_t sum = 0;
  for (const auto& client : clients_) sum += client->viewers().size();
  return sum;
}

void Fleet::count_into(Report& r) const {
  r.publishers = static_cast<int>(frames_due_.size());
  r.viewers = static_cast<int>(watchers() + burst_);
  r.burst_viewers = static_cast<int>(burst_);
  r.burst_complete = presence(Wave::kBurst).complete;
  r.viewers_complete = presence(Wave::kRunning).complete + r.burst_complete;
  r.connections = connections();
  r.totals = totals_;
  for (const auto& client : clients_) {
    if (!client->trouble().empty()) ++r.troubles[client->trouble()];
    for (const auto& viewer : client->viewers()) {
      r.socket_drops += viewer.socket_drops();
      for (const auto& stream : viewer.streams()) count_stream(viewer.publisher(), stream, r);
    }
  }
}

void Fleet::count_stream(const Session& publisher, const Inbound& stream, Report& r) const {
  const auto found = by_user_.find(publisher.user);
  if (found == by_user_.end()) return;
  const auto& sender = found->second->publisher();
  const Outbound* sent = sender ? sender->stream(stream.line().kind, stream.layer()) : nullptr;
  if (sent == nullptr || sent->sent() == 0) return;
  const int64_t last = sent->sent() - 1;
  r.expected += stream.expected(last);
  r.lost += stream.missing(last);
  r.switches += stream.switches();
  r.sequence_holes += stream.sequence().missing();
  r.late += stream.sequence().late();
  r.duplicates += stream.sequence().duplicates();
  r.foreign += stream.foreign();
}

}  // namespace heliograph::load
