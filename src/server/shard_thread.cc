// SPDX-License-Identifier: Apache-2.0
#include "server/shard_thread.h"

#include <algorithm>
#include <array>
#include <string>

#include <sys/epoll.h>

#include "base/log.h"
#include "io/clock.h"
#include "server/scheduling.h"

namespace heliograph::server {
namespace {

constexpr uint32_t kWakeToken = UINT32_MAX;
constexpr base::Duration kSnapshotInterval = base::Duration::millis(200);
constexpr base::Duration kLongestWait = base::Duration::seconds(1);
// Of Shard::patience(), while packets keep coming.
constexpr int64_t kMaxWaits = 4;
// Batches taken from one socket before the others have their turn.
constexpr int kBatchesATurn = 4;

}  // namespace

ShardThread::ShardThread(Options options, const crypto::Certificate& certificate, io::Wake wake,
                         io::FileDescriptor epoll)
    : on_events_(std::move(options.on_events)),
      wake_(std::move(wake)),
      epoll_(std::move(epoll)),
      shard_(options.index, certificate, options.seed, std::move(options.crossings)),
      out_(&ShardThread::drain, this) {}

std::expected<std::unique_ptr<ShardThread>, base::Trouble> ShardThread::create(Options options,
                                                                               const crypto::Certificate& certificate) {
  auto wake = io::Wake::create();
  if (!wake) return std::unexpected(wake.error());
  io::FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return std::unexpected(io::system_trouble("epoll"));
  const auto bind = options.bind;
  std::unique_ptr<ShardThread> thread(
      new ShardThread(std::move(options), certificate, std::move(*wake), std::move(epoll)));
  if (auto opened = thread->open_sockets(bind); !opened) return std::unexpected(opened.error());
  return thread;
}

ShardThread::~ShardThread() { stop(); }

std::expected<void, base::Trouble> ShardThread::open_sockets(const std::vector<base::SocketAddress>& addresses) {
  for (const auto& address : addresses) {
    auto socket = io::UdpSocket::bind(address);
    if (!socket) return std::unexpected(socket.error());
    sockets_.push_back(std::move(*socket));
    if (auto watched = watch(sockets_.back().fd(), static_cast<uint32_t>(sockets_.size() - 1)); !watched)
      return watched;
  }
  return watch(wake_.fd(), kWakeToken);
}

std::expected<void, base::Trouble> ShardThread::watch(int fd, uint32_t what) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = what;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return std::unexpected(io::system_trouble("epoll"));
  return {};
}

void ShardThread::start(std::vector<ShardThread*> peers) {
  peers_ = std::move(peers);
  thread_ = std::thread([this] { run(); });
}

void ShardThread::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void ShardThread::post(plan::Command command) {
  waiting_commands_.push_back(std::move(command));
  flush_commands();
}

bool ShardThread::flush_commands() {
  while (!waiting_commands_.empty() && commands_.push(std::move(waiting_commands_.front())))
    waiting_commands_.pop_front();
  wake_.signal();
  return waiting_commands_.empty();
}

std::vector<plan::Event> ShardThread::take_events() {
  std::vector<plan::Event> taken;
  while (plan::Event* event = events_.front()) {
    taken.push_back(*event);
    events_.pop();
  }
  return taken;
}

void ShardThread::run() {
  run_promptly("shard");
  while (!stopping_) {
    wait();
    turn();
  }
}

void ShardThread::wait() {
  const auto now = io::now();
  auto until = std::min(shard_.next_time(), now + kLongestWait);
  if (commands_.front() != nullptr) until = now;
  if (!waiting_events_.empty()) until = std::min(until, now + base::Duration::millis(1));
  const auto left = std::max(until - now, base::Duration());
  const timespec timeout{left.us() / 1'000'000, (left.us() % 1'000'000) * 1000};
  std::array<epoll_event, 64> events;
  const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  readable_.clear();
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u32 == kWakeToken) {
      wake_.take();
    } else {
      readable_.push_back(events[i].data.u32);
    }
  }
}

// One turn: what control said, what crossed, what arrived, what is due; then everything goes out. No part of it takes
// long, whatever there is to do: what is left has the next turn, after the sockets were looked at.
void ShardThread::turn() {
  execute_commands();
  take_all();
  wait_for_the_rest();
  wake_others();  // they send what crossed while we send the same
  shard_.forward(out_);
  const auto after = io::now();
  if (after >= shard_.next_time()) shard_.on_time(after, base::NtpTime::from_unix_micros(io::unix_micros()), out_);
  out_.flush();
  wake_others();
  deliver_events();
  take_snapshot(after);
}

void ShardThread::execute_commands() {
  const auto now = io::now();
  for (size_t i = 0; i < kCommandsATurn; ++i) {
    plan::Command* command = commands_.front();
    if (command == nullptr) return;
    shard_.execute(now, *command, out_);
    *command = plan::Command();
    commands_.pop();
  }
}

// False when there was nothing.
bool ShardThread::take_all() {
  const uint64_t before = udp_.received;
  bool some = shard_.take_crossings(io::now(), out_);
  for (const size_t socket : readable_) receive(socket);
  return some || udp_.received != before;
}

// Of pictures that have begun to come: a sender writes their packets one by one, and is faster with the next than we
// with all viewers.
void ShardThread::wait_for_the_rest() {
  auto now = io::now();
  const auto end = now + shard_.patience() * kMaxWaits;
  for (auto last = now; now < end && now - last < shard_.patience(); now = io::now())
    if (take_all()) last = now;
}

void ShardThread::receive(size_t socket) {
  for (int i = 0; i < kBatchesATurn; ++i) {
    const auto batch = receiver_.receive(sockets_[socket], static_cast<uint8_t>(socket), udp_);
    if (!batch.empty()) shard_.take(io::now(), batch, out_);
    if (batch.size() < io::Receiver::kMessages) break;
  }
}

void ShardThread::drain(void* context, const base::SendBatch& batch) {
  auto& self = *static_cast<ShardThread*>(context);
  for (size_t i = 0; i < self.sockets_.size(); ++i) self.sockets_[i].send(batch, static_cast<uint8_t>(i), self.udp_);
}

void ShardThread::deliver_events() {
  if (!shard_.has_events() && waiting_events_.empty()) return;
  for (auto& event : shard_.take_events()) waiting_events_.push_back(event);
  while (!waiting_events_.empty() && events_.push(std::move(waiting_events_.front()))) waiting_events_.pop_front();
  on_events_();
}

void ShardThread::wake_others() {
  const uint64_t wakes = shard_.take_wakes();
  for (size_t i = 0; i < peers_.size(); ++i)
    if ((wakes >> i & 1) != 0) peers_[i]->wake();
}

void ShardThread::take_snapshot(base::Timestamp now) {
  if (now < next_snapshot_) return;
  next_snapshot_ = now + kSnapshotInterval;
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = {shard_.counters(), udp_, shard_.peer_count()};
}

ShardSnapshot ShardThread::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

std::vector<base::SocketAddress> ShardThread::bound() const {
  std::vector<base::SocketAddress> addresses;
  for (const auto& s : sockets_) addresses.push_back(s.local());
  return addresses;
}

}  // namespace heliograph::server
