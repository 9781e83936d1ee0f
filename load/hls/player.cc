// SPDX-License-Identifier: Apache-2.0
#include "load/hls/player.h"

#include <algorithm>

namespace heliograph::load::hls {

std::optional<Fetch> Player::next(size_t line, base::Timestamp now) const {
  if (!tracks_.empty()) return tracks_[line].next(now);
  if (now < not_before_) return std::nullopt;
  return Fetch{.kind = Fetch::Kind::kMultivariant, .target = stage_.target};
}

base::Timestamp Player::next_time(size_t line) const {
  return tracks_.empty() ? not_before_ : tracks_[line].next_time();
}

void Player::on_answer(size_t line, const Fetch& fetch, const Answered& answered) {
  if (fetch.kind == Fetch::Kind::kMultivariant) return choose_tracks(answered);
  tracks_[line].on_answer(fetch, answered);
}

void Player::on_failure(size_t line, base::Timestamp now, const std::string& sentence) {
  ++stage_.tally.troubles[sentence];
  if (tracks_.empty()) return try_again(now);
  tracks_[line].on_failure(now);
}

void Player::try_again(base::Timestamp now) { not_before_ = now + base::Duration::seconds(1); }

// What does not name variants is a media playlist, and the only one.
void Player::choose_tracks(const Answered& answered) {
  if (answered.status != 200) {
    ++stage_.tally.errors[answered.status];
    return try_again(answered.arrived);
  }
  if (!is_multivariant(answered.body)) return void(tracks_.emplace_back(stage_, stage_.target));
  const auto playlist = parse_multivariant(answered.body);
  if (!playlist) {
    ++stage_.tally.troubles[playlist.error()];
    return try_again(answered.arrived);
  }
  for (const auto uri : choose(*playlist, stage_.choice)) tracks_.emplace_back(stage_, resolve(stage_.target, uri));
}

bool Player::playing(base::Timestamp now) const {
  return !tracks_.empty() && std::ranges::all_of(tracks_, [now](const Track& track) { return track.playing(now); });
}

bool Player::ended() const { return !tracks_.empty() && std::ranges::all_of(tracks_, &Track::ended); }

}  // namespace heliograph::load::hls
