// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/refusal.h"
#include "gateway/http.h"
#include "plan/hls.h"
#include "server/disk_thread.h"
#include "server/hls_origin.h"
#include "server/hls_thread.h"
#include "server/options.h"
#include "server/token_gate.h"
#include "shard/crossing.h"

namespace heliograph::server {

// For the metrics page.
struct HlsNumbers {
  Packaging::Numbers packaging;
  origin::Numbers origin;
  DiskThread::Numbers disk;
};

// All of HLS in one server: the thread of the packagers, that of the disk where there is something to write, and the
// origin, which lives with the main gateway or, with hls_listen, on a thread of its own. On the main gateway's thread
// where nothing else is said.
class Hls {
 public:
  // Packets on their way from a shard to the packager: 14 MB for each two shards; at 20,000 packets a second from one
  // shard the packager may be away for 200 ms.
  static constexpr size_t kMediaRing = 4'096;
  static constexpr size_t kWordRing = 64;  // and back

  struct Around {
    std::function<void(std::function<void()>)> post;                // to the main gateway's thread
    std::function<void()> rearm;                                    // next_time() may be another one
    std::function<void(std::vector<plan::HlsChanged>)> on_changes;  // on the thread of the packagers
    std::function<void(plan::ShardIndex)> wake_shard;               // the same
  };
  // Opens folder and addresses. gate: the main gateway's; outlives this.
  static std::expected<std::unique_ptr<Hls>, base::Trouble> create(const Options& options, TokenGate& gate,
                                                                   Around around);
  ~Hls();

  // For the main gateway.
  std::vector<gateway::Route> routes();
  // Once, before start(). index: of the packager's end of the rings.
  std::expected<void, base::Trouble> open_packager(plan::ShardIndex index, shard::Crossings crossings);
  void start();
  // Ends every stream and file, then the threads.
  void stop();

  void post(plan::HlsCommand command) { packager_->post(std::move(command)); }
  void on_time(base::Timestamp now);
  base::Timestamp next_time() const;
  // Asked again and again once control has ended all streams: whether players were told and all files are whole.
  bool drained(base::Timestamp now);
  HlsNumbers numbers() const;

 private:
  Hls(const Options& options, Around around) : options_(options), around_(std::move(around)) {}
  HlsOrigin& origin() const { return gateway_ ? gateway_->origin() : *origin_; }
  void to_origin(std::function<void()> work);
  void take(PackagingOut out);

  Options options_;
  Around around_;
  std::unique_ptr<DiskThread> disk_;
  std::unique_ptr<HlsGateway> gateway_;  // this one or the next
  std::unique_ptr<HlsOrigin> origin_;
  std::unique_ptr<HlsThread> packager_;
  bool told_last_ = false;  // the origin, to say when it has heard of all ends
  std::atomic<bool> heard_last_{false};
  std::optional<base::Timestamp> answered_by_;
};

}  // namespace heliograph::server
