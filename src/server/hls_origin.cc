// SPDX-License-Identifier: Apache-2.0
#include "server/hls_origin.h"

#include <algorithm>
#include <utility>

#include <pthread.h>

#include "base/glob.h"
#include "io/clock.h"
#include "server/door.h"
#include "server/gateway_limits.h"
#include "server/hls_settings.h"
#include "server/player_assets.h"

namespace heliograph::server {
namespace {

constexpr base::Duration kNumbers = base::Duration::seconds(1);  // as old as they get

int64_t unix_seconds() { return io::unix_micros() / 1'000'000; }

}  // namespace

std::expected<void, gateway::Denial> admit_player(TokenGate& gate, int64_t now_unix, const plan::HlsStream& stream,
                                                  const std::string& token) {
  if (gate.is_open()) return {};
  if (token.empty())
    return std::unexpected(
        gateway::Denial{.status = 401, .sentence = "Only who has a token for its room may watch this stream."});
  const auto claims = gate.check(token, now_unix);
  if (!claims) return std::unexpected(denial_of(claims.error()));
  const auto allows = [&](const std::string& glob) { return base::glob_matches(glob, stream.rid); };
  if (claims->rooms.empty() || std::ranges::any_of(claims->rooms, allows)) return {};
  return std::unexpected(
      gateway::Denial{.status = 403, .sentence = "The token is for other rooms.", .error = "insufficient_scope"});
}

HlsOrigin::HlsOrigin(const Options& options, TokenGate& gate, origin::Disk* disk, Around around)
    : around_(std::move(around)),
      origin_(
          origin_options_of(options),
          [&gate](const plan::HlsStream& stream, const std::string& token) {
            return admit_player(gate, unix_seconds(), stream, token);
          },
          disk) {}

std::vector<gateway::Route> HlsOrigin::routes() {
  const auto answer = [this](const gateway::Request& request, std::shared_ptr<gateway::Reply> reply) {
    const auto now = io::now();
    origin_.answer(now, request, std::move(reply));
    note_change(now);
  };
  std::vector<gateway::Route> routes;
  for (const auto* method : {"GET", "OPTIONS"})
    routes.push_back({.method = method, .path = "/hls", .below = true, .answer = {}, .answer_later = answer});
  return routes;
}

void HlsOrigin::apply(std::vector<hls::StreamUpdates> updates) {
  around_.post([this, updates = std::move(updates)] {
    const auto now = io::now();
    for (const auto& u : updates) origin_.apply(now, u);
    note_change(now);
  });
}

void HlsOrigin::on_time(base::Timestamp now) {
  if (now >= origin_.next_time()) {
    origin_.on_time(now);
    note_change(now);
  }
  if (now >= next_numbers_) take_numbers();
}

base::Timestamp HlsOrigin::next_time() const { return std::min(origin_.next_time(), next_numbers_); }

void HlsOrigin::note_change(base::Timestamp now) {
  if (next_numbers_.is_never()) next_numbers_ = now + kNumbers;
  around_.rearm();
}

void HlsOrigin::take_numbers() {
  next_numbers_ = base::Timestamp::never();
  const std::lock_guard lock(mutex_);
  numbers_ = origin_.numbers();
}

origin::Numbers HlsOrigin::numbers() const {
  const std::lock_guard lock(mutex_);
  return numbers_;
}

std::expected<std::unique_ptr<HlsGateway>, base::Trouble> HlsGateway::create(const Options& options, TokenGate gate,
                                                                             origin::Disk* disk) {
  std::unique_ptr<HlsGateway> made(new HlsGateway(std::move(gate)));
  auto* self = made.get();
  made->origin_ = std::make_unique<HlsOrigin>(
      options, made->gate_, disk,
      HlsOrigin::Around{.post = [self](std::function<void()> work) { self->post(std::move(work)); },
                        .rearm = [self] { self->rearm(); }});
  gateway::GatewayOptions o;
  o.listen = options.hls_listen;
  o.tls_certificate = options.tls_cert;
  o.tls_key = options.tls_key;
  o.limits = gateway_limits_of(options);
  o.routes = made->origin_->routes();
  o.assets = player_assets();
  made->gateway_ = std::make_unique<gateway::Gateway>(std::move(o), made->callbacks());
  if (auto started = made->gateway_->start(); !started) return std::unexpected(started.error());
  return made;
}

HlsGateway::~HlsGateway() { stop(); }

gateway::Callbacks HlsGateway::callbacks() {
  gateway::Callbacks callbacks;
  callbacks.admit = [](const gateway::Upgrade&) -> std::expected<void, gateway::Denial> {
    return std::unexpected(gateway::Denial{.status = 403, .sentence = "There are no WebSockets at this address."});
  };
  callbacks.on_open = [](const gateway::Upgrade&) {};
  callbacks.on_text = [](gateway::ConnectionId, std::string_view) {};
  callbacks.on_closed = [](gateway::ConnectionId) {};
  callbacks.on_time = [this](base::Timestamp now) {
    origin_->on_time(now);
    if (now >= next_key_check_) {
      gate_.refresh();
      next_key_check_ = now + TokenGate::kLookAgain;
    }
    rearm();
  };
  callbacks.metrics = [] { return std::string("# The numbers of this server are at the addresses of `listen`.\n"); };
  return callbacks;
}

void HlsGateway::rearm() {
  auto next = origin_->next_time();
  if (!gate_.is_open()) next = std::min(next, next_key_check_);
  gateway_->call_at(next);
}

void HlsGateway::start() {
  gateway_->post([this] { rearm(); });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "hls-origin");
    gateway_->run();
  });
}

void HlsGateway::stop() {
  gateway_->stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace heliograph::server
