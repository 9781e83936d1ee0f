// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

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

bool watch(const io::FileDescriptor& epoll, int fd, uint64_t token) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = token;
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// Each viewer has a WebSocket and a UDP socket for each publisher.
size_t files_of(const Options& o) {
  return static_cast<size_t>(o.viewers * (1 + o.publishers) + o.publishers * 2 + 64);
}

}  // namespace

std::string_view Run::name_of(Phase phase) {
  constexpr std::string_view kNames[] = {"publishing", "ramping", "settling", "measuring", "emptying", "done"};
  return kNames[static_cast<size_t>(phase)];
}

std::expected<std::unique_ptr<Run>, std::string> Run::create(const Options& options) {
  using Sentence = std::unexpected<std::string>;
  if (auto wrong = ask_for_files(files_of(options)); !wrong.empty()) return Sentence(wrong);
  auto certificate =
      crypto::Certificate::generate("heliograph-load", base::Duration::seconds(86'400), io::unix_micros() / 1'000'000);
  if (!certificate) return Sentence(certificate.error().where + ": " + certificate.error().error.message());
  auto websockets = Websockets::create(options.url);
  if (!websockets) return Sentence(websockets.error().where + ": " + websockets.error().error.message());
  io::FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid() || !watch(epoll, (*websockets)->fd(), kSignallingToken)) return Sentence("epoll does not work");
  if (options.server_pid && !ProcessUsage::of(*options.server_pid))
    return Sentence(fmt::format("--server-pid {}: there is no such process", *options.server_pid));
  return std::unique_ptr<Run>(new Run(options, std::move(*certificate), std::move(*websockets), std::move(epoll)));
}

Run::Run(Options options, crypto::Certificate certificate, std::unique_ptr<Websockets> websockets,
         io::FileDescriptor epoll)
    : options_(std::move(options)),
      certificate_(std::move(certificate)),
      websockets_(std::move(websockets)),
      epoll_(std::move(epoll)),
      network_(certificate_),
      rng_(random_seed()) {
  stage_ = {websockets_.get(),
            &network_,
            &totals_,
            certificate_.fingerprint(),
            {options_.video_rate, options_.fps, options_.audio},
            {}};
}

void Run::add_client(Client::Role role) {
  const auto number = static_cast<uint32_t>(clients_.size());
  const bool publishes = role == Client::Role::kPublisher;
  Session session{.room = options_.room, .user = fmt::format("{}-{}", publishes ? "publisher" : "viewer", number)};
  if (publishes) stage_.publishers.push_back(session);
  clients_.push_back(std::make_unique<Client>(number, role, std::move(session), number == 0, rng_(), stage_));
}

std::expected<Report, std::string> Run::execute() {
  counters_before_ = fetch_counters(options_.url);
  started_ = phase_began_ = next_progress_ = io::now();
  add_client(Client::Role::kPublisher);  // the room is there before the others come
  while (phase_ != Phase::kDone && failure_.empty()) turn();
  if (!failure_.empty()) return std::unexpected(failure_);
  counters_after_ = fetch_counters(options_.url);
  auto result = report();
  say_goodbye();
  return result;
}

void Run::turn() {
  wait();
  const auto now = io::now();
  for (size_t i = 0; i < static_cast<size_t>(options_.publishers) && i < clients_.size(); ++i)
    if (now >= clients_[i]->next_time()) clients_[i]->on_time(now, base::NtpTime::from_unix_micros(io::unix_micros()));
  if (now < next_tick_) return;
  if (totals_.measuring) longest_stall_ = std::max(longest_stall_, now - next_tick_);
  next_tick_ = now + kTick;
  look_after_clients(now);
  step(now);
  if (now >= next_progress_) print_progress(now);
}

void Run::wait() {
  auto until = next_tick_;
  for (size_t i = 0; i < static_cast<size_t>(options_.publishers) && i < clients_.size(); ++i)
    until = std::min(until, clients_[i]->next_time());
  const auto left = std::max(until - io::now(), base::Duration());
  const timespec timeout{left.us() / 1'000'000, (left.us() % 1'000'000) * 1000};
  std::array<epoll_event, 64> events;
  const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const uint64_t token = events[i].data.u64;
    if (token == kSignallingToken) {
      take_signalling(io::now());
    } else {
      clients_[token >> 32]->receive(io::now(), static_cast<uint32_t>(token));
    }
  }
}

void Run::take_signalling(base::Timestamp now) {
  for (const auto& event : websockets_->take_events()) {
    clients_[event.connection]->on_signalling(now, event);
    watch_new_links(event.connection);
  }
}

void Run::watch_new_links(size_t client) {
  for (const auto& [fd, link] : clients_[client]->take_new_links())
    if (!watch(epoll_, fd, uint64_t{client} << 32 | link)) failure_ = "a socket could not be watched";
}

void Run::look_after_clients(base::Timestamp now) {
  const auto ntp_now = base::NtpTime::from_unix_micros(io::unix_micros());
  for (const auto& client : clients_) client->on_time(now, ntp_now);
}

void Run::enter(base::Timestamp now, Phase phase) {
  phase_ = phase;
  phase_began_ = now;
}

void Run::step(base::Timestamp now) {
  const auto passed = now - phase_began_;
  const auto up = [](const auto& client) { return client->complete(); };
  switch (phase_) {
    case Phase::kPublishing: {
      for (const auto& client : clients_)
        if (!client->trouble().empty()) failure_ = "a publisher cannot publish: " + client->trouble();
      if (passed > kPatience) failure_ = "the publishers did not connect within 15 s; is UDP to the server open?";
      const bool all_up = std::ranges::all_of(clients_, up);
      if (all_up && clients_.size() < static_cast<size_t>(options_.publishers))
        return add_client(Client::Role::kPublisher);
      if (!all_up) return;
      usage_before_viewers_ = server_usage();
      return enter(now, Phase::kRamping);
    }
    case Phase::kRamping:
      ramp(now);
      if (clients_.size() < static_cast<size_t>(options_.publishers + options_.viewers)) return;
      if (std::ranges::all_of(clients_, up) || now - last_joined_ > kPatience) enter(now, Phase::kSettling);
      return;
    case Phase::kSettling:
      if (passed < options_.settle) return;
      totals_.measuring = true;
      begin_ = look(now);
      return enter(now, Phase::kMeasuring);
    case Phase::kMeasuring:
      if (passed < options_.duration) return;
      totals_.measuring = false;
      end_ = look(now);
      for (const auto& client : clients_) client->stop_publishing();
      return enter(now, Phase::kEmptying);
    case Phase::kEmptying:
      if (passed >= kEmptying) enter(now, Phase::kDone);
      return;
    case Phase::kDone:
      return;
  }
}

void Run::ramp(base::Timestamp now) {
  const auto due = 1 + static_cast<int>((now - phase_began_).to_seconds() * options_.ramp);
  const auto wanted = static_cast<size_t>(options_.publishers + std::min(due, options_.viewers));
  while (clients_.size() < wanted) {
    add_client(Client::Role::kViewer);
    last_joined_ = now;
  }
}

std::optional<ProcessUsage> Run::server_usage() const {
  return options_.server_pid ? ProcessUsage::of(*options_.server_pid) : std::nullopt;
}

Run::Look Run::look(base::Timestamp now) const {
  return {now, totals_.received, ProcessUsage::of(getpid()), server_usage()};
}

int Run::viewers_that(bool (Client::*is)() const) const {
  return static_cast<int>(
      std::ranges::count_if(clients_, [&](const auto& c) { return c->role() == Client::Role::kViewer && (*c.*is)(); }));
}

void Run::print_progress(base::Timestamp now) {
  uint64_t missing = 0;
  for (const auto& client : clients_)
    for (const auto& viewer : client->viewers())
      for (const auto& stream : viewer.streams()) missing += stream.stamps().missing();
  fmt::print("{:4.0f} s  {:<10}  viewers {} joined, {} connected, {} with media of {}  {:7} packets/s  missing {}\n",
             (now - started_).to_seconds(), name_of(phase_), viewers_that(&Client::joined),
             viewers_that(&Client::connected), viewers_that(&Client::complete), options_.viewers,
             totals_.received - received_before_, missing);
  std::fflush(stdout);
  received_before_ = totals_.received;
  next_progress_ = next_progress_ + base::Duration::seconds(1);
}

void Run::say_goodbye() {
  for (const auto& client : clients_) client->say_goodbye(io::now());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // what was said goes out on the other thread
}

Report Run::report() const {
  Report r;
  r.publishers = options_.publishers;
  r.viewers = options_.viewers;
  r.viewers_complete = viewers_that(&Client::complete);
  r.totals = totals_;
  for (const auto& client : clients_)
    if (!client->trouble().empty()) ++r.troubles[client->trouble()];
  count_streams(r);
  r.measured = end_.at - begin_.at;
  r.measured_received = end_.received - begin_.received;
  r.longest_stall = longest_stall_;
  if (begin_.own && end_.own) {
    r.own_cpu = end_.own->cpu - begin_.own->cpu;
    r.own_wait = end_.own->waited - begin_.own->waited;
  }
  if (begin_.server && end_.server) {
    r.server_cpu = end_.server->cpu - begin_.server->cpu;
    r.server_wait = end_.server->waited - begin_.server->waited;
    r.server_memory = end_.server->resident_bytes;
  }
  if (usage_before_viewers_) r.server_memory_before = usage_before_viewers_->resident_bytes;
  if (counters_before_ && counters_after_) {
    r.server_counters.emplace();
    for (const auto& [name, value] : *counters_after_) {
      const auto before = counters_before_->find(name);
      if (name.ends_with("_total"))
        (*r.server_counters)[name] = value - (before == counters_before_->end() ? 0 : before->second);
    }
  }
  return r;
}

void Run::count_streams(Report& r) const {
  for (const auto& client : clients_)
    for (const auto& viewer : client->viewers()) {
      r.socket_drops += viewer.socket_drops();
      for (const auto& stream : viewer.streams()) count_stream(viewer.publisher(), stream, r);
    }
}

void Run::count_stream(const Session& publisher, const Inbound& stream, Report& r) const {
  const auto found = std::ranges::find(stage_.publishers, publisher.user, &Session::user);
  if (found == stage_.publishers.end()) return;
  const auto& sender = clients_[static_cast<size_t>(found - stage_.publishers.begin())]->publisher();
  const Outbound* sent = sender ? sender->stream(stream.line().kind) : nullptr;
  if (sent == nullptr || sent->sent() == 0) return;
  const int64_t last = sent->sent() - 1;
  r.expected += stream.stamps().expected(last);
  r.lost += stream.stamps().missing(last);
  r.sequence_holes += stream.sequence().missing();
  r.late += stream.sequence().late();
  r.duplicates += stream.sequence().duplicates();
  r.foreign += stream.foreign();
}

}  // namespace heliograph::load
