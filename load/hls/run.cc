// SPDX-License-Identifier: Apache-2.0
#include "load/hls/run.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "io/clock.h"
#include "load/own_process.h"

namespace heliograph::load::hls {
namespace {

constexpr auto kTick = base::Duration::millis(20);
constexpr auto kPatience = base::Duration::seconds(15);   // with a connection that does nothing
constexpr auto kRaceIsOver = base::Duration::seconds(3);  // answers to one reload that come later are stalls
constexpr size_t kLinesAPlayer = 2;
constexpr std::string_view kPhases[] = {"ramping", "settling", "measuring", "done"};

std::expected<Endpoint, std::string> resolve_host(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found); error != 0)
    return std::unexpected("resolving " + url.host + ": " + gai_strerror(error));
  Endpoint endpoint;
  __builtin_memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.size = found->ai_addrlen;
  endpoint.authority = url.authority();
  freeaddrinfo(found);
  return endpoint;
}

size_t files_of(const Options& o) { return static_cast<size_t>(o.players) * kLinesAPlayer + 64; }

constexpr uint64_t token_of(size_t seat, size_t line) { return uint64_t{seat} << 8 | line; }

}  // namespace

std::expected<std::unique_ptr<Run>, std::string> Run::create(const Options& options) {
  if (auto wrong = ask_for_files(files_of(options)); !wrong.empty()) return std::unexpected(wrong);
  auto endpoint = resolve_host(options.url);
  if (!endpoint) return std::unexpected(endpoint.error());
  io::FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return std::unexpected("epoll does not work");
  if (options.server_pid && !ProcessUsage::of(*options.server_pid))
    return std::unexpected(fmt::format("--server-pid {}: there is no such process", *options.server_pid));
  return std::unique_ptr<Run>(new Run(options, std::move(*endpoint), std::move(epoll)));
}

Run::Run(const Options& options, Endpoint endpoint, io::FileDescriptor epoll)
    : options_(options),
      endpoint_(std::move(endpoint)),
      epoll_(std::move(epoll)),
      stage_{.target = options.url.target, .choice = options.rendition, .parts = options.parts} {}

Report Run::execute() {
  started_ = phase_began_ = next_tick_ = next_progress_ = io::now();
  while (phase_ != Phase::kDone) turn();
  return report();
}

void Run::turn() {
  std::array<epoll_event, 256> events;
  const auto left = std::max(next_tick_ - io::now(), base::Duration());
  const timespec timeout{0, left.us() * 1000};
  const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) on_ready(events[i].data.u64, events[i].events);
  const auto now = io::now();
  if (now < next_tick_) return;
  if (stage_.tally.measuring) longest_stall_ = std::max(longest_stall_, now - next_tick_);
  next_tick_ = now + kTick;
  look_after(now);
  step(now);
  if (now >= next_progress_) print_progress(now);
}

void Run::on_ready(uint64_t token, uint32_t events) {
  const size_t seat = token >> 8, index = token & 0xff;
  Line& line = *seats_[seat]->lines[index];
  const auto now = io::now();
  if (line.state() == Line::State::kConnecting) {
    if (const auto through = line.connected(); !through)
      return seats_[seat]->player.on_failure(index, now, through.error());
    watch(token, line, false);
    return serve(seat, index, now);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || line.state() == Line::State::kClosed) return;
  const auto whole = line.receive(stage_.wall_offset_us);
  if (!whole) return seats_[seat]->player.on_failure(index, now, whole.error());
  if (!*whole) return;
  stage_.tally.bytes += line.reply_bytes();
  seats_[seat]->player.on_answer(index, line.fetch(), line.answered());
  go_on(seat, index, now);
}

// After an answer: this line asks for what is next, and lines that the player has use for now are opened.
void Run::go_on(size_t seat, size_t line, base::Timestamp now) {
  serve(seat, line, now);
  for (auto& lines = seats_[seat]->lines; lines.size() < seats_[seat]->player.lines();) {
    lines.push_back(std::make_unique<Line>(endpoint_));
    serve(seat, lines.size() - 1, now);
  }
}

// Asks for what is next, on a connection that may have to be made first.
void Run::serve(size_t seat, size_t index, base::Timestamp now) {
  auto& [player, lines] = *seats_[seat];
  Line& line = *lines[index];
  const bool closed = line.state() == Line::State::kClosed;
  if (!closed && line.state() != Line::State::kIdle) return;
  auto fetch = player.next(index, now);
  if (!fetch) return;
  if (closed) return open(seat, index, now);
  if (const auto asked = line.ask(std::move(*fetch), now); !asked) player.on_failure(index, now, asked.error());
}

void Run::open(size_t seat, size_t index, base::Timestamp now) {
  Line& line = *seats_[seat]->lines[index];
  const auto opened = line.open(now);
  if (!opened) return seats_[seat]->player.on_failure(index, now, opened.error());
  watch(token_of(seat, index), line, true);
}

void Run::watch(uint64_t token, const Line& line, bool connecting) {
  epoll_event event{};
  event.events = connecting ? EPOLLOUT : EPOLLIN;
  event.data.u64 = token;
  epoll_ctl(epoll_.get(), connecting ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, line.fd(), &event);
}

// What waits for a time, and what waits for too long.
void Run::look_after(base::Timestamp now) {
  stage_.wall_offset_us = io::unix_micros() - io::now().us();
  for (size_t seat = 0; seat < seats_.size(); ++seat) {
    auto& [player, lines] = *seats_[seat];
    for (size_t i = 0; i < lines.size(); ++i) {
      const bool pending = lines[i]->state() == Line::State::kBusy || lines[i]->state() == Line::State::kConnecting;
      if (pending && now - lines[i]->began() > kPatience) {
        lines[i]->close();
        player.on_failure(i, now, "nothing came for 15 s");
      }
      if (now >= player.next_time(i)) serve(seat, i, now);
    }
  }
  stage_.availability.settle(now - kRaceIsOver, stage_.tally.beyond_block);
}

void Run::ramp(base::Timestamp now) {
  const auto due = 1 + static_cast<int>((now - phase_began_).to_seconds() * options_.ramp);
  const auto wanted = static_cast<size_t>(std::min(due, options_.players));
  while (seats_.size() < wanted) {
    seats_.push_back(std::make_unique<Seat>(stage_));
    seats_.back()->lines.push_back(std::make_unique<Line>(endpoint_));
    serve(seats_.size() - 1, 0, now);
  }
}

void Run::enter(base::Timestamp now, Phase phase) {
  phase_ = phase;
  phase_began_ = now;
}

void Run::step(base::Timestamp now) {
  const auto passed = now - phase_began_;
  switch (phase_) {
    case Phase::kRamping:
      ramp(now);
      if (seats_.size() == static_cast<size_t>(options_.players)) enter(now, Phase::kSettling);
      return;
    case Phase::kSettling:
      if (passed < options_.settle) return;
      stage_.tally.measuring = true;
      begin_ = look(now);
      counts_at_begin_ = counts();
      return enter(now, Phase::kMeasuring);
    case Phase::kMeasuring:
      if (passed < options_.duration) return;
      stage_.tally.measuring = false;
      stage_.availability.settle(now, stage_.tally.beyond_block);
      end_ = look(now);
      counts_at_end_ = counts();
      playing_at_end_ = playing(now);
      return enter(now, Phase::kDone);
    case Phase::kDone:
      return;
  }
}

Look Run::look(base::Timestamp now) const {
  Look look{.at = now, .own = ProcessUsage::of(getpid())};
  if (const auto usage = options_.server_pid ? ProcessUsage::of(*options_.server_pid) : std::nullopt)
    look.server = {now, *usage};
  return look;
}

Run::Counts Run::counts() const { return {stage_.tally.playlists, stage_.tally.parts, stage_.tally.bytes}; }

int Run::playing(base::Timestamp now) const {
  return static_cast<int>(std::ranges::count_if(seats_, [now](const auto& seat) { return seat->player.playing(now); }));
}

void Run::print_progress(base::Timestamp now) {
  const auto& tally = stage_.tally;
  uint64_t errors = 0;
  for (const auto& [status, count] : tally.errors) errors += count;
  for (const auto& [sentence, count] : tally.troubles) errors += count;
  fmt::print("{:4.0f} s  {:<9}  {} playing of {}  {:6} playlists/s {:6} parts/s {:7.1f} Mbit/s  stalls {} errors {}\n",
             (now - started_).to_seconds(), kPhases[static_cast<size_t>(phase_)], playing(now), seats_.size(),
             tally.playlists - progress_.playlists, tally.parts - progress_.parts,
             static_cast<double>(tally.bytes - progress_.bytes) * 8 / 1e6, tally.stalls, errors);
  std::fflush(stdout);
  progress_ = counts();
  next_progress_ = next_progress_ + base::Duration::seconds(1);
}

Report Run::report() const {
  Report r;
  r.players = options_.players;
  r.playing = playing_at_end_;
  r.tally = stage_.tally;
  r.cost = Cost::between(begin_, end_, longest_stall_);
  r.playlists = counts_at_end_.playlists - counts_at_begin_.playlists;
  r.parts = counts_at_end_.parts - counts_at_begin_.parts;
  r.bytes = counts_at_end_.bytes - counts_at_begin_.bytes;
  return r;
}

}  // namespace heliograph::load::hls
