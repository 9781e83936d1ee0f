// SPDX-License-Identifier: Apache-2.0
#include "server/hls_thread.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <poll.h>

#include "io/clock.h"
#include "server/scheduling.h"

namespace heliograph::server {
namespace {

constexpr base::Duration kShortest = base::Duration::millis(1);   // between two turns: what is due may as well wait
constexpr base::Duration kNumbers = base::Duration::millis(200);  // as old as they get

}  // namespace

HlsThread::HlsThread(Options options, io::Wake wake)
    : on_out_(std::move(options.on_out)),
      wake_shard_(std::move(options.wake_shard)),
      wake_(std::move(wake)),
      packaging_(std::move(options.packaging)) {}

std::expected<std::unique_ptr<HlsThread>, base::Trouble> HlsThread::create(Options options) {
  auto wake = io::Wake::create();
  if (!wake) return std::unexpected(wake.error());
  return std::unique_ptr<HlsThread>(new HlsThread(std::move(options), std::move(*wake)));
}

HlsThread::~HlsThread() { stop(); }

void HlsThread::start() {
  thread_ = std::thread([this] { run(); });
}

void HlsThread::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void HlsThread::post(plan::HlsCommand command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.signal();
}

bool HlsThread::idle() const {
  const std::lock_guard lock(mutex_);
  return commands_.empty() && !busy_;
}

Packaging::Numbers HlsThread::numbers() const {
  const std::lock_guard lock(mutex_);
  return numbers_;
}

void HlsThread::run() {
  run_in_background("hls");
  while (!stopping_) {
    wait();
    turn();
  }
  PackagingOut last;
  packaging_.end(io::now(), last);
  deliver(std::move(last));
}

void HlsThread::wait() {
  auto left = base::Duration::seconds(3'600);
  if (!packaging_.idle()) left = std::clamp(packaging_.next_time() - io::now(), kShortest, kPoll);
  if (more_) left = base::Duration();
  const timespec timeout{left.us() / 1'000'000, left.us() % 1'000'000 * 1'000};
  pollfd wake{wake_.fd(), POLLIN, 0};
  if (ppoll(&wake, 1, &timeout, nullptr) > 0) wake_.take();
}

// One turn: what control said, what crossed, what is due; then everything goes out.
void HlsThread::turn() {
  std::vector<plan::HlsCommand> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
    busy_ = busy_ || !commands.empty();
  }
  PackagingOut out;
  for (const auto& command : commands) packaging_.execute(io::now(), io::unix_micros(), command, out);
  more_ = packaging_.receive_crossings(io::now(), out);
  packaging_.on_time(io::now(), out);
  deliver(std::move(out));
  const bool busy = !packaging_.idle();
  const bool counts = !busy || io::now() >= next_numbers_;
  if (counts) next_numbers_ = io::now() + kNumbers;
  const auto numbers = counts ? packaging_.numbers() : Packaging::Numbers();
  const std::lock_guard lock(mutex_);
  busy_ = busy;
  if (counts) numbers_ = numbers;
}

void HlsThread::deliver(PackagingOut out) {
  for (auto left = out.wakes; left != 0; left &= left - 1)
    wake_shard_(static_cast<plan::ShardIndex>(std::countr_zero(left)));
  out.wakes = 0;
  if (!out.empty()) on_out_(std::move(out));
}

}  // namespace heliograph::server
