// SPDX-License-Identifier: Apache-2.0
// Many idle WebSockets in many rooms, and a steady stream of signals beside them: how long acks take, what the server's
// CPU does meanwhile, and what an idle socket costs in memory. One thread, epoll, and a WebSocket client (RFC 6455) of
// a page: what waits here must not be taken for the server's.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rng.h"
#include "crypto/certificate.h"
#include "io/clock.h"
#include "io/file_descriptor.h"
#include "load/descriptions.h"
#include "load/histogram.h"
#include "load/server_probe.h"
#include "signal/json_object.h"

namespace {

using namespace heliograph;  // NOLINT
using signal::JsonObject;

struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  pid_t server = 0;
  int idle = 10'000;
  int rooms = 1'000;
  int visitors = 200;  // sockets that JOIN a room, do something there, LEAVE, and go to the next
  int rate = 2'000;
  double seconds = 20;
  int addresses = 100;  // of ours: 127.0.1.1 and on, so that neither ports nor limits by address run out
  int in_flight = 200;  // connections being opened, or JOINs unanswered, at a time while the rooms fill
  std::string json_file;
};

[[noreturn]] void fail(const std::string& sentence) {
  fmt::print(stderr, "heliograph-sockets: {}\n", sentence);
  std::exit(2);
}

// One connection: HTTP until the upgrade is answered, then text messages. Never blocks.
class Socket {
 public:
  enum class State : uint8_t { kConnecting, kUpgrading, kOpen, kGone };

  Socket(const sockaddr_in& from, const sockaddr_in& to) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    const int yes = 1;
    if (fd_.get() < 0) fail("no more open files; try: ulimit -n 65536");
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    // So that each (address, port) pair serves once for each destination, as without bind().
    setsockopt(fd_.get(), SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) fail("cannot bind to 127.0.x.y");
    if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
      state_ = State::kGone;
  }

  int fd() const { return fd_.get(); }
  State state() const { return state_; }

  void on_writable() {
    if (state_ == State::kConnecting) {
      state_ = State::kUpgrading;
      pending_ +=
          "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    }
    flush();
  }
  void send_text(std::string_view text) { send_frame(0x1, text); }

  // Calls heard(text) for each whole message.
  template <class Heard>
  void on_readable(Heard&& heard) {
    char bytes[16 * 1024];
    const auto n = recv(fd_.get(), bytes, sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) state_ = State::kGone;
    if (n <= 0) return;
    received_.append(bytes, static_cast<size_t>(n));
    if (state_ == State::kUpgrading && !take_upgrade()) return;
    while (take_frame(heard)) {
    }
    if (received_.empty()) received_ = {};
  }

 private:
  bool take_upgrade() {
    const auto end = received_.find("\r\n\r\n");
    if (end == received_.npos) return false;
    if (!received_.starts_with("HTTP/1.1 101")) fail("the server does not upgrade: " + received_.substr(0, end));
    received_.erase(0, end + 4);
    state_ = State::kOpen;
    return true;
  }
  // RFC 6455 section 5.2; a server does not mask.
  template <class Heard>
  bool take_frame(Heard&& heard) {
    if (received_.size() < 2) return false;
    const auto at = [this](size_t i) { return static_cast<uint8_t>(received_[i]); };
    size_t length = at(1) & 0x7f;
    const size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (received_.size() < 2 + extended) return false;
    if (extended > 0) length = 0;
    for (size_t i = 0; i < extended; ++i) length = length << 8 | at(2 + i);
    if (received_.size() < 2 + extended + length) return false;
    const int opcode = at(0) & 0x0f;
    const bool last = (at(0) & 0x80) != 0;
    const auto payload = std::string_view(received_).substr(2 + extended, length);
    if (opcode == 0x8) state_ = State::kGone;
    if (opcode == 0x9) send_frame(0xa, payload);
    if (opcode < 0x8) message_ += payload;
    received_.erase(0, 2 + extended + length);
    if (opcode >= 0x8 || !last) return true;
    heard(std::string_view(message_));
    message_ = {};
    return true;
  }
  // A mask of zeros leaves the text as it is: the server has the same work with it.
  void send_frame(int opcode, std::string_view payload) {
    if (payload.size() > 0xffff) fail("too long a message");
    pending_ += static_cast<char>(0x80 | opcode);
    if (payload.size() < 126) {
      pending_ += static_cast<char>(0x80 | payload.size());
    } else {
      pending_ += static_cast<char>(0x80 | 126);
      pending_ += static_cast<char>(payload.size() >> 8);
      pending_ += static_cast<char>(payload.size());
    }
    pending_.append(4, '\0');
    pending_ += payload;
    flush();
  }
  void flush() {
    if (pending_.empty() || state_ == State::kConnecting || state_ == State::kGone) return;
    const auto n = send(fd_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) state_ = State::kGone;
    if (n > 0) pending_.erase(0, static_cast<size_t>(n));
    if (pending_.empty()) pending_ = {};
  }

  io::FileDescriptor fd_;
  State state_ = State::kConnecting;
  std::string received_;
  std::string message_;
  std::string pending_;
};

enum class Signal : uint8_t { kJoin, kLeave, kHeartbeat, kUpdate, kIceServers, kOffer };
constexpr size_t kSignals = 6;
struct Name {
  const char* action;
  const char* signal;
};
constexpr std::array<Name, kSignals> kNames{{{"join", "JOIN"},
                                             {"leave", "LEAVE"},
                                             {"heartbeat", "HEARTBEAT"},
                                             {"updateVideo", "UPDATE"},
                                             {"iceServers", "ICE_SERVERS"},
                                             {"offer", "OFFER"}}};
// What an OFFER and an UPDATE lead to is a list push once media is up; UPDATE has no ack of its own (B-57).
constexpr bool has_ack(Signal s) { return s != Signal::kUpdate; }

struct Person {
  std::string room;
  std::string user;
  bool first = false;  // makes the room
};

std::string say(Signal what, const Person& who, uint64_t tid, std::string_view sdp) {
  JsonObject ss, data;
  ss.text("userId", who.user).text("sessionId", who.user).text("category", "stream").text("host", "Web");
  data.text("s", kNames[static_cast<size_t>(what)].signal).text("ch", "m2m").raw("ss", ss.text("deviceId", "").take());
  data.text("rid", who.room).raw("tid", std::to_string(tid));
  if (what == Signal::kJoin || what == Signal::kUpdate) data.boolean("ve", (tid & 1) != 0).boolean("ae", true);
  if (what == Signal::kJoin)
    data.raw("op", JsonObject().boolean("roomCreating", who.first).boolean("members", true).take());
  if (what == Signal::kHeartbeat) data.raw("bid", std::to_string(tid));
  if (what == Signal::kOffer) data.text("sdp", sdp);
  return JsonObject().text("action", kNames[static_cast<size_t>(what)].action).raw("data", data.take()).take();
}

uint64_t number_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  uint64_t value = 0;
  if (at != text.npos) std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
  return value;
}

struct Tally {
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t refused = 0;
  load::Histogram times;
};

// All sockets, and what they have asked and not heard yet.
class Crowd {
 public:
  explicit Crowd(const Options& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    to_.sin_family = AF_INET;
    to_.sin_port = htons(options.port);
    if (inet_pton(AF_INET, options.host.c_str(), &to_.sin_addr) != 1) fail("--host is not an IPv4 address");
  }

  size_t open_one() {
    sockaddr_in from{};
    from.sin_family = AF_INET;
    const auto n = static_cast<uint32_t>(static_cast<int>(sockets_.size()) % options_.addresses);
    from.sin_addr.s_addr = htonl(0x7f000100 + (n / 250) * 256 + n % 250 + 1);
    sockets_.push_back(std::make_unique<Socket>(from, to_));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = sockets_.size() - 1;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_.back()->fd(), &event);
    ++opening_;
    return sockets_.size() - 1;
  }
  // `since`: when it was due, so that a late client does not make a quick server.
  void ask(size_t socket, Signal what, const Person& who, base::Timestamp since, std::string_view sdp = {}) {
    const uint64_t tid = ++last_tid_;
    auto& tally = tallies_[static_cast<size_t>(what)];
    ++tally.sent;
    if (has_ack(what)) waiting_.emplace(tid, Asked{what, since});
    sockets_[socket]->send_text(say(what, who, tid, sdp));
  }
  // Handles what comes until `when`, or only what is there.
  void listen(base::Timestamp when) {
    std::array<epoll_event, 256> events;
    const auto left = std::max<int64_t>((when - io::now()).us(), 0);
    const timespec patience{.tv_sec = left / 1'000'000, .tv_nsec = left % 1'000'000 * 1'000};
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &patience, nullptr);
    for (int i = 0; i < count; ++i)
      serve(*sockets_[events[static_cast<size_t>(i)].data.u64], events[static_cast<size_t>(i)].events);
  }

  size_t sockets() const { return sockets_.size(); }
  int opening() const { return opening_; }
  size_t waiting() const { return waiting_.size(); }
  uint64_t pushes() const { return pushes_; }
  uint64_t gone() const { return gone_; }
  const std::array<Tally, kSignals>& tallies() const { return tallies_; }
  void forget_tallies() { tallies_ = {}, pushes_ = 0; }

 private:
  struct Asked {
    Signal what;
    base::Timestamp since;
  };

  void serve(Socket& socket, uint32_t events) {
    const auto before = socket.state();
    if (before == Socket::State::kGone) return;
    if ((events & EPOLLOUT) != 0) socket.on_writable();
    // Edge-triggered: until there is nothing left. A short read is the end of it, or near enough: the next edge tells.
    if ((events & EPOLLIN) != 0) read_all(socket);
    if (before != Socket::State::kOpen && socket.state() >= Socket::State::kOpen) --opening_;
    if (socket.state() == Socket::State::kGone) ++gone_;
  }
  void read_all(Socket& socket) {
    int waiting = 1;
    while (waiting > 0 && socket.state() != Socket::State::kGone) {
      socket.on_readable([this](std::string_view text) { hear(text); });
      char byte = 0;
      waiting = static_cast<int>(recv(socket.fd(), &byte, 1, MSG_PEEK));
    }
  }
  void hear(std::string_view text) {
    const auto found = waiting_.find(number_after(text, "\"tid\":"));
    if (found == waiting_.end()) return void(++pushes_);
    auto& tally = tallies_[static_cast<size_t>(found->second.what)];
    tally.times.add(io::now() - found->second.since);
    ++(number_after(text, "\"c\":") == 200 ? tally.answered : tally.refused);
    if (number_after(text, "\"c\":") != 200 && !std::exchange(told_, true))
      fmt::print(stderr, "first refusal: {}\n", text.substr(0, 300));
    waiting_.erase(found);
  }

  const Options& options_;
  io::FileDescriptor epoll_;
  sockaddr_in to_{};
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::unordered_map<uint64_t, Asked> waiting_;
  std::array<Tally, kSignals> tallies_{};
  uint64_t last_tid_ = 0;
  uint64_t pushes_ = 0;
  uint64_t gone_ = 0;
  int opening_ = 0;
  bool told_ = false;
};

// The signals of a working day, one after another: who is there sends heartbeats, asks for TURN credentials, switches a
// camera; visitors come, one in five offers media, and go.
class Day {
 public:
  Day(const Options& options, Crowd& crowd, std::vector<Person> idle, std::string sdp)
      : crowd_(crowd), idle_(std::move(idle)), sdp_(std::move(sdp)) {
    for (int i = 0; i < options.visitors; ++i) visitors_.push_back({.user = fmt::format("visitor-{}", i)});
  }

  void next(base::Timestamp due) {
    const auto dice = rng_.below(100);
    if (dice < 30) return visit(due);
    const auto who = rng_.below(idle_.size());
    crowd_.ask(who,
               dice < 80   ? Signal::kHeartbeat
               : dice < 90 ? Signal::kUpdate
                           : Signal::kIceServers,
               idle_[who], due);
  }

 private:
  // Each visitor: JOIN, perhaps OFFER, LEAVE.
  void visit(base::Timestamp due) {
    turn_ = (turn_ + 1) % visitors_.size();
    auto& who = visitors_[turn_];
    const size_t socket = idle_.size() + turn_;
    if (who.step == 0) {
      who.room = idle_[rng_.below(idle_.size())].room;
      who.step = rng_.below(5) == 0 ? 1 : 2;
      return crowd_.ask(socket, Signal::kJoin, {who.room, who.user}, due);
    }
    if (who.step == 1) {
      who.step = 2;
      return crowd_.ask(socket, Signal::kOffer, {who.room, who.user}, due, sdp_);
    }
    who.step = 0;
    crowd_.ask(socket, Signal::kLeave, {who.room, who.user}, due);
  }

  struct Visitor {
    std::string user;
    std::string room = {};
    int step = 0;
  };
  Crowd& crowd_;
  std::vector<Person> idle_;
  std::vector<Visitor> visitors_;
  std::string sdp_;
  size_t turn_ = 0;
  base::Rng rng_{1};
};

std::string offer_of_a_camera() {
  const auto certificate =
      crypto::Certificate::generate("sockets", base::Duration::seconds(86'400), io::unix_micros() / 1'000'000);
  if (!certificate) fail("no certificate");
  load::OfferedStreams streams{
      .audio = base::Ssrc{1}, .video = base::Ssrc{2}, .video_rtx = base::Ssrc{3}, .cname = "c"};
  return load::publisher_offer(streams,
                               {{.ufrag = "abcd", .pwd = "abcdefghijklmnopqrstuvwx"}, certificate->fingerprint()});
}

struct Figures {
  double bytes_a_socket = 0;   // a WebSocket that has said nothing
  double bytes_a_session = 0;  // and once it has JOINed
  double joins_a_second = 0;   // while the rooms fill
  double seconds = 0;
  double server_cpu = 0;     // of one core
  double server_waited = 0;  // ready to run, and somebody else did
  double client_cpu = 0;
  uint64_t unanswered = 0;
  load::Histogram late;  // ours
};

load::ProcessUsage usage_of(pid_t pid) {
  const auto usage = load::ProcessUsage::of(pid);
  if (!usage) fail(fmt::format("there is no process {}", pid));
  return *usage;
}

// Until done() or no longer than a minute without any progress.
template <class Done>
void listen_until(Crowd& crowd, const char* what, Done done) {
  const auto end = io::now() + base::Duration::seconds(60);
  while (!done()) {
    if (io::now() > end) fail(fmt::format("gave up: {} ({} unanswered, {} gone)", what, crowd.waiting(), crowd.gone()));
    crowd.listen(io::now() + base::Duration::millis(10));
  }
}

void open_all(const Options& o, Crowd& crowd) {
  const auto wanted = static_cast<size_t>(o.idle + o.visitors);
  while (crowd.sockets() < wanted) {
    listen_until(crowd, "connecting", [&] { return crowd.opening() < o.in_flight; });
    crowd.open_one();
  }
  listen_until(crowd, "the last connections", [&] { return crowd.opening() == 0; });
  if (crowd.gone() > 0) fail(fmt::format("{} sockets were closed; is max_connections high enough?", crowd.gone()));
}

std::vector<Person> join_all(const Options& o, Crowd& crowd) {
  std::vector<Person> people;
  for (int i = 0; i < o.idle; ++i) {
    people.push_back({fmt::format("room-{}", i % o.rooms), fmt::format("user-{}", i), i < o.rooms});
    // A room's first has made it before the others come.
    const size_t limit = i == o.rooms ? 1 : static_cast<size_t>(o.in_flight);
    listen_until(crowd, "JOIN", [&] { return crowd.waiting() < limit; });
    crowd.ask(static_cast<size_t>(i), Signal::kJoin, people.back(), io::now());
  }
  listen_until(crowd, "the last JOINs", [&] { return crowd.waiting() == 0; });
  return people;
}

base::Duration own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) { return t.tv_sec * 1'000'000 + t.tv_usec; };
  return base::Duration::micros(us(usage.ru_utime) + us(usage.ru_stime));
}

// Signals at their times, however late the answers are.
void signal_for(const Options& o, Crowd& crowd, Day& day, Figures& figures) {
  const auto start = io::now();
  const auto end = start + base::Duration::from_seconds(o.seconds);
  const auto interval = base::Duration::from_seconds(1.0 / o.rate);
  auto due = start;
  while (due < end) {
    crowd.listen(due);
    for (const auto now = io::now(); due <= now && due < end; due = due + interval) {
      figures.late.add(now - due);
      day.next(due);
    }
  }
  const auto patience = io::now() + base::Duration::seconds(5);
  while (crowd.waiting() > 0 && io::now() < patience) crowd.listen(io::now() + base::Duration::millis(10));
  figures.unanswered = crowd.waiting();
  figures.seconds = (io::now() - start).to_seconds();
}

Figures measure(const Options& o, Crowd& crowd) {
  Figures f;
  const auto per = [&](uint64_t now, uint64_t before, int count) {
    return (static_cast<double>(now) - static_cast<double>(before)) / count;
  };
  const auto empty = usage_of(o.server);
  open_all(o, crowd);
  const auto open = usage_of(o.server);
  const auto filling = io::now();
  auto people = join_all(o, crowd);
  f.joins_a_second = o.idle / (io::now() - filling).to_seconds();
  const auto full = usage_of(o.server);
  f.bytes_a_socket = per(open.resident_bytes, empty.resident_bytes, o.idle + o.visitors);
  f.bytes_a_session = f.bytes_a_socket + per(full.resident_bytes, open.resident_bytes, o.idle);
  crowd.forget_tallies();
  Day day(o, crowd, std::move(people), offer_of_a_camera());
  const auto before = usage_of(o.server);
  const auto mine = own_cpu();
  signal_for(o, crowd, day, f);
  const auto after = usage_of(o.server);
  f.server_cpu = (after.cpu - before.cpu).to_seconds() / f.seconds;
  f.server_waited = (after.waited - before.waited).to_seconds() / f.seconds;
  f.client_cpu = (own_cpu() - mine).to_seconds() / f.seconds;
  return f;
}

double ms(base::Duration span) { return static_cast<double>(span.us()) / 1'000; }

void print(const Options& o, const Crowd& crowd, const Figures& f) {
  uint64_t all = 0;
  fmt::print(
      "{} idle WebSockets in {} rooms: {:.1f} KB each before JOIN, {:.1f} KB after ({:.0f} JOINs/s while filling)\n",
      o.idle, o.rooms, f.bytes_a_socket / 1024, f.bytes_a_session / 1024, f.joins_a_second);
  fmt::print("{:<12} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9}\n", "signal", "sent", "200", "refused", "p50 ms", "p99 ms",
             "max ms");
  for (size_t i = 0; i < kSignals; ++i) {
    const auto& t = crowd.tallies()[i];
    all += t.sent;
    fmt::print("{:<12} {:>8} {:>8} {:>8}", kNames[i].signal, t.sent, t.answered, t.refused);
    if (t.times.count() == 0)
      fmt::print("  (no ack)\n");
    else
      fmt::print(" {:>9.2f} {:>9.2f} {:>9.2f}\n", ms(t.times.quantile(0.5)), ms(t.times.quantile(0.99)),
                 ms(t.times.largest()));
  }
  fmt::print("{:.0f} signals/s for {:.1f} s, {} unanswered, {} pushes, {} sockets lost\n",
             static_cast<double>(all) / f.seconds, f.seconds, f.unanswered, crowd.pushes(), crowd.gone());
  fmt::print(
      "server {:.1f} % of a core (and {:.1f} % ready but not run), client {:.1f} %, late by p99 {:.2f} ms, max {:.2f} "
      "ms\n",
      f.server_cpu * 100, f.server_waited * 100, f.client_cpu * 100, ms(f.late.quantile(0.99)), ms(f.late.largest()));
}

std::string to_json(const Options& o, const Crowd& crowd, const Figures& f) {
  std::string signals;
  uint64_t all = 0;
  for (size_t i = 0; i < kSignals; ++i) {
    const auto& t = crowd.tallies()[i];
    all += t.sent;
    signals += fmt::format(
        R"({}"{}": {{"sent": {}, "answered": {}, "refused": {}, "p50_ms": {:.3f}, "p99_ms": {:.3f}, "max_ms": {:.3f}}})",
        i == 0 ? "" : ", ", kNames[i].signal, t.sent, t.answered, t.refused, ms(t.times.quantile(0.5)),
        ms(t.times.quantile(0.99)), ms(t.times.largest()));
  }
  return fmt::format(
      R"({{"idle": {}, "rooms": {}, "rate": {}, "reached": {:.1f}, "seconds": {:.2f}, "bytes_a_socket": {:.0f}, "bytes_a_session": {:.0f}, )"
      R"("server_cpu": {:.4f}, "server_waited": {:.4f}, "client_cpu": {:.4f}, "late_p99_ms": {:.3f}, "unanswered": {}, "pushes": {}, "lost": {}, "signals": {{{}}}}})"
      "\n",
      o.idle, o.rooms, o.rate, static_cast<double>(all) / f.seconds, f.seconds, f.bytes_a_socket, f.bytes_a_session,
      f.server_cpu, f.server_waited, f.client_cpu, ms(f.late.quantile(0.99)), f.unanswered, crowd.pushes(),
      crowd.gone(), signals);
}

void raise_file_limit(const Options& o) {
  const auto wanted = static_cast<rlim_t>(o.idle + o.visitors + 64);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = limit.rlim_max = std::max(limit.rlim_max, wanted);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail(fmt::format("{0} open files are needed; try: ulimit -n {0}", wanted));
}

void describe(CLI::App& app, Options& o) {
  app.add_option("--host", o.host, "the server's IPv4 address")->capture_default_str();
  app.add_option("--port", o.port, "and port")->capture_default_str();
  app.add_option("--server-pid", o.server, "its process, on this machine")->required();
  app.add_option("--idle", o.idle, "WebSockets that JOIN and stay")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rooms", o.rooms, "in so many rooms")->capture_default_str()->check(CLI::Range(1, 100'000));
  app.add_option("--visitors", o.visitors, "WebSockets that come and go")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--rate", o.rate, "signals a second")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--seconds", o.seconds, "for how long")->capture_default_str()->check(CLI::Range(0.1, 3600.0));
  app.add_option("--addresses", o.addresses, "local addresses to connect from")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--json", o.json_file, "write the figures to this file as well");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Idle WebSockets and a stream of signals against a running server.", "heliograph-sockets"};
  describe(app, options);
  CLI11_PARSE(app, argc, argv);
  raise_file_limit(options);
  Crowd crowd(options);
  const auto figures = measure(options, crowd);
  print(options, crowd, figures);
  if (!options.json_file.empty()) {
    std::ofstream file(options.json_file);
    file << to_json(options, crowd, figures);
    if (!file.flush()) fail("cannot write " + options.json_file);
  }
  return 0;
}
