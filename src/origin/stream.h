// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hls/update.h"
#include "origin/admission.h"
#include "origin/answers.h"
#include "origin/directives.h"
#include "origin/origin.h"
#include "origin/path.h"
#include "origin/playlist.h"
#include "origin/waiting.h"
#include "origin/window.h"

namespace heliograph::origin {

// What the streams of an Origin share.
struct House {
  Options options;
  Admit admit;
  Disk* disk = nullptr;
  Numbers numbers = {};
  size_t ended = 0;  // of the streams

  bool is_over_memory() const { return numbers.memory_bytes > options.max_memory; }
  // Too many wait: 503.
  void turn_away(gateway::Reply& reply);
};

// A playlist as bytes, made once for all who ask while its version lasts.
struct Rendered {
  uint64_t version = 0;  // 0: none yet
  PlaylistText playlist;
  hls::Blob plain;
  hls::Blob zipped;
};

// One rendition of a stream: its window, in memory and on disk, and who waits for its parts and playlists.
class Rendition : public std::enable_shared_from_this<Rendition> {
 public:
  // folder: of its segments on disk.
  Rendition(House& house, const hls::Timing& timing, hls::Rendition description, std::string folder);
  ~Rendition();
  Rendition(const Rendition&) = delete;
  Rendition& operator=(const Rendition&) = delete;

  const hls::Rendition& description() const { return description_; }
  void describe(const hls::Rendition& as);
  const Window& window() const { return window_; }
  void add(const hls::Init& init);
  void add(const hls::Part& part);
  void end_segment(const hls::SegmentEnd& end);
  void make_lean();
  size_t memory_bytes() const { return accounted_; }

  // may_wait: there is room for one more who does.
  void answer_media(const Resource& resource, Waiter waiter, bool ended, bool may_wait);
  // Requests for parts that are there now, or never will be.
  void settle(bool ended);
  void sweep(base::Timestamp now, std::vector<Waiter>& late);

  PointQueue playlists;
  std::array<Rendered, 2> rendered;  // whole, and with segments skipped

 private:
  std::string_view content_type() const;
  std::string path_of(uint64_t msn) const;
  void account();
  void move(const Moves& moves);
  void send(const Waiter& waiter, const hls::Blob& bytes);
  void read_back(uint64_t msn, Waiter waiter);
  void was_read(uint64_t msn, const hls::Blob& bytes);

  House& house_;
  hls::Timing timing_;
  hls::Rendition description_;
  std::string folder_;
  Window window_;
  PointQueue parts_;
  std::map<uint64_t, std::vector<Waiter>> reads_;  // from disk, under way
  size_t accounted_ = 0;
};

// One stream of a publication, under one prefix, from Started to some time after Ended.
class Stream {
 public:
  // A request waits for its beginning: of a stream that was started, and of one that nobody knows yet, since who was
  // given its URL may be here before it.
  static constexpr base::Duration kMaxStart = base::Duration::seconds(20);
  static constexpr base::Duration kMaxUnknown = base::Duration::seconds(5);
  static constexpr size_t kMaxRenditions = 16;  // more are not served
  static constexpr int kMaxBlocked = 3;         // target durations, then 503

  // serial: another one for each.
  Stream(House& house, plan::HlsStream name, const hls::Started& started, uint64_t serial);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const std::string& prefix() const { return prefix_; }
  bool ended() const { return ended_at_.has_value(); }
  bool is_over(base::Timestamp now) const { return ended() && *ended_at_ + house_.options.kept <= now; }
  size_t memory_bytes() const;
  bool is_lean() const { return lean_; }
  void make_lean();

  void start_again(const hls::Started& started);
  void apply(base::Timestamp now, const hls::Update& update);
  void end(base::Timestamp now);
  // After the last of some updates: answers who waited for them.
  void settle(base::Timestamp now);
  void sweep(base::Timestamp now);
  void answer(base::Timestamp now, const Resource& resource, const gateway::Request& request,
              std::shared_ptr<gateway::Reply> reply);

 private:
  // Asked before there was anything; asked anew when there is.
  struct Early {
    Resource resource;
    gateway::Request request;
    Waiter waiter;
  };

  void open(const hls::Opened& opened);
  Rendition* rendition(size_t number);
  Rendition* rendition(std::string_view name);
  bool is_ready() const;
  bool has_seat() const;
  base::Duration block_limit() const { return timing_.target * kMaxBlocked; }

  std::optional<Ask> admit(base::Timestamp now, const gateway::Request& request, gateway::Reply& reply);
  void wait_for_start(base::Timestamp now, const Resource& resource, const gateway::Request& request, Ask ask,
                      std::shared_ptr<gateway::Reply> reply);
  void answer_multivariant(const gateway::Request& request, const Ask& ask, gateway::Reply& reply);
  void answer_playlist(base::Timestamp now, Rendition& of, const Directives& directives, Ask ask,
                       std::shared_ptr<gateway::Reply> reply);
  bool is_too_far(const Window& window, Point point) const;
  void send_playlist(Rendition& of, const Ask& ask, gateway::Reply& reply);
  void send_rendered(Rendered& rendered, const Ask& ask, gateway::Response response, gateway::Reply& reply);
  void render(Rendered& rendered, const Rendition& of, bool skip) const;

  House& house_;
  plan::HlsStream name_;
  std::string prefix_;
  uint64_t serial_;
  bool asks_token_;
  Admission admission_;
  hls::Timing timing_;
  size_t waiting_ = 0;  // before those who count in it
  std::vector<std::shared_ptr<Rendition>> renditions_;
  std::vector<Early> early_;
  Rendered multivariant_;
  uint64_t version_ = 1;  // of all playlists: each has the others' progress in its reports
  std::optional<base::Timestamp> ended_at_;
  bool lean_ = false;
};

}  // namespace heliograph::origin
