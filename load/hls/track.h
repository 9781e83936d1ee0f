// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "load/hls/availability.h"
#include "load/hls/playlist.h"
#include "load/hls/tally.h"

namespace heliograph::load::hls {

// What a player asks for.
struct Fetch {
  enum class Kind : uint8_t { kMultivariant, kPlaylist, kMap, kPart };
  Kind kind = Kind::kPlaylist;
  std::string target;
  std::optional<PartId> waits_for = {};  // a blocking reload

  bool is_playlist() const { return kind == Kind::kMultivariant || kind == Kind::kPlaylist; }
};

// What came.
struct Answered {
  int status = 0;
  std::string_view body;  // of playlists
  size_t body_bytes = 0;
  base::Timestamp asked;
  base::Timestamp arrived;  // of its last byte
};

// What all players share; outlives them.
struct Stage {
  std::string target;  // of the playlist that they begin with
  Choice choice = Choice::kHighest;
  bool parts = true;  // fetch them, not only the playlists
  Tally tally = {};
  Availability availability = {};
  int64_t wall_offset_us = 0;                  // what a Timestamp lacks to the time since 1970
  std::map<std::string, int> renditions = {};  // by the target of their playlist

  int rendition(const std::string& playlist) {
    return renditions.try_emplace(playlist, static_cast<int>(renditions.size())).first->second;
  }
};

// How a player follows one media playlist: a blocking reload for the next part, the part, and again. One request at a
// time, on a connection of its own. Where the playlist has no parts, whole segments, with reloads in between
// (RFC 8216 section 6.3.4). Sans-IO.
class Track {
 public:
  Track(Stage& stage, std::string target);

  // nullopt: nothing before next_time().
  std::optional<Fetch> next(base::Timestamp now) const;
  base::Timestamp next_time() const { return not_before_; }
  void on_answer(const Fetch& fetch, const Answered& answered);
  // Nothing came of a request.
  void on_failure(base::Timestamp now);

  bool ended() const { return ended_; }
  // A new part has come within the time that is no stall.
  bool playing(base::Timestamp now) const;

 private:
  void take_playlist(const Fetch& fetch, const Answered& answered);
  void begin(const MediaPlaylist& playlist, const Answered& answered);
  void move_on(const MediaPlaylist& playlist, const Fetch& fetch, const Answered& answered);
  void check_order(const MediaPlaylist& playlist);
  void note_times(const MediaPlaylist& playlist, const Fetch& fetch, const Answered& answered);
  void want(Fetch::Kind kind, std::string_view uri);
  void want_map(const MediaPlaylist& playlist);
  base::Duration patience() const;
  std::string reload_target() const;

  Stage& stage_;
  const std::string target_;
  const int rendition_;
  std::deque<Fetch> wanted_;    // besides playlists, in their order
  std::optional<PartId> next_;  // the part that comes next; nullopt: the playlist has not been seen yet
  std::string map_;
  base::Duration segment_duration_;
  base::Duration part_duration_;  // zero: the playlist has no parts
  base::Timestamp moved_at_;      // something new came
  base::Timestamp not_before_;
  bool can_block_ = false;
  bool can_skip_ = false;
  bool reload_all_ = true;
  bool ended_ = false;
};

}  // namespace heliograph::load::hls
