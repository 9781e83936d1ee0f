// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "crypto/random.h"
#include "fmt/format.h"
#include "io/clock.h"
#include "io/heap.h"
#include "io/interfaces.h"
#include "rest/routes.h"
#include "server/assets.h"
#include "server/gateway_limits.h"
#include "server/metrics.h"
#include "server/packet_crypto.h"

namespace heliograph::server {
namespace {

namespace log = base::log;

// Packets between one pair of shards: 2.5 MB a pair, a twentieth of a second of a full core's forwarding.
constexpr size_t kCrossingRing = 1024;
constexpr base::Duration kCertificateValidity = base::Duration::seconds(365 * 24 * 3600);
constexpr unsigned kMostShards = shard::kMaxEnds - 1;  // one end is the packager's
// How often a drain looks whether everybody has gone, and commands that wait for a full ring are tried again.
constexpr base::Duration kRetry = base::Duration::millis(20);
// How often control is told what the shards really do.
constexpr base::Duration kMeasure = base::Duration::seconds(2);

uint64_t random_seed() {
  uint64_t seed = 0;
  crypto::random_bytes({reinterpret_cast<uint8_t*>(&seed), sizeof seed});
  return seed;
}

std::vector<base::IpAddress> parse_all(const std::vector<std::string>& texts) {
  std::vector<base::IpAddress> found;
  for (const auto& t : texts)
    if (const auto ip = base::IpAddress::parse(t)) found.push_back(*ip);
  return found;
}

control::Timeouts timeouts_of(const Options& o) {
  control::Timeouts t;
  t.heartbeat = o.heartbeat_timeout;
  t.session_grace = o.session_grace;
  t.empty_room = o.room_empty_timeout;
  return t;
}

control::Limits control_limits_of(const Options& o) {
  const auto rate = [](int64_t per_second, int64_t burst) {
    return control::Limits::Rate{static_cast<uint32_t>(per_second), static_cast<uint32_t>(burst)};
  };
  control::Limits l;
  l.rooms = static_cast<size_t>(o.max_rooms);
  l.sessions_per_room = static_cast<size_t>(o.room_max_sessions);
  l.sessions_per_user = static_cast<size_t>(o.user_max_sessions);
  l.publishing_users = static_cast<size_t>(o.room_max_publishers);
  l.hls_streams = static_cast<size_t>(o.hls_max_streams);
  l.user_rate = rate(o.messages_per_second, o.messages_burst);
  l.address_rate = rate(o.address_messages_per_second, o.address_messages_burst);
  return l;
}

Moment moment() { return {io::now(), io::unix_micros() / 1'000'000}; }

base::Trouble wrong_settings(std::string sentence) {
  return {std::make_error_code(std::errc::invalid_argument), std::move(sentence)};
}

}  // namespace

Server::Server(const Options& options, TokenGate gate, IceServers ice_servers)
    : options_(options),
      gate_(std::move(gate)),
      door_(DoorRules::of(options), gate_),
      ice_servers_(std::move(ice_servers)) {
  if (options_.shards == 0) options_.shards = std::clamp(std::thread::hardware_concurrency(), 1U, kMostShards);
}

Server::~Server() {
  if (hls_) hls_->stop();
  for (const auto& shard : shards_) shard->stop();
}

std::expected<std::unique_ptr<Server>, base::Trouble> Server::create(const Options& options) {
  auto gate = TokenGate::open(options);
  if (!gate) return std::unexpected(wrong_settings(gate.error()));
  auto ice_servers = IceServers::create(options);
  if (!ice_servers) return std::unexpected(wrong_settings(ice_servers.error()));
  const auto backend = packet_crypto_of(options);
  if (!backend) return std::unexpected(wrong_settings(backend.error()));
  crypto::choose_default_backend(*backend);
  log::info("packet crypto", {{"library", name_of(*backend)}});
  std::unique_ptr<Server> server(new Server(options, *std::move(gate), *std::move(ice_servers)));
  server->say_who_gets_in();
  auto certificate = crypto::Certificate::generate("heliograph", kCertificateValidity, io::unix_micros() / 1'000'000);
  if (!certificate) return std::unexpected(certificate.error());
  if (auto opened = server->open_hls(); !opened) return std::unexpected(opened.error());
  if (auto opened = server->open_gateway(); !opened) return std::unexpected(opened.error());
  if (auto opened = server->open_shards(*certificate); !opened) return std::unexpected(opened.error());
  server->open_control(*certificate);
  return server;
}

void Server::say_who_gets_in() const {
  for (const auto& sentence : gate_.warnings()) log::warn(sentence);
  if (gate_.is_open())
    log::warn("open development mode: everyone is who they say; put no such server on the internet");
  else
    log::info("everyone must bring a token");
}

// Everything under /v1 asks this: in open mode everybody operates, else who has a token with role admin.
std::expected<rest::Operator, gateway::Denial> Server::operator_of(const gateway::Request& request) {
  if (gate_.is_open()) return rest::Operator{.sub = {}, .rooms = {}, .create = true};
  const auto token = gateway::token_of({}, request.authorization);
  if (token.empty())
    return std::unexpected(gateway::Denial{.status = 401, .sentence = "A bearer token with role admin is needed."});
  const auto claims = gate_.check(token, moment().unix);
  if (!claims) return std::unexpected(denial_of(claims.error()));
  if (claims->role != token::Role::kAdmin)
    return std::unexpected(
        gateway::Denial{.status = 403, .sentence = "The token's role is not admin.", .error = "insufficient_scope"});
  return rest::Operator{.sub = claims->subject, .rooms = claims->rooms, .create = claims->create.value_or(true)};
}

std::vector<gateway::Route> Server::routes() {
  auto all = rest::routes({.authorize = [this](const gateway::Request& r) { return operator_of(r); },
                           .control = [this]() -> control::Control& { return *control_; },
                           .now = [] { return io::now(); },
                           .speak = [this](control::Out& out) { speak(out); }});
  if (hls_) std::ranges::move(hls_->routes(), std::back_inserter(all));
  return all;
}

gateway::Callbacks Server::callbacks() {
  gateway::Callbacks callbacks;
  callbacks.admit = [this](const gateway::Upgrade& u) { return door_.admit(moment(), u); };
  callbacks.on_open = [this](const gateway::Upgrade& u) {
    auto guest = door_.opened(u);
    control::Out out;
    control_->connected(io::now(), u.id, std::move(guest.identity), guest.address, out);
    speak(out);
  };
  callbacks.on_text = [this](gateway::ConnectionId id, std::string_view text) {
    control::Out out;
    control_->receive(io::now(), id, text, out);
    speak(out);
  };
  callbacks.on_closed = [this](gateway::ConnectionId id) {
    door_.closed(id);
    control::Out out;
    control_->disconnected(io::now(), id, out);
    speak(out);
  };
  callbacks.on_time = [this](base::Timestamp now) { on_time(now); };
  callbacks.metrics = [this] { return metrics(); };
  return callbacks;
}

std::expected<void, base::Trouble> Server::open_gateway() {
  gateway::GatewayOptions o;
  o.listen = options_.listen;
  o.tls_certificate = options_.tls_cert;
  o.tls_key = options_.tls_key;
  o.limits = gateway_limits_of(options_);
  o.routes = routes();
  o.assets = assets();
  gateway_ = std::make_unique<gateway::Gateway>(std::move(o), callbacks());
  return gateway_->start();
}

std::expected<void, base::Trouble> Server::open_hls() {
  if (!options_.hls) return {};
  Hls::Around around;
  around.post = [this](std::function<void()> work) { gateway_->post(std::move(work)); };
  around.rearm = [this] { rearm(); };
  around.on_changes = [this](std::vector<plan::HlsChanged> changes) {
    gateway_->post([this, changes = std::move(changes)] { hear_packagers(changes); });
  };
  around.wake_shard = [this](plan::ShardIndex shard) { shards_[shard]->wake(); };
  auto hls = Hls::create(options_, gate_, std::move(around));
  if (!hls) return std::unexpected(hls.error());
  hls_ = std::move(*hls);
  return {};
}

// The packager's end, if there is one, is behind the shards'.
void Server::wire_crossings() {
  const auto shards = static_cast<size_t>(options_.shards);
  ends_ = shards + (hls_ ? 1 : 0);
  const auto size = [shards](size_t from, size_t to) {
    return to == shards ? Hls::kMediaRing : from == shards ? Hls::kWordRing : kCrossingRing;
  };
  for (size_t from = 0; from < ends_; ++from)
    for (size_t to = 0; to < ends_; ++to)
      rings_.push_back(from == to ? nullptr : std::make_unique<shard::CrossingRing>(size(from, to)));
}

shard::Crossings Server::crossings_of(size_t end) const {
  shard::Crossings ends;
  for (size_t other = 0; other < ends_; ++other) {
    ends.to.push_back(rings_[end * ends_ + other].get());
    ends.from.push_back(rings_[other * ends_ + end].get());
  }
  return ends;
}

std::expected<void, base::Trouble> Server::open_shards(const crypto::Certificate& certificate) {
  auto ips = parse_all(options_.bind_ip);
  if (ips.empty()) {
    const bool local = std::ranges::all_of(gateway_->bound(), [](const auto& a) { return a.ip.is_loopback(); });
    ips = io::interface_addresses(local);
    if (ips.empty()) ips = io::interface_addresses(true);
  }
  const auto count = static_cast<size_t>(options_.shards);
  wire_crossings();
  for (size_t i = 0; i < count; ++i) {
    ShardThread::Options o;
    o.index = static_cast<plan::ShardIndex>(i);
    for (const auto& ip : ips)
      o.bind.push_back({ip, static_cast<uint16_t>(options_.udp_port + static_cast<int64_t>(i))});
    o.seed = random_seed();
    o.crossings = crossings_of(i);
    o.on_events = [this] { gateway_->post([this] { hear_shards(); }); };
    auto thread = ShardThread::create(std::move(o), certificate);
    if (!thread) return std::unexpected(thread.error());
    shards_.push_back(std::move(*thread));
  }
  return hls_ ? hls_->open_packager(static_cast<plan::ShardIndex>(count), crossings_of(count))
              : std::expected<void, base::Trouble>();
}

// What stands in the SDP: the announced addresses where there are some, else those that are bound.
std::vector<std::vector<base::SocketAddress>> Server::candidates() const {
  const auto announced = parse_all(options_.announce_ip);
  std::vector<std::vector<base::SocketAddress>> all;
  for (const auto& shard : shards_) {
    auto addresses = shard->bound();
    if (!announced.empty()) {
      const uint16_t port = addresses.front().port;
      addresses.clear();
      for (const auto& ip : announced) addresses.push_back({ip, port});
    }
    all.push_back(std::move(addresses));
  }
  return all;
}

void Server::open_control(const crypto::Certificate& certificate) {
  control::Config c;
  c.shards = candidates();
  c.fingerprint = certificate.fingerprint();
  c.open_mode = gate_.is_open();
  c.verify = [this](std::string_view token) -> std::expected<control::Identity, std::string> {
    const auto at = moment();
    const auto claims = gate_.check(token, at.unix);
    if (!claims) return std::unexpected(claims.error().sentence);
    return identity_of(*claims, at);
  };
  c.ice_servers = [this](const std::string& user_id) { return ice_servers_.of(user_id, moment().unix); };
  c.entropy = [](base::Bytes bytes) { crypto::random_bytes(bytes); };
  c.seed = random_seed();
  c.timeouts = timeouts_of(options_);
  c.limits = control_limits_of(options_);
  c.hls = options_.hls;
  c.hls_url = options_.hls_url;
  c.hls_tokens = options_.hls_tokens && !gate_.is_open();
  for (const auto& shard : c.shards)
    for (const auto& address : shard) log::info("media address", {{"udp", address.to_string()}});
  control_ = std::make_unique<control::Control>(std::move(c));
}

void Server::run() {
  std::vector<ShardThread*> all;
  for (const auto& shard : shards_) all.push_back(shard.get());
  for (auto* shard : all) shard->start(all);
  if (hls_) hls_->start();
  gateway_->run();
  if (hls_) hls_->stop();
  for (auto* shard : all) shard->stop();
}

void Server::speak(control::Out& out) {
  for (auto& message : out.messages) {
    if (auto* send = std::get_if<control::Send>(&message)) {
      gateway_->send(send->to, std::move(send->text));
    } else {
      auto& close = std::get<control::Close>(message);
      gateway_->close(close.connection, close.code, std::move(close.reason));
    }
  }
  for (auto& command : out.commands) {
    const auto shard = plan::shard_of(command);
    shards_[shard]->post(std::move(command));
  }
  for (auto& command : out.hls)
    if (hls_) hls_->post(std::move(command));
  schedule();
}

void Server::hear_shards() {
  control::Out out;
  const auto now = io::now();
  for (const auto& shard : shards_)
    for (const auto& event : shard->take_events()) {
      control_->on_event(now, event, out);
      trim_.stir(now);
    }
  speak(out);
}

void Server::hear_packagers(const std::vector<plan::HlsChanged>& changes) {
  control::Out out;
  for (const auto& change : changes) control_->on_hls(io::now(), change, out);
  speak(out);
}

void Server::on_time(base::Timestamp now) {
  if (hls_) hls_->on_time(now);
  if (now < due_) return rearm();
  if (trim_.take_due(now)) io::trim_heap();
  control::Out out;
  if (now >= next_measure_) measure(now);
  control_->on_time(now, out);
  if (now >= next_key_check_) {
    gate_.refresh();
    next_key_check_ = now + TokenGate::kLookAgain;
  }
  speak(out);
  finish_if_drained(now);
}

void Server::measure(base::Timestamp now) {
  const auto seconds = (now - next_measure_ + kMeasure).to_seconds();
  std::vector<uint64_t> rates;
  packets_then_.resize(shards_.size());
  for (size_t i = 0; i < shards_.size(); ++i) {
    const auto counters = shards_[i]->snapshot().shard;
    const auto packets = counters.packets_received + counters.packets_forwarded;
    rates.push_back(static_cast<uint64_t>(static_cast<double>(packets - packets_then_[i]) / seconds));
    packets_then_[i] = packets;
  }
  control_->measured(rates);
  next_measure_ = now + kMeasure;
}

void Server::schedule() {
  bool commands_wait = false;
  for (const auto& shard : shards_) commands_wait = !shard->flush_commands() || commands_wait;
  due_ = std::min(control_->next_time(), trim_.next_time());
  due_ = std::min(due_, next_measure_);
  if (!gate_.is_open()) due_ = std::min(due_, next_key_check_);
  if (commands_wait || drain_until_) due_ = std::min(due_, io::now() + kRetry);
  rearm();
}

// By itself for players, who ask often: what wakes shards is not for them.
void Server::rearm() { gateway_->call_at(hls_ ? std::min(due_, hls_->next_time()) : due_); }

void Server::drain() {
  gateway_->post([this] { begin_drain(); });
}

void Server::begin_drain() {
  if (drain_until_) return;
  const auto now = io::now();
  log::info("draining", {{"connections", gateway_->connections()}, {"grace_ms", options_.grace_period.ms()}});
  drain_until_ = now + options_.grace_period;
  gateway_->begin_drain();
  control::Out out;
  control_->begin_drain(now, out);
  speak(out);
  finish_if_drained(now);
}

void Server::finish_if_drained(base::Timestamp now) {
  if (!drain_until_) return;
  const bool all_gone = gateway_->connections() == 0 && (!hls_ || hls_->drained(now));
  if (!all_gone && now < *drain_until_) return;
  log::info("stopped", {{"connections_left", gateway_->connections()}});
  gateway_->close_all(1001, "the server is going away");
  gateway_->stop();
}

std::string Server::metrics() const {
  std::vector<ShardSnapshot> snapshots;
  for (const auto& shard : shards_) snapshots.push_back(shard->snapshot());
  return metrics_text(control_->numbers(), gateway_->counters(),
                      {gate_.refused(), door_.turned_away(), door_.addresses().full()}, snapshots,
                      hls_ ? hls_->numbers() : HlsNumbers(), ProcessNumbers::now());
}

std::string Server::url() const {
  const auto bound = gateway_->bound();
  auto address = bound.front();
  if (address.ip.is_unspecified()) address.ip = base::IpAddress::v4(0x7f000001);
  return fmt::format("{}://{}/", options_.tls_cert.empty() ? "http" : "https", address.to_string());
}

}  // namespace heliograph::server
