// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "gateway/http.h"
#include "gateway/upgrade.h"
#include "hls/blob.h"
#include "hls/update.h"
#include "plan/hls.h"

namespace heliograph::origin {

// Where segments wait that are too old for memory. Nothing here blocks; done is called on the thread of the Origin,
// never from inside read(). A path is relative, of the origin's own making.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual void write(std::string path, hls::Blob bytes) = 0;
  virtual void read(std::string path, std::function<void(hls::Blob)> done) = 0;  // null: it is not there
  virtual void remove(std::string path) = 0;
};

struct Options {
  base::Duration dvr = {};                             // seconds back that may be sought; 0: the live window only
  base::Duration kept = base::Duration::seconds(60);   // after the end
  size_t max_streams = 10'000;                         // one more is not served
  size_t max_waiting = 50'000;                         // requests that wait, over all streams; one more is 503
  size_t max_waiting_per_stream = 20'000;              // the same
  size_t max_memory = size_t{2} * 1024 * 1024 * 1024;  // of parts; past it the largest windows shrink
  std::string_view player_page = {};                   // the page at /hls/{rid}/{userId}/{sessionId}/
};

// Asked where a stream asks for tokens: whether this one is good for its room.
using Admit = std::function<std::expected<void, gateway::Denial>(const plan::HlsStream&, const std::string& token)>;

// Numbers since the start, but for the first four.
struct Numbers {
  size_t streams = 0;
  size_t waiting = 0;  // requests
  size_t memory_bytes = 0;
  size_t disk_bytes = 0;
  uint64_t playlists = 0;    // answered 200
  uint64_t parts = 0;        // parts, segments and initialisation segments answered
  uint64_t bytes = 0;        // of all of these
  uint64_t blocked = 0;      // requests that had to wait
  uint64_t timed_out = 0;    // answered 503 because nothing came in time
  uint64_t turned_away = 0;  // answered 503 because too many waited
  uint64_t bad_requests = 0;
  uint64_t denied = 0;  // 401 and 403
};

// The HLS origin (draft-pantos-hls-rfc8216bis; RFC 8216): what packagers made goes in by apply(), players' requests
// by answer(). Everything under /hls/. Sans-IO; one thread owns it.
class Origin {
 public:
  // disk: may be null where there is no DVR; outlives the Origin.
  Origin(Options options, Admit admit, Disk* disk);
  ~Origin();

  void apply(base::Timestamp now, const hls::StreamUpdates& updates);
  void answer(base::Timestamp now, const gateway::Request& request, std::shared_ptr<gateway::Reply> reply);
  void on_time(base::Timestamp now);
  base::Timestamp next_time() const;
  Numbers numbers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::origin
