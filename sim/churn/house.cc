// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/house.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "sim/churn/heap.h"

namespace heliograph::sim {
namespace {

constexpr uint32_t kHost = 0x0a000001;  // 10.0.0.1
constexpr uint16_t kFirstPort = 40'000;
constexpr size_t kCrossingRing = 1024;
constexpr int64_t kEpochMicros = 1'800'000'000'000'000;

}  // namespace

House::House(const Options& options, Street& street) : street_(street) {
  const InServer in;
  base::Rng rng(options.seed);
  certificate_ = std::make_unique<crypto::Certificate>(
      crypto::Certificate::generate("server", base::Duration::seconds(86'400), kEpochMicros / 1'000'000).value());
  open_shards(options, rng);
  open_control(options, rng);
}

House::~House() = default;

void House::open_shards(const Options& options, base::Rng& rng) {
  const size_t n = options.shards;
  for (size_t i = 0; i < n * n; ++i)
    rings_.push_back(i % (n + 1) == 0 ? nullptr : std::make_unique<shard::CrossingRing>(kCrossingRing));
  for (size_t i = 0; i < n; ++i) {
    shard::Crossings ends;
    for (size_t other = 0; other < n; ++other) {
      ends.to.push_back(rings_[i * n + other].get());
      ends.from.push_back(rings_[other * n + i].get());
    }
    const base::SocketAddress address{base::IpAddress::v4(kHost), static_cast<uint16_t>(kFirstPort + i)};
    auto& hall = halls_.emplace_back(std::make_unique<Hall>(*this, address));
    hall->shard =
        std::make_unique<shard::Shard>(static_cast<plan::ShardIndex>(i), *certificate_, rng(), std::move(ends));
  }
}

void House::open_control(const Options& options, base::Rng& rng) {
  control::Config config;
  for (const auto& hall : halls_) config.shards.push_back({hall->address});
  config.fingerprint = certificate_->fingerprint();
  config.open_mode = true;
  config.entropy = [entropy = base::Rng(rng())](base::Bytes bytes) mutable {
    for (auto& byte : bytes) byte = static_cast<uint8_t>(entropy());
  };
  config.seed = rng();
  config.hls = false;
  config.limits = options.limits;
  control_ = std::make_unique<control::Control>(std::move(config));
}

void House::drain(void* context, const base::SendBatch& batch) {
  const OutOfServer out;
  auto& hall = *static_cast<Hall*>(context);
  for (const auto& m : batch.messages())
    for (size_t at = 0; at < m.size; at += m.segment)
      hall.house.street_.carry(hall.address, m.path.remote,
                               {batch.block() + m.offset + at, std::min<size_t>(m.segment, m.size - at)});
}

template <class Call>
void House::ask_control(base::Timestamp now, Call&& call) {
  const InServer in;
  control::Out out;
  call(out);
  for (const auto& command : out.commands) {
    auto& hall = *halls_[plan::shard_of(command)];
    hall.shard->execute(now, command, hall.out);
  }
  const OutOfServer outside;
  for (const auto& message : out.messages) {
    if (const auto* send = std::get_if<control::Send>(&message)) street_.hear(send->to, *send->text);
    if (const auto* close = std::get_if<control::Close>(&message)) street_.close(close->connection);
  }
}

void House::connected(base::Timestamp now, control::ConnectionId connection, base::IpAddress address) {
  ask_control(now, [&](control::Out& out) { control_->connected(now, connection, {}, address, out); });
}
void House::receive(base::Timestamp now, control::ConnectionId connection, std::string_view text) {
  ask_control(now, [&](control::Out& out) { control_->receive(now, connection, text, out); });
}
void House::disconnected(base::Timestamp now, control::ConnectionId connection) {
  ask_control(now, [&](control::Out& out) { control_->disconnected(now, connection, out); });
}

bool House::receive(base::Timestamp now, const base::SocketAddress& from, const base::SocketAddress& to,
                    base::Bytes bytes) {
  const auto found = std::ranges::find(halls_, to, [](const auto& hall) { return hall->address; });
  if (found == halls_.end()) return false;
  const InServer in;
  base::Datagram datagram{{from, 0}, bytes};
  (*found)->shard->receive(now, {&datagram, 1}, (*found)->out);
  return true;
}

void House::on_time(base::Timestamp now) {
  const InServer in;
  for (const auto& hall : halls_)
    if (hall->shard->next_time() <= now)
      hall->shard->on_time(now, base::NtpTime::from_unix_micros(kEpochMicros + now.us()), hall->out);
  if (control_->next_time() <= now) ask_control(now, [&](control::Out& out) { control_->on_time(now, out); });
}

base::Timestamp House::next_time() const {
  auto next = control_->next_time();
  for (const auto& hall : halls_) next = std::min(next, hall->shard->next_time());
  return next;
}

void House::settle(base::Timestamp now) {
  const InServer in;
  for (bool again = true; again;) {
    again = false;
    for (const auto& hall : halls_) {
      hall->shard->receive_crossings(now, hall->out);
      hall->out.flush();
      again = hall->shard->take_wakes() != 0 || again;
      if (!hall->shard->has_events()) continue;
      again = true;
      for (const auto& event : hall->shard->take_events())
        ask_control(now, [&](control::Out& out) { control_->on_event(now, event, out); });
    }
  }
}

size_t House::peers() const {
  size_t all = 0;
  for (const auto& hall : halls_) all += hall->shard->peer_count();
  return all;
}

size_t House::publications() const {
  size_t all = 0;
  for (const auto& hall : halls_) all += hall->shard->publication_count();
  return all;
}

shard::Counters House::counters() const {
  shard::Counters all;
  for (const auto& hall : halls_) {
    const auto& c = hall->shard->counters();
    all.packets_received += c.packets_received;
    all.packets_forwarded += c.packets_forwarded;
    all.resent += c.resent;
    all.nacks_sent += c.nacks_sent;
    all.keyframes_requested += c.keyframes_requested;
  }
  return all;
}

}  // namespace heliograph::sim
