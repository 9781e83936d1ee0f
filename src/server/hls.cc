// SPDX-License-Identifier: Apache-2.0
#include "server/hls.h"

#include <utility>

#include "base/log.h"
#include "server/hls_settings.h"

namespace heliograph::server {
namespace {

// What was answered at last goes out.
constexpr base::Duration kLastAnswers = base::Duration::millis(20);

base::Trouble wrong_settings(std::string sentence) {
  return {std::make_error_code(std::errc::invalid_argument), std::move(sentence)};
}

}  // namespace

std::expected<std::unique_ptr<Hls>, base::Trouble> Hls::create(const Options& options, TokenGate& gate, Around around) {
  std::unique_ptr<Hls> made(new Hls(options, std::move(around)));
  auto* self = made.get();
  const auto to_origin = [self](std::function<void()> work) { self->to_origin(std::move(work)); };
  if (needs_disk(options)) {
    auto disk = DiskThread::open({.directory = options.hls_dir, .to_origin = to_origin});
    if (!disk) return std::unexpected(disk.error());
    made->disk_ = std::move(*disk);
  }
  if (options.hls_listen.empty()) {
    made->origin_ = std::make_unique<HlsOrigin>(options, gate, made->disk_.get(),
                                                HlsOrigin::Around{.post = to_origin, .rearm = made->around_.rearm});
    return made;
  }
  auto own_gate = TokenGate::open(options);
  if (!own_gate) return std::unexpected(wrong_settings(own_gate.error()));
  auto gateway = HlsGateway::create(options, *std::move(own_gate), made->disk_.get());
  if (!gateway) return std::unexpected(gateway.error());
  made->gateway_ = std::move(*gateway);
  for (const auto& address : made->gateway_->bound()) base::log::info("HLS address", {{"tcp", address.to_string()}});
  return made;
}

Hls::~Hls() { stop(); }

std::vector<gateway::Route> Hls::routes() { return origin_ ? origin_->routes() : std::vector<gateway::Route>(); }

std::expected<void, base::Trouble> Hls::open_packager(plan::ShardIndex index, shard::Crossings crossings) {
  HlsThread::Options o;
  o.packaging.packager = packager_options_of(options_);
  o.packaging.patience = options_.hls_return;
  o.packaging.index = index;
  o.packaging.crossings = std::move(crossings);
  o.on_out = [this](PackagingOut out) { take(std::move(out)); };
  o.wake_shard = around_.wake_shard;
  auto thread = HlsThread::create(std::move(o));
  if (!thread) return std::unexpected(thread.error());
  packager_ = std::move(*thread);
  return {};
}

void Hls::start() {
  if (disk_) disk_->start();
  if (gateway_) gateway_->start();
  packager_->start();
}

void Hls::stop() {
  if (packager_) packager_->stop();
  if (disk_) disk_->stop();
  if (gateway_) gateway_->stop();
}

void Hls::to_origin(std::function<void()> work) {
  gateway_ ? gateway_->post(std::move(work)) : around_.post(std::move(work));
}

// On the thread of the packagers. Players first.
void Hls::take(PackagingOut out) {
  if (!out.updates.empty()) origin().apply(std::move(out.updates));
  for (auto& bytes : out.recorded)
    if (disk_) disk_->record(std::move(bytes));
  if (!out.changes.empty()) around_.on_changes(std::move(out.changes));
}

void Hls::on_time(base::Timestamp now) {
  if (origin_) origin_->on_time(now);
}

base::Timestamp Hls::next_time() const { return origin_ ? origin_->next_time() : base::Timestamp::never(); }

bool Hls::drained(base::Timestamp now) {
  if (!packager_->idle()) return false;
  if (!std::exchange(told_last_, true)) origin().after_all([this] { heard_last_ = true; });
  if (!heard_last_) return false;
  if (!answered_by_) answered_by_ = now + kLastAnswers;
  return now >= *answered_by_ && (!disk_ || disk_->idle());
}

HlsNumbers Hls::numbers() const {
  return {.packaging = packager_->numbers(),
          .origin = origin().numbers(),
          .disk = disk_ ? disk_->numbers() : DiskThread::Numbers()};
}

}  // namespace heliograph::server
