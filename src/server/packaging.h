// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/time.h"
#include "hls/packager.h"
#include "hls/update.h"
#include "plan/hls.h"
#include "shard/crossing.h"

namespace heliograph::server {

// The next bytes of a recording. `number` is another one for each file.
struct RecordedBytes {
  uint64_t number = 0;
  plan::HlsStream stream;
  int64_t began = 0;  // µs since 1970
  hls::Blob bytes;    // may be null
  bool last = false;
};

struct PackagingOut {
  std::vector<hls::StreamUpdates> updates;  // for the origin
  std::vector<plan::HlsChanged> changes;    // for control
  std::vector<RecordedBytes> recorded;
  uint64_t wakes = 0;  // a bit for each shard that was sent something

  bool empty() const { return updates.empty() && changes.empty() && recorded.empty() && wakes == 0; }
};

// Every HLS stream of this server: commands from control and crossings from the shards go to the hls::Packager that
// they are for, and what it makes goes on. To the shards it is one more that watches publications (shard/crossing.h).
// Sans-IO; lives on the thread of HlsThread.
class Packaging {
 public:
  struct Options {
    hls::PackagerOptions packager;
    base::Duration patience = base::Duration::seconds(10);  // a publisher who is gone has this long to come back
    plan::ShardIndex index = 0;                             // of this end of the rings
    shard::Crossings crossings;                             // the others'
  };
  struct Numbers {
    size_t streams = 0;           // now; the others since the start
    uint64_t packets = 0;         // that crossed
    hls::PackagerNumbers stream;  // of all streams together
  };

  explicit Packaging(Options options) : options_(std::move(options)), waiting_(options_.crossings.to.size()) {}

  // unix_now: µs since 1970 at `now`.
  void execute(base::Timestamp now, int64_t unix_now, const plan::HlsCommand& command, PackagingOut& out);
  // Takes what has crossed; true when there is more.
  bool receive_crossings(base::Timestamp now, PackagingOut& out);
  void on_time(base::Timestamp now, PackagingOut& out);
  // never() only when there is no stream.
  base::Timestamp next_time() const;
  // Every stream ends.
  void end(base::Timestamp now, PackagingOut& out);

  // Nothing comes of time or crossings.
  bool idle() const { return streams_.empty() && std::ranges::all_of(waiting_, &std::deque<shard::Crossing>::empty); }
  Numbers numbers() const;

 private:
  struct Stream {
    plan::HlsStream name;
    hls::Packager packager;
    plan::PublicationId publication;
    bool asks_token = false;
    std::string prefix;  // of the first packager
    uint32_t packagers = 1;
    bool live = false;
    base::Timestamp ends_at = base::Timestamp::never();            // the publisher is gone until then
    uint64_t recording = 0;                                        // of this packager, as is the next
    int64_t began = 0;                                             // µs since 1970
    std::vector<std::variant<hls::Started, hls::Update>> updates;  // that were not given on yet
  };

  void start(base::Timestamp now, int64_t unix_now, plan::StartHls command, PackagingOut& out);
  void change(base::Timestamp now, int64_t unix_now, Stream& stream, plan::StartHls command, PackagingOut& out);
  void renew(base::Timestamp now, int64_t unix_now, Stream& stream, plan::StartHls command, PackagingOut& out);
  void watch(Stream& stream, plan::PublicationId publication, PackagingOut& out);
  void end_packager(base::Timestamp now, Stream& stream, PackagingOut& out);
  void finish(base::Timestamp now, Stream& stream, plan::HlsState state, PackagingOut& out);
  void receive(base::Timestamp now, const shard::Crossing& message, PackagingOut& out);
  void take(Stream& stream, hls::PackagerOut made, PackagingOut& out);
  void give(Stream& stream, PackagingOut& out);
  void give_all(PackagingOut& out);
  void request_keyframes(const Stream& stream, uint32_t layers, PackagingOut& out);
  bool push(plan::ShardIndex to, const shard::Crossing& message, PackagingOut& out);
  void tell(shard::Crossing::Kind what, plan::PublicationId publication, PackagingOut& out);
  void retry(PackagingOut& out);

  Options options_;
  std::map<plan::HlsStream, Stream> streams_;  // as many as control asks for, which has a limit
  std::unordered_map<uint64_t, Stream*> by_publication_;
  std::vector<std::deque<shard::Crossing>> waiting_;  // by shard: words that its ring had no room for
  std::vector<Stream*> dirty_;                        // with updates
  uint64_t last_recording_ = 0;
  uint64_t packets_ = 0;
  hls::PackagerNumbers ended_;  // of packagers that are gone
};

}  // namespace heliograph::server
