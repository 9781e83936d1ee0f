// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "load/hls/track.h"

namespace heliograph::load::hls {

// One viewer: reads the multivariant playlist, then follows the video and the audio that it chose. Sans-IO; its owner
// has as many connections for it as lines() says.
class Player {
 public:
  explicit Player(Stage& stage) : stage_(stage) {}

  // 1, then one a track.
  size_t lines() const { return tracks_.empty() ? 1 : tracks_.size(); }
  // nullopt: nothing before next_time().
  std::optional<Fetch> next(size_t line, base::Timestamp now) const;
  base::Timestamp next_time(size_t line) const;
  void on_answer(size_t line, const Fetch& fetch, const Answered& answered);
  // Nothing came of a request; the sentence says why.
  void on_failure(size_t line, base::Timestamp now, const std::string& sentence);

  // All of its tracks.
  bool playing(base::Timestamp now) const;
  bool ended() const;

 private:
  void choose_tracks(const Answered& answered);
  void try_again(base::Timestamp now);

  Stage& stage_;
  std::vector<Track> tracks_;
  base::Timestamp not_before_;
};

}  // namespace heliograph::load::hls
